package dev.terrace.cache.codec;

import java.nio.ByteBuffer;

/**
 * Byte arrays as they are, copied both ways. A cache with a near tier shares the decoded array among its callers: see
 * {@code CacheBuilder.copyOnRead}.
 */
public final class BytesCodec implements Codec<byte[]> {

    private static final BytesCodec INSTANCE = new BytesCodec();

    private BytesCodec() {}

    /** The codec, whose id is {@code bytes}. */
    public static BytesCodec create() {
        return INSTANCE;
    }

    @Override
    public String id() {
        return "bytes";
    }

    @Override
    public byte[] encode(byte[] value) {
        return value.clone();
    }

    @Override
    public byte[] decode(ByteBuffer bytes) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(copy);
        return copy;
    }

    @Override
    public String toString() {
        return "BytesCodec[bytes]";
    }
}
