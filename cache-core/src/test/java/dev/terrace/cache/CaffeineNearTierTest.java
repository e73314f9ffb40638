package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The near tier in manual time. */
final class CaffeineNearTierTest {

    private static final Duration LIFE = Duration.ofMinutes(16);
    /** How long an entry of that life may outstay it: the pause between two sweeps. */
    private static final Duration SWEEP = Duration.ofMinutes(1);

    private final ManualTime time = new ManualTime();
    private final List<CacheListener.EvictionCause> evictions = new ArrayList<>();

    private CaffeineNearTier<Integer, String> tier(Near<Object, Object> bound, @Nullable Duration maxIdle) {
        CacheBuilder<Integer, String> builder =
                Cache.<Integer, String>builder("near").near(bound).freshFor(LIFE);
        Settings<Integer, String> settings = (maxIdle == null ? builder : builder.maxIdle(maxIdle)).settings();
        LoadRunner noLoads = new LoadExecutor("near", settings.loading().threads());
        return new CaffeineNearTier<>(
                settings,
                bound,
                new Stripes(16),
                new Engine.Surroundings(time, time, noLoads, () -> 0),
                evictions::add);
    }

    private CaffeineNearTier<Integer, String> tier() {
        return tier(Near.maximumSize(10_000), null);
    }

    private Entry<String> entry(Duration life) {
        long end = time.nanos() + life.toNanos();
        return new Entry<>(
                "value", new Entry.Life(end, end, Long.MAX_VALUE), new Entry.Stamp(1, 1, 0), Entry.Extra.NONE, 0);
    }

    private void put(NearTier<Integer, String> tier, int key, Duration life) {
        assertThat(tier.insertIf(key, entry(life), present -> true)).isTrue();
    }

    @Test
    void entriesThatNobodyTouchesLeaveSoonAfterTheirEndAndAreReported() {
        CaffeineNearTier<Integer, String> tier = tier();
        IntStream.range(0, 5_000).forEach(key -> put(tier, key, LIFE));
        put(tier, 5_000, LIFE.multipliedBy(2));
        time.advance(LIFE.minusSeconds(1));
        assertThat(tier.size()).isEqualTo(5_001);
        time.advance(SWEEP.plusSeconds(2));
        assertThat(tier.size()).isEqualTo(1);
        assertThat(evictions).hasSize(5_000).containsOnly(CacheListener.EvictionCause.EXPIRED);
        time.advance(LIFE.plus(SWEEP));
        assertThat(tier.size()).isZero();
        assertThat(evictions).hasSize(5_001);
    }

    @Test
    void anEntryThatEndsBeforeTheOthersLeavesBeforeThem() {
        CaffeineNearTier<Integer, String> tier = tier();
        put(tier, 1, LIFE);
        time.advance(SWEEP);
        put(tier, 2, Duration.ofSeconds(1));
        time.advance(SWEEP.plusSeconds(1));
        assertThat(tier.get(2)).isNull();
        assertThat(tier.get(1)).isNotNull();
    }

    @Test
    void anEntryThatEndsWhileASweepIsUnderWayIsNotForgotten() {
        CaffeineNearTier<Integer, String> tier = tier();
        IntStream.range(0, 5_000).forEach(key -> put(tier, key, LIFE));
        time.advance(LIFE);
        time.advance(Duration.ofMillis(5));
        IntStream.range(5_000, 9_000).forEach(key -> put(tier, key, Duration.ofMillis(1)));
        time.advance(SWEEP.multipliedBy(2));
        assertThat(tier.size()).isZero();
    }

    @Test
    void nothingIsScheduledWhereNothingCanEnd() {
        CaffeineNearTier<Integer, String> tier = tier();
        assertThat(time.scheduled()).isZero();
        put(tier, 1, LIFE);
        put(tier, 2, LIFE);
        assertThat(time.scheduled()).isEqualTo(1);
        time.advance(LIFE.plus(SWEEP.multipliedBy(2)));
        assertThat(time.scheduled()).isZero();
    }

    @Test
    void anEntryThatTakesThePlaceOfOneWhoseLifeHasEndedReportsIt() {
        CaffeineNearTier<Integer, String> tier = tier();
        put(tier, 1, Duration.ofSeconds(1));
        put(tier, 1, Duration.ofSeconds(1));
        assertThat(evictions).isEmpty();
        time.advance(Duration.ofSeconds(1));
        put(tier, 1, LIFE);
        assertThat(evictions).containsExactly(CacheListener.EvictionCause.EXPIRED);
    }

    @Test
    void anIdleEntryLeavesAndAnUsedOneStays() {
        CaffeineNearTier<Integer, String> tier = tier(Near.maximumSize(100), Duration.ofMinutes(1));
        put(tier, 1, LIFE);
        put(tier, 2, LIFE);
        for (int i = 0; i < 10; i++) {
            time.advance(Duration.ofSeconds(30));
            assertThat(tier.get(1)).isNotNull();
        }
        assertThat(tier.get(2)).isNull();
        assertThat(evictions).containsExactly(CacheListener.EvictionCause.EXPIRED);
    }

    @Test
    void theBoundHolds() {
        CaffeineNearTier<Integer, String> tier = tier(Near.maximumSize(100), null);
        IntStream.range(0, 10_000).forEach(key -> {
            put(tier, key, LIFE);
            tier.get(key);
            tier.get(key / 2);
        });
        assertThat(tier.size()).isLessThanOrEqualTo(100);
        assertThat(evictions).hasSize(9_900).containsOnly(CacheListener.EvictionCause.SIZE);
    }

    @Test
    void itFindsAsMuchAsACaffeineThatRecordsEveryUse() {
        int[] keys = skewedWithScans(400_000, 20_000);
        for (int maximum : new int[] {1_000, 5_000}) {
            CaffeineNearTier<Integer, String> tier = tier(Near.maximumSize(maximum), null);
            com.github.benmanes.caffeine.cache.Cache<Integer, Integer> caffeine = Caffeine.newBuilder()
                    .maximumSize(maximum)
                    .executor(Runnable::run)
                    .build();
            double ours = hitRatio(keys, key -> {
                boolean found = tier.get(key) != null;
                if (!found) {
                    put(tier, key, LIFE);
                }
                return found;
            });
            double theirs = hitRatio(keys, key -> {
                boolean found = caffeine.getIfPresent(key) != null;
                if (!found) {
                    caffeine.put(key, key);
                }
                return found;
            });
            assertThat(ours).as("with %d entries, against %f", maximum, theirs).isGreaterThan(theirs - 0.005);
        }
    }

    private static double hitRatio(int[] keys, IntPredicate found) {
        return (double) Arrays.stream(keys).filter(found).count() / keys.length;
    }

    /** Few keys are read often; at times very many are read once; what is popular changes. */
    private static int[] skewedWithScans(int length, int keys) {
        Random random = new Random(3);
        int[] sequence = new int[length];
        int scanned = keys;
        for (int i = 0; i < length; i++) {
            boolean inScan = i % 20_000 < 4_000;
            int rank = (int) (keys * Math.pow(random.nextDouble(), 4));
            sequence[i] = inScan ? scanned++ : (rank + i / 100_000 * 500) % keys;
        }
        return sequence;
    }
}
