package dev.terrace.cache.codec;

import java.nio.ByteBuffer;
import java.util.function.BiConsumer;
import java.util.function.Function;

/** Numbers in a fixed number of bytes, big-endian. */
public final class NumberCodec<N extends Number> implements Codec<N> {

    private static final NumberCodec<Long> LONGS =
            new NumberCodec<>("long", Long.BYTES, ByteBuffer::putLong, ByteBuffer::getLong);
    private static final NumberCodec<Integer> INTS =
            new NumberCodec<>("int", Integer.BYTES, ByteBuffer::putInt, ByteBuffer::getInt);
    private static final NumberCodec<Double> DOUBLES =
            new NumberCodec<>("double", Double.BYTES, ByteBuffer::putDouble, ByteBuffer::getDouble);

    private final String id;
    private final int length;
    private final BiConsumer<ByteBuffer, N> put;
    private final Function<ByteBuffer, N> get;

    private NumberCodec(String id, int length, BiConsumer<ByteBuffer, N> put, Function<ByteBuffer, N> get) {
        this.id = id;
        this.length = length;
        this.put = put;
        this.get = get;
    }

    /** Longs in 8 bytes; the id is {@code long}. */
    public static NumberCodec<Long> longs() {
        return LONGS;
    }

    /** Integers in 4 bytes; the id is {@code int}. */
    public static NumberCodec<Integer> ints() {
        return INTS;
    }

    /** Doubles in the 8 bytes of IEEE 754; the id is {@code double}. */
    public static NumberCodec<Double> doubles() {
        return DOUBLES;
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public byte[] encode(N value) {
        byte[] bytes = new byte[length];
        put.accept(ByteBuffer.wrap(bytes), value);
        return bytes;
    }

    @Override
    public N decode(ByteBuffer bytes) {
        if (bytes.remaining() != length) {
            throw new CodecException("not the " + length + " bytes of a number, but " + bytes.remaining());
        }
        // A slice is big-endian whatever the buffer is.
        return get.apply(bytes.slice());
    }

    @Override
    public String toString() {
        return "NumberCodec[" + id + "]";
    }
}
