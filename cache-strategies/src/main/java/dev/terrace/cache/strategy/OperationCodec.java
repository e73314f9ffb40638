package dev.terrace.cache.strategy;

import dev.terrace.cache.codec.Codec;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * How an operation is written in a journal: a byte for the format, the length of the key's bytes, those, one byte that says whether
 * there is a value, and that.
 */
record OperationCodec<K, V>(Codec<K> keys, Codec<V> values) {

    private static final int FORMAT = 1;
    private static final int HEADER = 1 + 4 + 1;

    byte[] encoded(K key, @Nullable V value) {
        byte[] keyBytes = keys.encode(key);
        byte[] valueBytes = value == null ? new byte[0] : values.encode(value);
        return ByteBuffer.allocate(HEADER + keyBytes.length + valueBytes.length)
                .put((byte) FORMAT)
                .putInt(keyBytes.length)
                .put(keyBytes)
                .put((byte) (value == null ? 0 : 1))
                .put(valueBytes)
                .array();
    }

    /** @throws RuntimeException if these bytes are none that these codecs can read */
    StoreOperation<K, V> decoded(byte[] record, long origin, long number, long fence) {
        ByteBuffer bytes = ByteBuffer.wrap(record);
        int format = bytes.get();
        if (format != FORMAT) {
            throw new IllegalArgumentException("it is of format " + format + "; format " + FORMAT + " can be read");
        }
        int keyLength = bytes.getInt();
        ByteBuffer keyBytes = bytes.slice(bytes.position(), keyLength);
        bytes.position(bytes.position() + keyLength);
        K key = keys.decode(keyBytes);
        V value = bytes.get() == 0 ? null : values.decode(bytes);
        return new StoreOperation<>(key, value, origin, number, fence);
    }

    /** For messages. */
    @Override
    public String toString() {
        return "codecs " + keys.id() + " and " + values.id();
    }
}
