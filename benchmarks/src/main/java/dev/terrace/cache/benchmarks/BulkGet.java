package dev.terrace.cache.benchmarks;

import dev.terrace.cache.Cache;
import dev.terrace.cache.codec.Codec;
import dev.terrace.cache.codec.json.JsonCodec;
import dev.terrace.cache.redis.RedisFarTier;
import io.lettuce.core.KeyValue;
import io.lettuce.core.LettuceFutures;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.SetArgs;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Reads of 100 keys at once. Redis has all of them; or it has half, and one bulk load gives the rest, which is stored. Near tier
 * off.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class BulkGet {

    private static final int HALF = 50;
    private static final int PRESENT = 1 << 12;
    private static final Duration LIFE = Duration.ofMinutes(1);
    private static final Long[] PRESENT_KEYS = Keys.shuffled(0, PRESENT);

    /** Which keys come next: half of them known, half never seen. */
    @State(Scope.Thread)
    public static class Cursor {
        private int next;
        private long unknown = PRESENT;

        List<Long> keys() {
            List<Long> keys = new ArrayList<>(2 * HALF);
            for (int i = 0; i < HALF; i++) {
                keys.add(PRESENT_KEYS[next++ & (PRESENT - 1)]);
                keys.add(unknown++);
            }
            return keys;
        }

        List<Long> presentKeys() {
            List<Long> keys = new ArrayList<>(2 * HALF);
            for (int i = 0; i < 2 * HALF; i++) {
                keys.add(PRESENT_KEYS[next++ & (PRESENT - 1)]);
            }
            return keys;
        }
    }

    /** MGET, bulk load, and the SETs at once. */
    @State(Scope.Benchmark)
    public static class Raw {
        final AtomicLong loads = new AtomicLong();
        private final Codec<Product> codec = JsonCodec.of(Product.class);
        RawRedis redis;

        @Setup
        public void fill() {
            RawRedis.flush();
            redis = new RawRedis();
            Map<String, byte[]> values = new HashMap<>();
            for (Long key : PRESENT_KEYS) {
                values.put(id(key), codec.encode(Product.small(key)));
            }
            redis.setAll(values);
        }

        Map<Long, Product> getAll(List<Long> keys) {
            Map<Long, Product> result = new HashMap<>();
            List<Long> missing = new ArrayList<>();
            String[] ids = keys.stream().map(Raw::id).toArray(String[]::new);
            List<KeyValue<String, byte[]>> found = redis.sync().mget(ids);
            for (int i = 0; i < keys.size(); i++) {
                KeyValue<String, byte[]> record = found.get(i);
                if (record.hasValue()) {
                    result.put(keys.get(i), codec.decode(ByteBuffer.wrap(record.getValue())));
                } else {
                    missing.add(keys.get(i));
                }
            }
            List<RedisFuture<String>> sets = new ArrayList<>();
            products(missing, loads).forEach((key, product) -> {
                result.put(key, product);
                sets.add(redis.async().set(id(key), codec.encode(product), SetArgs.Builder.px(LIFE)));
            });
            if (!LettuceFutures.awaitAll(Far.BUDGET, sets.toArray(RedisFuture[]::new))) {
                throw new IllegalStateException("SETs took longer than " + Far.BUDGET);
            }
            return result;
        }

        private static String id(Long key) {
            return "product:" + key;
        }

        @TearDown
        public void close() {
            redis.close();
        }
    }

    /** Terrace with a far tier alone. */
    @State(Scope.Benchmark)
    public static class FarOnly {
        final AtomicLong loads = new AtomicLong();
        RedisFarTier redis;
        Cache<Long, Product> cache;

        @Setup
        public void fill() {
            RawRedis.flush();
            redis = RedisFarTier.connect(RedisAddress.get());
            cache = Cache.<Long, Product>builder("products")
                    .far(redis, JsonCodec.of(Product.class))
                    .farBudget(Far.BUDGET)
                    .freshFor(LIFE)
                    .loader(Product::small)
                    .bulkLoader(keys -> products(keys, loads))
                    .build();
            Far.fill(cache, PRESENT_KEYS);
        }

        @TearDown
        public void close() {
            cache.close();
            redis.close();
        }
    }

    @Benchmark
    public Map<Long, Product> lettuce(Raw state, Cursor cursor) {
        return state.getAll(cursor.keys());
    }

    @Benchmark
    public Map<Long, Product> terrace(FarOnly state, Cursor cursor) {
        return state.cache.getAll(cursor.keys());
    }

    @Benchmark
    public Map<Long, Product> lettuceFullHit(Raw state, Cursor cursor) {
        return state.getAll(cursor.presentKeys());
    }

    @Benchmark
    public Map<Long, Product> terraceFullHit(FarOnly state, Cursor cursor) {
        return state.cache.getAll(cursor.presentKeys());
    }

    private static Map<Long, Product> products(Collection<Long> keys, AtomicLong loads) {
        loads.incrementAndGet();
        Map<Long, Product> products = new HashMap<>();
        keys.forEach(key -> products.put(key, Product.small(key)));
        return products;
    }
}
