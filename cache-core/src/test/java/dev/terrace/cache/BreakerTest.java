package dev.terrace.cache;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.Breaker.Permit;
import dev.terrace.cache.CacheListener.BreakerState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;

final class BreakerTest {

    private final Exception failure = new IllegalStateException("refused");

    private final ManualTime time = new ManualTime();
    private final List<BreakerState> changes = new ArrayList<>();
    private double chance;
    private final Breaker breaker = new Breaker(time, () -> chance, changes::add);

    @Test
    void fiveFailuresInARowOpenItHoweverWellItWentBefore() {
        succeed(20);
        fail(4);
        assertThat(breaker.state()).isEqualTo(BreakerState.CLOSED);

        fail(1);

        assertThat(changes).containsExactly(BreakerState.OPEN);
        assertThat(breaker.tryAcquire()).isNull();
    }

    @Test
    void halfOfTheLastCallsFailingOpensIt() {
        succeed(3);
        fail(2);
        assertThat(breaker.state()).isEqualTo(BreakerState.CLOSED);

        fail(1);

        assertThat(breaker.state()).isEqualTo(BreakerState.OPEN);
    }

    @Test
    void lessThanHalfOfThemFailingDoesNot() {
        for (int i = 0; i < 100; i++) {
            succeed(2);
            fail(1);
        }

        assertThat(changes).isEmpty();
    }

    @Test
    void oneFailureAndFourSuccessesAreEnoughOutcomesButNotBad() {
        succeed(4);
        fail(1);

        assertThat(changes).isEmpty();
    }

    @Test
    void fewFailuresSayNothing() {
        fail(4);

        assertThat(changes).isEmpty();
    }

    @Test
    void oldFailuresAreForgotten() {
        fail(4);
        time.advance(RecentOutcomes.MEMORY.plusMillis(1));
        fail(4);
        assertThat(changes).isEmpty();

        fail(1);
        assertThat(changes).containsExactly(BreakerState.OPEN);
    }

    @Test
    void onlyTheLastTwentyCount() {
        succeed(100);
        for (int i = 0; i < 9; i++) {
            fail(1);
            succeed(1);
        }
        assertThat(changes).isEmpty();

        fail(1);

        assertThat(changes).containsExactly(BreakerState.OPEN);
    }

    @Test
    void aProbeIsLetThroughAfterThePauseAndOneAtATime() {
        fail(5);
        assertThat(breaker.untilProbe()).isEqualTo(Duration.ofMillis(100));
        time.advance(Duration.ofMillis(99));
        assertThat(breaker.tryProbe()).isNull();

        time.advance(Duration.ofMillis(1));
        assertThat(breaker.untilProbe()).isZero();
        assertThat(breaker.tryAcquire()).isNull();
        assertThat(breaker.state()).isEqualTo(BreakerState.OPEN);

        assertThat(breaker.tryProbe()).isNotNull();
        assertThat(breaker.state()).isEqualTo(BreakerState.HALF_OPEN);
        assertThat(breaker.tryProbe()).isNull();
        assertThat(breaker.tryAcquire()).isNull();
        time.advance(Duration.ofHours(1));
        assertThat(breaker.tryProbe()).isNull();
    }

    @Test
    void aProbeThatSucceedsClosesIt() {
        fail(5);

        probe().succeeded();

        assertThat(changes).containsExactly(BreakerState.OPEN, BreakerState.HALF_OPEN, BreakerState.CLOSED);
        fail(4);
        assertThat(breaker.state()).isEqualTo(BreakerState.CLOSED);
    }

    @Test
    void thePauseDoublesWithEachProbeThatFailsUpToHalfASecond() {
        fail(5);
        List<Long> pauses = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            pauses.add(breaker.untilProbe().toMillis());
            probe().failed(failure);
        }

