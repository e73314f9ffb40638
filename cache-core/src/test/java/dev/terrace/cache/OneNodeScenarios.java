package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrace.cache.testkit.ScenarioReport;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** The scenarios that one node is enough for. A test class extends it per combination of tiers. */
public abstract class OneNodeScenarios extends ScenarioNodes {

    private static final Duration SLOW = Duration.ofMillis(200);

    @Test
    final void X01_aFailedLoadIsSharedByAllThatWaitedForIt() {
        int callers = 20;
        AtomicInteger loads = new AtomicInteger();
        IllegalStateException failure = new IllegalStateException("no connection to the database");
        List<Cache<String, String>> self = new ArrayList<>();
        Cache<String, String> cache = node(
                "x01",
                builder -> builder.loader(key -> {
                    loads.incrementAndGet();
                    Rows.take(SLOW);
                    // A caller that comes later is right to load again, and busy machines have such callers.
                    Eventually.holds("all callers wait", () -> coalesced(self.get(0)) == callers - 1);
                    throw failure;
                }));
        self.add(cache);

        List<Callers.Outcome<String>> outcomes =
                Callers.begin(callers, caller -> cache.get("k")).ended();

        assertThat(outcomes).allSatisfy(outcome -> assertThat(outcome.failure()).isSameAs(failure));
        assertThat(loads).hasValue(1);
        assertThat(Callers.slowest(outcomes)).isLessThan(SLOW.plus(SLACK));
        ScenarioReport.figure(
                "X01",
                variant(),
                "1 load for " + callers + " callers, all failed in " + millis(Callers.span(outcomes)) + " ms");
    }

    @Test
    final void X02_callersOfOneKeyShareOneLoad() {
        int callers = 10;
        AtomicInteger loads = new AtomicInteger();
        Cache<String, String> cache = node(
                "x02",
                builder -> builder.loader(key -> {
                    loads.incrementAndGet();
                    Rows.take(SLOW);
                    return "row";
                }));

        List<Callers.Outcome<String>> outcomes =
                Callers.begin(callers, caller -> cache.get("k")).ended();

        assertThat(outcomes).allSatisfy(outcome -> assertThat(outcome.value()).isEqualTo("row"));
        assertThat(loads).hasValue(1);
        assertThat(Callers.slowest(outcomes)).isLessThan(SLOW.plus(SLACK));
        ScenarioReport.figure(
                "X02",
                variant(),
                "1 load for " + callers + " callers, done in " + millis(Callers.span(outcomes)) + " ms");
    }

    @Test
    final void X12_whatTheLoaderThrowsReachesTheCaller() {
        RuntimeException unchecked = new IllegalArgumentException("bad row");
        Error error = new AssertionError("worse");
        IOException checked = new IOException("disk");
        Cache<String, String> cache = node(
                "x12",
                builder -> builder.loader(key -> {
                    switch (key) {
                        case "unchecked" -> throw unchecked;
                        case "error" -> throw error;
                        default -> throw checked;
                    }
                }));

        assertThatThrownBy(() -> cache.get("unchecked")).isSameAs(unchecked);
        assertThatThrownBy(() -> cache.get("error")).isSameAs(error);
        assertThatThrownBy(() -> cache.get("checked"))
                .isInstanceOf(LoadFailedException.class)
                .cause()
                .isSameAs(checked);
        assertThatThrownBy(() -> cache.getAll(List.of("unchecked"))).isSameAs(unchecked);
        assertThatThrownBy(() -> cache.refresh("unchecked")).isSameAs(unchecked);
        assertThatThrownBy(() -> cache.async().get("unchecked").join()).cause().isSameAs(unchecked);
        assertThat(cache.getIfPresent("unchecked")).isNull();
        ScenarioReport.figure("X12", variant(), "the loader's own exception, the same instance");
    }

    @Test
    final void X13_whatIsPutAfterAClearIsThere() {
        int rounds = 500;
        Cache<String, String> cache = node("x13", builder -> builder);
        // Without a near tier it sees what the far tier has at once.
        Cache<String, String> other = isShared() ? nodeWithoutNear("x13") : cache;

        int lostHere = 0;
        int lostElsewhere = 0;
        for (int round = 0; round < rounds; round++) {
            cache.put("before", "value");
            cache.clear();
            cache.put("after", "value " + round);
            lostHere += ("value " + round).equals(cache.getIfPresent("after")) ? 0 : 1;
            lostElsewhere += ("value " + round).equals(other.getIfPresent("after")) ? 0 : 1;
            assertThat(cache.getIfPresent("before")).isNull();
        }

        assertThat(lostHere).isZero();
        assertThat(lostElsewhere).isZero();
        ScenarioReport.figure("X13", variant(), "0 of " + rounds + " entries lost; " + nearHealth(cache));
    }

