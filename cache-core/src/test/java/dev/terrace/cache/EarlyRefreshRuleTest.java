package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

final class EarlyRefreshRuleTest {

    private static final long MILLISECOND = 1_000_000;

    /** In µs, at time zero. */
    private static final long WRITTEN_AT = 1_700_000_000_000_000L;

    /** Fresh for that long from time zero. */
    private static Entry<String> fresh(Duration fresh, int loadMillis) {
        return new Entry<>(
                "a",
                new Entry.Life(fresh.toNanos(), Long.MAX_VALUE, Long.MAX_VALUE),
                new Entry.Stamp(WRITTEN_AT, 0, 0),
                Entry.Extra.NONE,
                loadMillis);
    }

    private static boolean isDue(EarlyRefresh policy, Duration fresh, int loadMillis, double chance, long now) {
        return isDue(policy, fresh, fresh(fresh, loadMillis), chance, now);
    }

    private static boolean isDue(EarlyRefresh policy, Duration ofTheCache, Entry<?> entry, double chance, long now) {
        return new EarlyRefreshRule(policy, ofTheCache.toNanos(), () -> WRITTEN_AT + now / 1_000, () -> chance)
                .isDue(entry, now);
    }

    @Test
    void anEntryThatIsFreshForAShorterTimeIsJudgedByItsOwn() {
        Entry<String> shorter = fresh(Duration.ofSeconds(10), 1_000);
        Duration ofTheCache = Duration.ofHours(1);

        assertThat(isDue(EarlyRefresh.threshold(0.8), ofTheCache, shorter, 0, 0))
                .isFalse();
        assertThat(isDue(EarlyRefresh.threshold(0.8), ofTheCache, shorter, 0, 7_900 * MILLISECOND))
                .isFalse();
        assertThat(isDue(EarlyRefresh.threshold(0.8), ofTheCache, shorter, 0, 8_100 * MILLISECOND))
                .isTrue();
        assertThat(isDue(EarlyRefresh.xfetch(100), ofTheCache, fresh(Duration.ofSeconds(10), 60_000), 0.001, 0))
                .isFalse();
    }

    @Test
    void anEntryWhoseAgeIsNotKnownIsJudgedByTheCachesFreshness() {
        Entry<String> unknown = new Entry<>(
                "a",
                new Entry.Life(10_000 * MILLISECOND, Long.MAX_VALUE, Long.MAX_VALUE),
                new Entry.Stamp(0, 0, 0),
                Entry.Extra.NONE,
                5);

        assertThat(isDue(EarlyRefresh.threshold(0.8), Duration.ofSeconds(10), unknown, 0, 9_000 * MILLISECOND))
                .isTrue();
    }

    /** Where versions are no times they are small numbers. */
    @Test
    void anEntryThatKnowsItsOwnFreshnessIsJudgedByThat() {
        Entry<String> shorter = new Entry<>(
                "a",
                new Entry.Life(10_000 * MILLISECOND, Long.MAX_VALUE, Long.MAX_VALUE),
                new Entry.Stamp(7, 0, 3),
                Entry.Extra.NONE.freshFor(10_000),
                5);
        Duration ofTheCache = Duration.ofHours(1);

        assertThat(isDue(EarlyRefresh.threshold(0.8), ofTheCache, shorter, 0, 7_900 * MILLISECOND))
                .isFalse();
        assertThat(isDue(EarlyRefresh.threshold(0.8), ofTheCache, shorter, 0, 8_100 * MILLISECOND))
                .isTrue();
    }

    @Test
    void aThresholdIsReachedOnceItsShareOfTheFreshnessHasPassed() {
        EarlyRefresh policy = EarlyRefresh.threshold(0.8);
        Duration fresh = Duration.ofSeconds(10);

        assertThat(isDue(policy, fresh, 5, 0, 8_000 * MILLISECOND - 1_000)).isFalse();
        assertThat(isDue(policy, fresh, 5, 0, 8_000 * MILLISECOND + 1_000)).isTrue();
    }

    @Test
    void theChanceGrowsTowardsTheEndAndWithTheCostOfALoad() {
        EarlyRefresh policy = EarlyRefresh.xfetch();
        Duration fresh = Duration.ofSeconds(10);
        double oneInE = 1 - Math.exp(-1);

        // As long before the end as a load takes, one read in e is early.
        assertThat(isDue(policy, fresh, 100, oneInE + 0.01, 9_900 * MILLISECOND))
                .isTrue();
        assertThat(isDue(policy, fresh, 100, oneInE - 0.01, 9_900 * MILLISECOND))
                .isFalse();
        assertThat(isDue(policy, fresh, 100, oneInE + 0.01, 9_800 * MILLISECOND))
                .isFalse();
        assertThat(isDue(policy, fresh, 200, oneInE + 0.01, 9_800 * MILLISECOND))
                .isTrue();
    }

    @Test
    void aLoadThatTookNoMeasurableTimeCountsAsOneOfAMillisecond() {
        double oneInE = 1 - Math.exp(-1);

        assertThat(isDue(EarlyRefresh.xfetch(), Duration.ofSeconds(10), 0, oneInE + 0.01, 9_999 * MILLISECOND))
                .isTrue();
    }

    @Test
    void aLoadCountsAsAQuarterOfTheFreshnessAtMost() {
        // At the beginning one read in e⁴ is early then, which is 1.8 %: also where all the freshness is a millisecond.
        double oneInE4 = 1 - Math.exp(-4);
        for (Duration fresh : new Duration[] {Duration.ofMillis(1), Duration.ofMillis(3), Duration.ofSeconds(10)}) {
            assertThat(isDue(EarlyRefresh.xfetch(), fresh, 60_000, oneInE4 - 0.001, 0))
                    .isFalse();
            assertThat(isDue(EarlyRefresh.xfetch(), fresh, 60_000, oneInE4 + 0.001, 0))
                    .isTrue();
        }
    }

    @Test
    void withoutEarlyRefreshNoReadIsEarly() {
        assertThat(isDue(EarlyRefresh.none(), Duration.ofSeconds(1), 1_000, 0.999999, 999 * MILLISECOND))
                .isFalse();
    }
}
