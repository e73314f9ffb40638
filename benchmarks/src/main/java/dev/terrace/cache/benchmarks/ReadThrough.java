package dev.terrace.cache.benchmarks;

import dev.terrace.cache.Cache;
import dev.terrace.cache.Near;
import dev.terrace.cache.codec.json.JsonCodec;
import dev.terrace.cache.redis.RedisFarTier;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.infra.ThreadParams;

/** A service's reads: 95 % near hits, 5 % of keys that are not near. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class ReadThrough {

    /** Keys of the near hits. */
    private static final int HOT = 1 << 10;
    /** Keys that are in the far tier; enough that none is near any more when it is read again. */
    private static final int COLD = 1 << 14;

    private static final int NEAR_MAXIMUM = 2 * HOT;
    private static final int SEQUENCE = 1 << 16;
    private static final int MASK = SEQUENCE - 1;
    private static final double NEAR_HITS = 0.95;
    private static final long MILLISECOND = TimeUnit.MILLISECONDS.toNanos(1);
    private static final Duration LIFE = Duration.ofHours(1);

    private static final Long[] HOT_KEYS = Keys.shuffled(0, HOT);
    private static final Long[] COLD_KEYS = Keys.shuffled(HOT, COLD);
    /** Hot keys, and null where one that is not near comes. */
    private static final @Nullable Long[] READS = reads();

    private static @Nullable Long[] reads() {
        Random random = new Random(7);
        @Nullable Long[] reads = new @Nullable Long[SEQUENCE];
        for (int i = 0; i < SEQUENCE; i++) {
            reads[i] = random.nextDouble() < NEAR_HITS ? HOT_KEYS[random.nextInt(HOT)] : null;
        }
        return reads;
    }

    /** Who answers the 5 %. */
    public enum Misses {
        /** The far tier, always. */
        FAR(0, 0),
        /** The far tier four times of five, else a source that takes a millisecond. */
        MIXED(0.2, MILLISECOND),
        /** A source that takes a millisecond, always. */
        LOAD(1, MILLISECOND),
        /** A source that takes no time, always: the cost of a load's bookkeeping alone. */
        FREE_LOAD(1, 0);

        private final double loads;
        private final long sourceNanos;

        Misses(double loads, long sourceNanos) {
            this.loads = loads;
            this.sourceNanos = sourceNanos;
        }

        Product load(long key) {
            if (sourceNanos > 0 && key >= HOT + COLD) {
                LockSupport.parkNanos(sourceNanos);
            }
            return Product.small(key);
        }
    }

    /** The contenders' common setting. */
    @State(Scope.Benchmark)
    public static class Setting {
        @Param
        Misses misses;

        /** Keys that nobody has read before. */
        final AtomicLong unknown = new AtomicLong(HOT + COLD);
    }

    /** Where a thread is; threads read different cold keys. */
    @State(Scope.Thread)
    public static class Cursor {
        private int next;
        private int nextCold;
        private int threads;
        private double loads;
        private double owed;

        @Setup
        public void start(Setting setting, ThreadParams thread) {
            threads = thread.getThreadCount();
            nextCold = thread.getThreadIndex();
            next = SEQUENCE / threads * thread.getThreadIndex();
            loads = setting.misses.loads;
        }

        Long key(Setting setting) {
            Long hot = READS[next++ & MASK];
            return hot != null ? hot : coldKey(setting);
        }

        private Long coldKey(Setting setting) {
            owed += loads;
            if (owed >= 1) {
                owed--;
                return setting.unknown.getAndIncrement();
            }
            nextCold += threads;
            return COLD_KEYS[nextCold & (COLD - 1)];
        }
    }

    /** Caffeine in front of Lettuce. */
    @State(Scope.Benchmark)
    public static class ByHand {
        HandWritten<Product> cache;

        @Setup
        public void fill(Setting setting) {
            RawRedis.flush();
            cache = new HandWritten<>(NEAR_MAXIMUM, JsonCodec.of(Product.class), setting.misses::load);
            cache.putFar(COLD_KEYS);
            for (int i = 0; i < SEQUENCE; i++) {
                cache.get(HOT_KEYS[i & (HOT - 1)]);
            }
        }

        @TearDown
        public void close() {
            cache.close();
        }
    }

    /** Terrace with both tiers. */
    @State(Scope.Benchmark)
    public static class BothTiers {
        /** In ms; the default is what users get, the other leaves out what validating the hot keys costs. */
        @Param({"1000", "3600000"})
        int maxStaleness;

        RedisFarTier redis;
        Cache<Long, Product> cache;
        long readsBefore;
        long missesBefore;

        @Setup
        public void fill(Setting setting) {
            RawRedis.flush();
            redis = RedisFarTier.connect(RedisAddress.get());
            cache = Cache.<Long, Product>builder("products")
                    .near(Near.maximumSize(NEAR_MAXIMUM))
                    .far(redis, JsonCodec.of(Product.class))
                    .farBudget(Far.BUDGET)
                    .maxStaleness(Duration.ofMillis(maxStaleness))
                    .freshFor(LIFE)
                    .loader(key -> setting.misses.load(key))
                    .build();
            Far.fill(cache, COLD_KEYS);
            for (int i = 0; i < SEQUENCE; i++) {
                cache.get(HOT_KEYS[i & (HOT - 1)]);
            }
            missesBefore = cache.stats().near().misses();
            readsBefore = cache.stats().near().hits() + missesBefore;
        }

        @TearDown
        public void close() {
            long misses = cache.stats().near().misses() - missesBefore;
            long reads = cache.stats().near().hits() + cache.stats().near().misses() - readsBefore;
            double share = (double) misses / reads;
            if (reads > 100_000 && (share < 0.045 || share > 0.065)) {
                throw new IllegalStateException(
                        "5 % of the reads should miss the near tier, not " + 100 * share + " %");
            }
            cache.close();
            redis.close();
        }
    }

    @Benchmark
    public Product handWritten(ByHand state, Setting setting, Cursor cursor) {
        return state.cache.get(cursor.key(setting));
    }

    @Benchmark
    public Product terrace(BothTiers state, Setting setting, Cursor cursor) {
        return state.cache.get(cursor.key(setting));
    }
}