    /** Whether two nodes share a tier. */
    boolean isShared() {
        return false;
    }

    @Test
    final void X14_whatIsPutIsReadByItsWriter() {
        int rounds = 5_000;
        Cache<String, String> cache = nodeWithoutNear("x14");

        int misses = 0;
        for (int round = 0; round < rounds; round++) {
            cache.put("k" + round % 100, "value " + round);
            misses += ("value " + round).equals(cache.getIfPresent("k" + round % 100)) ? 0 : 1;
        }

        assertThat(misses).isZero();
        ScenarioReport.figure("X14", variant(), "0 misses in " + rounds + " rounds");
    }

    @Test
    final void X15_aChangeDuringALoadIsNotUndoneByIt() {
        ChangesDuringLoads.onOneNode(this);
    }

    @Test
    final void X17_aLoadThatNeverReturnsIsGivenUp() {
        Duration deadline = Duration.ofMillis(300);
        CountDownLatch end = new CountDownLatch(1);
        AtomicInteger loads = new AtomicInteger();
        Cache<String, String> cache = node(
                "x17",
                builder -> builder.loadDeadline(deadline)
                        .loader(key -> loads.incrementAndGet() == 1 ? deafTo(end) : "row"));

        List<Callers.Outcome<String>> outcomes =
                Callers.begin(10, caller -> cache.get("k")).ended();
        long released = System.nanoTime();
        String next = cache.get("k");
        Duration untilNext = Duration.ofNanos(System.nanoTime() - released);
        end.countDown();

        assertThat(outcomes)
                .allSatisfy(outcome -> assertThat(outcome.failure()).isInstanceOf(LoadTimeoutException.class));
        assertThat(Callers.slowest(outcomes)).isBetween(deadline.dividedBy(2), deadline.plus(SLACK));
        assertThat(next).isEqualTo("row");
        assertThat(loads).hasValue(2);
        assertThat(untilNext).isLessThan(SLACK);
        ScenarioReport.figure(
                "X17",
                variant(),
                "deadline 300 ms: all released after " + millis(Callers.slowest(outcomes)) + " ms, next value after "
                        + millis(untilNext) + " ms more");
    }

    @Test
    final void X17_callersGetTheStaleValueWhileItsReplacementNeverComes() {
        Duration deadline = Duration.ofSeconds(1);
        Duration soft = Duration.ofMillis(100);
        CountDownLatch end = new CountDownLatch(1);
        AtomicInteger loads = new AtomicInteger();
        Cache<String, String> cache = node(
                "x17-stale",
                builder -> builder.staleFor(Duration.ofMinutes(10))
                        .softDeadline(soft)
                        .loadDeadline(deadline)
                        .retryAfter(Duration.ofMillis(50))
                        .loader(key -> loads.incrementAndGet() == 1 ? deafTo(end) : "row " + loads));
        cache.put("k", "row 0");
        cache.expire("k");

        List<Callers.Outcome<String>> outcomes =
                Callers.begin(10, caller -> cache.get("k")).ended();

        assertThat(outcomes).allSatisfy(outcome -> assertThat(outcome.value()).isEqualTo("row 0"));
        assertThat(Callers.slowest(outcomes)).isLessThan(soft.plus(SLACK));
        Eventually.holds("the next caller loads", () -> {
            String row = cache.get("k");
            assertThat(row).isIn("row 0", "row 2");
            return "row 2".equals(row);
        });
        assertThat(loads).hasValue(2);
        end.countDown();
        ScenarioReport.figure(
                "X17",
                variant() + ", stale value",
                "soft deadline 100 ms: stale value after " + millis(Callers.slowest(outcomes)) + " ms");
    }

    /** A load that no interrupt ends. */
    private static String deafTo(CountDownLatch end) {
        boolean interrupted = false;
        while (true) {
            try {
                if (end.await(60, TimeUnit.SECONDS)) {
                    break;
                }
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return "much too late";
    }

    private static long coalesced(Cache<?, ?> cache) {
        return cache.stats().loads().coalesced();
    }
}
