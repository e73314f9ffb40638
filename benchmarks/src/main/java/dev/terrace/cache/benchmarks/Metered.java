package dev.terrace.cache.benchmarks;

import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheBuilder;
import dev.terrace.cache.CacheListener;
import dev.terrace.cache.Near;
import dev.terrace.cache.codec.json.JsonCodec;
import dev.terrace.cache.metrics.MicrometerCacheListener;
import dev.terrace.cache.redis.RedisFarTier;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** The same reads with and without meters in a Prometheus registry. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class Metered {

    private static final int ENTRIES = 1 << 12;
    private static final int MASK = ENTRIES - 1;
    private static final Duration LIFE = Duration.ofHours(1);
    private static final Long[] KEYS = Keys.shuffled(0, ENTRIES);

    /** Whether the cache is bound to a registry. */
    public enum Meters {
        NONE,
        PROMETHEUS;

        private CacheListener listener() {
            return this == NONE
                    ? CacheListener.NONE
                    : new MicrometerCacheListener(new PrometheusMeterRegistry(PrometheusConfig.DEFAULT));
        }
    }

    /** Where a thread is in the keys. */
    @State(Scope.Thread)
    public static class Cursor {
        private int next = ThreadLocalRandom.current().nextInt(ENTRIES);

        Long key() {
            return KEYS[next++ & MASK];
        }
    }

    /** Terrace with both tiers. */
    @State(Scope.Benchmark)
    public static class BothTiers {
        @Param
        Meters meters;

        RedisFarTier redis;
        Cache<Long, Product> cache;

        @Setup
        public void fill() {
            RawRedis.flush();
            redis = RedisFarTier.connect(RedisAddress.get());
            cache = builder(redis, meters).near(Near.maximumSize(2 * ENTRIES)).build();
            Far.fill(cache, KEYS);
            Arrays.stream(KEYS).forEach(cache::get);
        }

        @TearDown
        public void close() {
            cache.close();
            redis.close();
        }
    }

    /** Terrace with a far tier alone. */
    @State(Scope.Benchmark)
    public static class FarOnly {
        @Param
        Meters meters;

        RedisFarTier redis;
        Cache<Long, Product> cache;

        @Setup
        public void fill() {
            RawRedis.flush();
            redis = RedisFarTier.connect(RedisAddress.get());
            cache = builder(redis, meters).build();
            Far.fill(cache, KEYS);
        }

        @TearDown
        public void close() {
            cache.close();
            redis.close();
        }
    }

    private static CacheBuilder<Long, Product> builder(RedisFarTier redis, Meters meters) {
        return Cache.<Long, Product>builder("metered")
                .far(redis, JsonCodec.of(Product.class))
                .farBudget(Far.BUDGET)
                .maxStaleness(LIFE)
                .freshFor(LIFE)
                .loader(Product::small)
                .listener(meters.listener());
    }

    @Benchmark
    public Product near(BothTiers state, Cursor cursor) {
        return state.cache.get(cursor.key());
    }

    @Benchmark
    public Product far(FarOnly state, Cursor cursor) {
        return state.cache.get(cursor.key());
    }
}
