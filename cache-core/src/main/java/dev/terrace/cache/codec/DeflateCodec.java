package dev.terrace.cache.codec;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/**
 * Compresses what another codec writes, where that is long enough and gets shorter. Uses zlib at its fastest level.
 *
 * <pre>{@code
 * DeflateCodec.around(JsonCodec.of(Product.class)).threshold(4_096)
 * }</pre>
 *
 * <p>To encrypt as well, put the encryption outside: {@code AesGcmCodec.around(DeflateCodec.around(codec), …)}. Whether a
 * value was compressed stands in its bytes, so the settings may differ from node to node.
 */
public final class DeflateCodec<V> implements Codec<V> {

    /** Values shorter than this stay as they are: 1 KiB. */
    public static final int DEFAULT_THRESHOLD = 1 << 10;

    /** Values longer than this are refused: 16 MiB. */
    public static final int DEFAULT_MAX_DECOMPRESSED = 16 << 20;

    private static final byte PLAIN = 0;
    private static final byte DEFLATED = 1;
    private static final int DEFLATED_HEADER = 1 + Integer.BYTES;

    /** No zlib stream gets longer than this many times its length. */
    private static final int MAX_RATIO = 1_032;

    private final Codec<V> codec;
    private final int threshold;
    private final int maxDecompressed;
    private final LongAdder plainBytes = new LongAdder();
    private final LongAdder packedBytes = new LongAdder();

    private DeflateCodec(Codec<V> codec, int threshold, int maxDecompressed) {
        this.codec = codec;
        this.threshold = threshold;
        this.maxDecompressed = maxDecompressed;
    }

    /** Compresses what this codec writes. The id is {@code deflate(…)} around that codec's. */
    public static <V> DeflateCodec<V> around(Codec<V> codec) {
        return new DeflateCodec<>(Objects.requireNonNull(codec, "codec"), DEFAULT_THRESHOLD, DEFAULT_MAX_DECOMPRESSED);
    }

    /** The same, leaving values of fewer bytes as they are. */
    public DeflateCodec<V> threshold(int bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("threshold: must not be negative, not " + bytes);
        }
        return new DeflateCodec<>(codec, bytes, maxDecompressed);
    }

    /** The same, refusing to write or to read values of more bytes before compression. */
    public DeflateCodec<V> maxDecompressed(int bytes) {
        if (bytes <= 0) {
            throw new IllegalArgumentException("maxDecompressed: must be positive, not " + bytes);
        }
        return new DeflateCodec<>(codec, threshold, bytes);
    }

    @Override
    public String id() {
        return "deflate(" + codec.id() + ")";
    }

    @Override
    public long schema() {
        return codec.schema();
    }

    @Override
    public byte[] encode(V value) {
        byte[] plain = codec.encode(value);
        if (plain.length > maxDecompressed) {
            throw new CodecException(plain.length + " bytes are more than maxDecompressed, " + maxDecompressed);
        }
        byte[] packed = plain.length < threshold || plain.length <= Integer.BYTES ? plain(plain) : deflated(plain);
        plainBytes.add(plain.length);
        packedBytes.add(packed.length);
        return packed;
    }

    @Override
    public Compression compression() {
        return new Compression(plainBytes.sum(), packedBytes.sum());
    }

    private static byte[] plain(byte[] plain) {
        return ByteBuffer.allocate(1 + plain.length).put(PLAIN).put(plain).array();
    }

    private static byte[] deflated(byte[] plain) {
        byte[] out = new byte[1 + plain.length];
        Deflater deflater = new Deflater(Deflater.BEST_SPEED);
        try {
            deflater.setInput(plain);
            deflater.finish();
            int length = deflater.deflate(out, DEFLATED_HEADER, out.length - DEFLATED_HEADER);
            if (!deflater.finished()) {
                return plain(plain);
            }
            ByteBuffer.wrap(out).put(DEFLATED).putInt(plain.length);
            return Arrays.copyOf(out, DEFLATED_HEADER + length);
        } finally {
            deflater.end();
        }
    }

    @Override
    public V decode(ByteBuffer bytes) {
        ByteBuffer in = bytes.slice();
        if (!in.hasRemaining()) {
            throw new CodecException("there are no bytes");
        }
        return switch (in.get()) {
            case PLAIN -> codec.decode(limited(in));
            case DEFLATED -> codec.decode(inflated(in));
            default -> throw new CodecException("neither plain nor deflated");
        };
    }

    private ByteBuffer limited(ByteBuffer plain) {
        if (plain.remaining() > maxDecompressed) {
            throw new CodecException("more bytes than maxDecompressed, " + maxDecompressed);
        }
        return plain.slice();
    }

    private ByteBuffer inflated(ByteBuffer in) {
        if (in.remaining() < Integer.BYTES) {
            throw new CodecException("the length is cut off");
        }
        int length = in.getInt();
        if (length < 0 || length > maxDecompressed || length > (long) MAX_RATIO * in.remaining()) {
            throw new CodecException("an impossible length, or more than maxDecompressed, " + maxDecompressed);
        }
        byte[] plain = new byte[length];
        Inflater inflater = new Inflater();
        try {
            inflater.setInput(in);
            int inflated = inflater.inflate(plain);
            // The end of the stream, with its checksum, may take another call that yields nothing.
            if (inflated != length || inflater.inflate(new byte[1]) != 0 || !inflater.finished() || in.hasRemaining()) {
                throw new CodecException("the deflated bytes have another length than they say");
            }
            return ByteBuffer.wrap(plain);
        } catch (DataFormatException e) {
            throw new CodecException("the deflated bytes are damaged");
        } finally {
            inflater.end();
        }
    }

    @Override
    public String toString() {
        return "DeflateCodec[threshold=" + threshold + ", maxDecompressed=" + maxDecompressed + "] around " + codec;
    }
}
