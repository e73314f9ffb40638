package dev.terrace.cache.benchmarks;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.terrace.cache.codec.Codec;
import io.lettuce.core.SetArgs;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongFunction;

/**
 * Two tiers as a competent engineer writes them in an afternoon: Caffeine before Redis before the source. It has no single
 * flight, no coherence, no time limits; it is what those cost that is measured against it.
 */
final class HandWritten<V> implements AutoCloseable {

    private static final Duration LIFE = Duration.ofHours(1);

    private final RawRedis redis = new RawRedis();
    private final Cache<Long, V> near;
    private final Codec<V> codec;
    private final LongFunction<V> loader;

    HandWritten(int maximumSize, Codec<V> codec, LongFunction<V> loader) {
        this.near = Caffeine.newBuilder()
                .maximumSize(maximumSize)
                .expireAfterWrite(LIFE)
                .build();
        this.codec = codec;
        this.loader = loader;
    }

    /** Puts values into the far tier alone. */
    void putFar(Long[] keys) {
        Map<String, byte[]> values = new HashMap<>();
        for (Long key : keys) {
            values.put(id(key), codec.encode(loader.apply(key)));
        }
        redis.setAll(values);
    }

    private static String id(Long key) {
        return "product:" + key;
    }

    V get(Long key) {
        V value = near.getIfPresent(key);
        return value != null ? value : getFar(key);
    }

    private V getFar(Long key) {
        String id = id(key);
        byte[] bytes = redis.sync().get(id);
        V value;
        if (bytes == null) {
            value = loader.apply(key);
            redis.sync().set(id, codec.encode(value), SetArgs.Builder.px(LIFE));
        } else {
            value = codec.decode(ByteBuffer.wrap(bytes));
        }
        near.put(key, value);
        return value;
    }

    @Override
    public void close() {
        redis.close();
    }
}
