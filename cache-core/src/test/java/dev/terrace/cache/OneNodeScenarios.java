package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrace.cache.testkit.ScenarioReport;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The scenarios that one node is enough for. A test class extends it per combination of tiers. */
@Tag("scenario")
public abstract class OneNodeScenarios {

    static final String OLD = "old";
    static final String NEW = "new";

    private static final Duration SLOW = Duration.ofMillis(200);
    /** What two busy cores may add to a measured time before it says something about the cache. */
    static final Duration SLACK = Duration.ofSeconds(2);

    private final Deque<AutoCloseable> opened = new ConcurrentLinkedDeque<>();

    /** What it runs on, for the report. */
    protected abstract String variant();

    /** A builder of a cache with its tiers set, each time on a node of its own. */
    protected abstract CacheBuilder<String, String> tiers(String cache);

    /** As {@link #tiers}, without a near tier where there is another one. */
    protected abstract CacheBuilder<String, String> tiersWithoutNear(String cache);

    /** Closed after the test, the last first. */
    protected final <T extends AutoCloseable> T opened(T closeable) {
        opened.push(closeable);
        return closeable;
    }

    protected final Cache<String, String> node(String cache, UnaryOperator<CacheBuilder<String, String>> settings) {
        return opened(settings.apply(patient(tiers(cache))).build());
    }

    protected final Cache<String, String> nodeWithoutNear(String cache) {
        return opened(patient(tiersWithoutNear(cache)).build());
    }

    /**
     * A busy machine may answer later than the far budget, and then a cache is right to go on without: where that is not the
     * subject, it waits, and says so if that was not enough.
     */
    static <V> CacheBuilder<String, V> patient(CacheBuilder<String, V> builder) {
        builder.freshFor(Duration.ofMinutes(10))
                .farBudget(Duration.ofSeconds(10))
                .whenFarFails(WhenFarFails.THROW);
        // Some have no far tier.
        builder.inherited();
        return builder;
    }

    @AfterEach
    final void closeAll() throws Exception {
        for (AutoCloseable each = opened.poll(); each != null; each = opened.poll()) {
            each.close();
        }
    }

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

    /** What may happen to a key while it is being loaded. */
    enum Change {
        SET {
            @Override
            void apply(Cache<String, String> cache, String key) {
                cache.put(key, NEW, EntryOptions.tags(tag(key)));
            }
        },
        REMOVE {
            @Override
            void apply(Cache<String, String> cache, String key) {
                cache.invalidate(key);
            }
        },
        REMOVE_BY_TAG {
            @Override
            void apply(Cache<String, String> cache, String key) {
                cache.invalidateTag(tag(key));
            }
        },
        CLEAR {
            @Override
            void apply(Cache<String, String> cache, String key) {
                cache.clear();
            }
        };

        abstract void apply(Cache<String, String> cache, String key);

        static String tag(String key) {
            return "tag of " + key;
        }
    }

    /** A loader of rows that gives each a tag of its own. */
    static ContextualLoader<String, String> tagged(Rows rows) {
        return (key, context) -> {
            context.tags(Change.tag(key));
            return rows.read(key);
        };
    }

    @Test
    final void X15_aChangeDuringALoadIsNotUndoneByIt() {
        int rounds = 25;
        Rows rows = new Rows();
        Cache<String, String> cache = node("x15", builder -> builder.loader(tagged(rows)));
        List<String> keys = new ArrayList<>();

        for (Change change : Change.values()) {
            for (int round = 0; round < rounds; round++) {
                String key = change + "-" + round;
                keys.add(key);
                rows.set(key, OLD);
                Rows.Held load = rows.holdNext(key);
                CompletableFuture<String> waiter = cache.async().get(key);
                load.awaitRead();
                rows.set(key, NEW);
                change.apply(cache, key);

                CompletableFuture<String> during = cache.async().get(key);
                if (change == Change.SET || change == Change.REMOVE) {
                    // The others name no key: what the old load is good for is known only when it ends.
                    assertThat(soon(during))
                            .as("%s, read while the old load runs", key)
                            .isEqualTo(NEW);
                }
                load.release();
                assertThat(soon(waiter)).isIn(OLD, NEW);
                assertThat(soon(during))
                        .as("%s, read begun while the old load ran", key)
                        .isEqualTo(NEW);
                assertThat(cache.get(key))
                        .as("%s, read after the old load", key)
                        .isEqualTo(NEW);
            }
        }

        assertThat(keys).allSatisfy(key -> assertThat(cache.get(key)).isEqualTo(NEW));
        for (int again = 0; again < 10; again++) {
            assertThat(keys)
                    .allSatisfy(key -> assertThat(cache.getIfPresent(key)).isEqualTo(NEW));
        }
        assertThat(cache.stats().near().hitRatio()).isGreaterThan(0.5);
        ScenarioReport.figure(
                "X15", variant(), "0 reads of the old value after " + keys.size() + " changes; " + nearHealth(cache));
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

    /** Waits for what other threads do, within a bound. */
    public static void holds(String what, BooleanSupplier condition) {
        Eventually.holds(what, condition);
    }

    static <T> T soon(CompletableFuture<T> future) {
        return future.orTimeout(20, TimeUnit.SECONDS).join();
    }

    private static long coalesced(Cache<?, ?> cache) {
        return cache.stats().loads().coalesced();
    }

    static String millis(Duration duration) {
        return String.format(Locale.ROOT, "%.0f", duration.toNanos() / 1e6);
    }

    /** A cache that keeps nothing near passes nothing. */
    static String nearHealth(Cache<?, ?> cache) {
        CacheStats.NearStats near = cache.stats().near();
        long offered = near.inserts() + near.refusedInserts();
        return String.format(
                Locale.ROOT,
                "near hit ratio %.2f, %d of %d inserts refused",
                near.hitRatio(),
                near.refusedInserts(),
                offered);
    }
}
