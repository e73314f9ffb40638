package dev.terrace.cache.codec;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * Turns values into bytes for a far tier and back. Implementations are thread-safe and keep no reference to a value or a
 * buffer after the call.
 *
 * <p>Bytes come from a shared server: {@link #decode} must treat them as hostile, bound the memory it takes, and throw
 * {@link CodecException} (any other unchecked exception is treated alike) for whatever it cannot read. A cache counts that
 * as a miss.
 *
 * @param <V> the type of value
 */
public interface Codec<V> {

    /**
     * Names the format, in at most 100 printable ASCII characters. A wrapper's id contains the id of what it wraps, as in
     * {@code deflate(json)}. Bytes written under another id are not decoded.
     */
    String id();

    /**
     * A fingerprint of the value's shape: two versions of a class that cannot read each other's bytes have different ones.
     * 0 where the format takes care of that itself.
     */
    default long schema() {
        return 0;
    }

    /** What this codec, or one that it wraps, has compressed since it was made. */
    default Compression compression() {
        return Compression.NONE;
    }

    /**
     * Encodes a value.
     *
     * @throws CodecException if the value cannot be encoded
     */
    byte[] encode(V value);

    /**
     * Decodes a value from the remaining bytes of the buffer, which is the callee's to move but not to keep or to change.
     *
     * @throws CodecException if the bytes cannot be decoded
     */
    V decode(ByteBuffer bytes);

    /**
     * A fingerprint of a text, for {@link #schema()}: the same in every process and every version of this library, and
     * never 0. Texts that differ have different ones, but for one chance in 2<sup>64</sup>.
     */
    static long fingerprint(String description) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(description.getBytes(StandardCharsets.UTF_8));
            long fingerprint = ByteBuffer.wrap(hash).getLong();
            return fingerprint == 0 ? 1 : fingerprint;
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}
