package dev.terrace.cache.benchmarks;

import com.github.benmanes.caffeine.cache.Caffeine;
import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheStats;
import dev.terrace.cache.Near;
import dev.terrace.cache.codec.json.JsonCodec;
import dev.terrace.cache.redis.RedisFarTier;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Reads that the near tier answers; every key is there, none is near the end of its life. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class NearHit {

    static final int ENTRIES = 1 << 14;
    private static final int MASK = ENTRIES - 1;
    private static final int MAXIMUM = 2 * ENTRIES;
    private static final Duration LIFE = Duration.ofHours(1);
    /** What is asked for: equal to the keys that the caches hold, as in life, and not the same objects. */
    private static final Long[] KEYS = Keys.shuffled(0, ENTRIES);

    private static final Long[] HELD_KEYS = Keys.shuffled(0, ENTRIES);

    /** Where a thread is in the keys. */
    @State(Scope.Thread)
    public static class Cursor {
        private int next = ThreadLocalRandom.current().nextInt(ENTRIES);

        Long key() {
            return KEYS[next++ & MASK];
        }
    }

    /** Caffeine with a maximum size. */
    @State(Scope.Benchmark)
    public static class Plain {
        com.github.benmanes.caffeine.cache.Cache<Long, Product> cache;

        @Setup
        public void fill() {
            cache = Caffeine.newBuilder().maximumSize(MAXIMUM).build();
            cache.putAll(products());
            settle();
        }
    }

    /** Caffeine with a maximum size and an end of life. */
    @State(Scope.Benchmark)
    public static class Expiring {
        com.github.benmanes.caffeine.cache.Cache<Long, Product> cache;

        @Setup
        public void fill() {
            cache = Caffeine.newBuilder()
                    .maximumSize(MAXIMUM)
                    .expireAfterWrite(LIFE)
                    .build();
            cache.putAll(products());
            settle();
        }
    }

    /** Caffeine in front of Lettuce. */
    @State(Scope.Benchmark)
    public static class ByHand {
        HandWritten<Product> cache;

        @Setup
        public void fill() {
            RawRedis.flush();
            cache = new HandWritten<>(MAXIMUM, JsonCodec.of(Product.class), Product::small);
            Arrays.stream(HELD_KEYS).forEach(cache::get);
            settle();
        }

        @TearDown
        public void close() {
            cache.close();
        }
    }

    /** Terrace without a far tier. */
    @State(Scope.Benchmark)
    public static class NearOnly {
        Cache<Long, Product> cache;

        @Setup
        public void fill() {
            cache = Cache.<Long, Product>builder("near")
                    .near(Near.maximumSize(MAXIMUM))
                    .freshFor(LIFE)
                    .loader(NearHit::unexpected)
                    .build();
            cache.putAll(products());
            settle();
        }

        @TearDown
        public void close() {
            checkAllHits(cache.stats());
            cache.close();
        }
    }

    /** Terrace with both tiers. Copies are trusted for longer than a run: what a validation costs is another benchmark. */
    @State(Scope.Benchmark)
    public static class BothTiers {
        RedisFarTier redis;
        Cache<Long, Product> cache;

        @Setup
        public void fill() {
            RawRedis.flush();
            redis = RedisFarTier.connect(RedisAddress.get());
            cache = Cache.<Long, Product>builder("near")
                    .near(Near.maximumSize(MAXIMUM))
                    .far(redis, JsonCodec.of(Product.class))
                    .farBudget(Far.BUDGET)
                    .maxStaleness(LIFE)
                    .freshFor(LIFE)
                    .loader(Product::small)
                    .build();
            Far.fill(cache, HELD_KEYS);
            // Where another write of the same stripe was under way, a value was stored far alone.
            Arrays.stream(HELD_KEYS).forEach(cache::get);
            settle();
        }

        @TearDown
        public void close() {
            checkAllHits(cache.stats());
            cache.close();
            redis.close();
        }
    }

    @Benchmark
    public @Nullable Product caffeine(Plain state, Cursor cursor) {
        return state.cache.getIfPresent(cursor.key());
    }

    @Benchmark
    public @Nullable Product caffeineExpiring(Expiring state, Cursor cursor) {
        return state.cache.getIfPresent(cursor.key());
    }

    @Benchmark
    public Product handWritten(ByHand state, Cursor cursor) {
        return state.cache.get(cursor.key());
    }

    @Benchmark
    public Product terraceNearOnly(NearOnly state, Cursor cursor) {
        return state.cache.get(cursor.key());
    }

    @Benchmark
    public Product terraceBothTiers(BothTiers state, Cursor cursor) {
        return state.cache.get(cursor.key());
    }

    /**
     * What is kept has been through collections in life. Here none would come, since hits leave no garbage: entries would lie among
     * that of the connection which brought them, each on a page of its own.
     */
    @SuppressWarnings("CallToSystemGC")
    private static void settle() {
        System.gc();
    }

    private static Map<Long, Product> products() {
        Map<Long, Product> products = new LinkedHashMap<>();
        for (Long key : HELD_KEYS) {
            products.put(key, Product.small(key));
        }
        return products;
    }

    private static Product unexpected(Long key) {
        throw new IllegalStateException("not near: " + key);
    }

    private static void checkAllHits(CacheStats stats) {
        CacheStats.NearStats near = stats.near();
        if (near.hits() > 1_000 * (long) ENTRIES && near.hitRatio() < 0.999) {
            throw new IllegalStateException("not all reads were near hits: " + near);
        }
    }
}