        assertThat(pauses).containsExactly(100L, 200L, 400L, 500L, 500L, 500L);
    }

    @Test
    void chanceShortensThePauseByUpToHalf() {
        chance = 0.5;
        fail(5);
        assertThat(breaker.untilProbe()).isEqualTo(Duration.ofMillis(75));

        chance = 0.999_999_999;
        probe().failed(failure);
        assertThat(breaker.untilProbe()).isBetween(Duration.ofMillis(100), Duration.ofMillis(101));
    }

    @Test
    void oneThatOpensAgainSoonGoesOnWhereItWas() {
        fail(5);
        probe().failed(failure);
        probe().succeeded();

        fail(5);

        assertThat(breaker.untilProbe()).isEqualTo(Duration.ofMillis(400));
    }

    @Test
    void oneThatWasClosedForAWhileStartsAfresh() {
        fail(5);
        probe().failed(failure);
        probe().succeeded();
        time.advance(Duration.ofSeconds(10));

        fail(5);

        assertThat(breaker.untilProbe()).isEqualTo(Duration.ofMillis(100));
    }

    @Test
    void aProbeThatSaysNothingLeavesRoomForTheNextAtOnce() {
        fail(5);

        probe().ignored();

        assertThat(breaker.state()).isEqualTo(BreakerState.OPEN);
        assertThat(breaker.tryProbe()).isNotNull();
    }

    @Test
    void callsThatSayNothingChangeNothing() {
        for (int i = 0; i < 100; i++) {
            acquire().ignored();
        }
        fail(4);
        assertThat(changes).isEmpty();
    }

    @Test
    void theEndOfACallThatBeganBeforeAChangeCountsNoMore() {
        Permit slow = acquire();
        fail(5);
        slow.succeeded();
        assertThat(breaker.state()).isEqualTo(BreakerState.OPEN);

        probe().succeeded();
        for (int i = 0; i < 10; i++) {
            slow.failed(failure);
        }

        assertThat(breaker.state()).isEqualTo(BreakerState.CLOSED);
    }

    @Test
    void aProbeIsHeardOnce() {
        fail(5);
        Permit probe = probe();
        probe.failed(failure);

        probe.succeeded();

        assertThat(breaker.state()).isEqualTo(BreakerState.OPEN);
        assertThat(breaker.untilProbe()).isEqualTo(Duration.ofMillis(200));
    }

    @Test
    void outcomesAreCountedRightAlsoAfterTheirNumbersWrapAround() {
        RecentOutcomes outcomes = new RecentOutcomes(time);
        for (int i = 0; i < (1 << 23) + 10; i++) {
            outcomes.add(false);
        }
        for (int i = 0; i < 4; i++) {
            outcomes.add(true);
        }
        assertThat(outcomes.areBad()).isFalse();

        outcomes.add(true);

        assertThat(outcomes.areBad()).isTrue();
    }

    @Test
    void theLastReportIsThePresentStateHoweverManyThreadsMoveIt() throws InterruptedException, ExecutionException {
        ConcurrentLinkedQueue<BreakerState> reports = new ConcurrentLinkedQueue<>();
        Breaker busy = new Breaker(time, () -> ThreadLocalRandom.current().nextDouble(), reports::add);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            for (int round = 0; round < 200; round++) {
                List<Future<?>> done = new ArrayList<>();
                for (int thread = 0; thread < 4; thread++) {
                    done.add(threads.submit(() -> moveAtRandom(busy)));
                }
                for (Future<?> each : done) {
                    each.get();
                }
                List<BreakerState> told = List.copyOf(reports);
                assertThat(told.isEmpty() ? BreakerState.CLOSED : told.get(told.size() - 1))
                        .isEqualTo(busy.state());
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(reports).contains(BreakerState.values());
    }

    private void moveAtRandom(Breaker busy) {
        for (int i = 0; i < 100; i++) {
            time.advance(Duration.ofMillis(50));
            Permit permit = busy.tryProbe();
            if (permit != null) {
                if (ThreadLocalRandom.current().nextInt(3) == 0) {
                    permit.succeeded();
                } else {
                    permit.failed(failure);
                }
            }
        }
    }

    private void succeed(int calls) {
        for (int i = 0; i < calls; i++) {
            acquire().succeeded();
        }
    }

    private void fail(int calls) {
        for (int i = 0; i < calls; i++) {
            acquire().failed(failure);
        }
    }

    private Permit acquire() {
        return requireNonNull(breaker.tryAcquire(), "permit");
    }

    private Permit probe() {
        time.advance(breaker.untilProbe());
        return requireNonNull(breaker.tryProbe(), "probe");
    }
}
