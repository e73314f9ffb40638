package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.terrace.cache.CacheListener.BreakerState;
import dev.terrace.cache.codec.Codec;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.spi.FarTier;
import dev.terrace.cache.testkit.ScenarioReport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** The scenarios of nodes that share a far tier. A test class extends it per far tier, and runs its real server. */
public abstract class TwoNodeScenarios extends OneNodeScenarios {

    private static final Duration STALENESS = Duration.ofMillis(200);
    private static final Duration BUDGET = Duration.ofMillis(100);

    /** A connection of a new node to the one server. */
    protected abstract FarTier connect();

    /** Stops the server in its tracks: sockets stay open, nothing is answered. */
    protected abstract void freeze();

    /** Lets a frozen server go on. */
    protected abstract void thaw();

    @Override
    protected final CacheBuilder<String, String> tiers(String cache) {
        return tiersWithoutNear(cache).near(Near.maximumSize(10_000));
    }

    @Override
    protected final CacheBuilder<String, String> tiersWithoutNear(String cache) {
        return Cache.<String, String>builder(cache).far(opened(connect()), StringCodec.utf8());
    }

    @Override
    final boolean isShared() {
        return true;
    }

    @Test
    final void X03_loadsOfDifferentKeysDoNotWaitForEachOther() {
        int callers = 10;
        Duration load = Duration.ofMillis(200);
        CyclicBarrier together = new CyclicBarrier(callers);
        Loader<String, String> loader = key -> {
            meet(together);
            Rows.take(load);
            return "row " + key;
        };
        Cache<String, String> a = node("x03", builder -> builder.loader(loader));
        Cache<String, String> b = node("x03", builder -> builder.loader(loader));

        List<Callers.Outcome<String>> outcomes = Callers.begin(
                        callers, caller -> (caller % 2 == 0 ? a : b).get("k" + caller))
                .ended();

        assertThat(outcomes).allSatisfy(outcome -> assertThat(outcome.failure()).isNull());
        assertThat(leasesGranted(a) + leasesGranted(b)).isEqualTo(callers);
        assertThat(Callers.slowest(outcomes)).isLessThan(load.plus(SLACK));
        ScenarioReport.figure(
                "X03",
                variant(),
                callers + " loads of 200 ms at once on two nodes, done in " + millis(Callers.span(outcomes)) + " ms");
    }

    private static void meet(CyclicBarrier barrier) {
        try {
            barrier.await(20, TimeUnit.SECONDS);
        } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
            throw new IllegalStateException("the loads did not run at once", e);
        }
    }

    @Test
    final void X04_aFrozenServerCostsTheFirstCallsTheBudgetAndLaterOnesNothing() {
        freezeUnderLoad("x04", Duration.ofSeconds(3), variant());
    }

    /** Long enough for the connection to be given up. */
    @Test
    @Tag("slow")
    final void X04_aLongFreezeHealsAsAShortOneDoes() {
        freezeUnderLoad("x04-long", Duration.ofSeconds(8), variant() + ", 8 s");
    }

    private void freezeUnderLoad(String name, Duration outage, String reported) {
        int readers = 4;
        int resident = 50;
        Cache<String, String> writer = nodeWithoutNear(name);
        Cache<String, String> node = node(
                name,
                builder -> builder.farBudget(BUDGET)
                        .maxStaleness(Duration.ofSeconds(1))
                        .loader(key -> "loaded " + key));
        for (int i = 0; i < resident; i++) {
            node.put("resident " + i, "value");
        }
        writer.put("proof", "only in the far tier");
        writer.close();

        AtomicBoolean over = new AtomicBoolean();
        AtomicLong frozenAt = new AtomicLong();
        AtomicLong openedAt = new AtomicLong();
        Callers<Samples> near = Callers.begin(
                readers, caller -> sampled(over, i -> node.get("resident " + i % resident), frozenAt, openedAt));
        Callers<Samples> missing = Callers.begin(
                readers, caller -> sampled(over, i -> node.get("missing " + caller + " " + i), frozenAt, openedAt));
        long cutOffServesBefore = node.stats().near().cutOffServes();
        try (Log log = new Log()) {
            freeze();
            frozenAt.set(System.nanoTime());
            try {
                Eventually.holds("the breaker opens", () -> node.stats().far().breaker() != BreakerState.CLOSED);
                openedAt.set(System.nanoTime());
                Rows.take(outage);
                over.set(true);
            } finally {
                over.set(true);
                thaw();
            }
            long thawedAt = System.nanoTime();
            Eventually.holds("the far tier is used again", () -> node.getIfPresent("proof") != null);
            Duration healed = Duration.ofNanos(System.nanoTime() - thawedAt);

            Samples nearReads = Samples.of(near.ended());
            Samples missingReads = Samples.of(missing.ended());
            long cutOffServes = node.stats().near().cutOffServes() - cutOffServesBefore;
            List<String> warnings = log.events().stream()
                    .filter(event -> event.getLevel().isGreaterOrEqual(Level.WARN))
                    .map(ILoggingEvent::getFormattedMessage)
                    .toList();
            String figure = "worst call " + missingReads.worst() + " ms (near-resident " + nearReads.worst()
                    + " ms); once the breaker was open p99 " + missingReads.p99() + " ms, near-resident "
                    + nearReads.p99() + " ms; far tier used again " + millis(healed) + " ms after the thaw; "
                    + log.events().size() + " log lines, " + warnings.size() + " of them warnings";
            System.out.println(reported + ": " + figure + ", " + cutOffServes + " near hits while cut off, "
                    + missingReads + ", " + nearReads + ", " + node.stats().failures() + "\n" + log.events());

            assertThat(missingReads.failures + nearReads.failures).isZero();
            assertThat(missingReads.all).hasSizeGreaterThan(readers);
            assertThat(Math.max(missingReads.worst(), nearReads.worst()))
                    .isLessThan(BUDGET.plus(SLACK).toMillis());
            // One call of each reader, or two where it was between two, may have waited for the budget.
            assertThat(missingReads.slowerThan(BUDGET) + nearReads.slowerThan(BUDGET))
                    .isLessThan(8L * readers);
            assertThat(missingReads.laterMedian()).isLessThan(BUDGET.toMillis() / 5);
            assertThat(cutOffServes).isPositive();
            assertThat(node.stats().failures()).containsKey(FailureKind.FAR_READ);
            assertThat(warnings).hasSizeLessThanOrEqualTo(FailureKind.values().length);
            assertThat(warnings).doesNotHaveDuplicates();
            assertThat(log.events()).hasSizeLessThan(12);
            assertThat(healed).isLessThan(Duration.ofSeconds(1));
            ScenarioReport.figure("X04", reported, figure);
        }
    }

    /** What the library logs while this is open. */
    private static final class Log implements AutoCloseable {

        private final Logger logger = (Logger) LoggerFactory.getLogger("dev.terrace");
        private final Level level = logger.getLevel();
        private final ListAppender<ILoggingEvent> appender = new ListAppender<>();

        private Log() {
            appender.start();
            logger.setLevel(Level.INFO);
            logger.setAdditive(false);
            logger.addAppender(appender);
        }

        private List<ILoggingEvent> events() {
            return List.copyOf(appender.list);
        }

        @Override
        public void close() {
            logger.detachAppender(appender);
            logger.setAdditive(true);
            logger.setLevel(level);
        }
    }

    @FunctionalInterface
    private interface Read {
        String read(int i);
    }

    private static Samples sampled(AtomicBoolean over, Read read, AtomicLong frozenAt, AtomicLong openedAt) {
        Samples samples = new Samples();
        for (int i = 0; !over.get(); i++) {
            long start = System.nanoTime();
            boolean answered = read.read(i) != null;
            long took = System.nanoTime() - start;
            samples.failures += answered ? 0 : 1;
            if (frozenAt.get() != 0) {
                samples.all.add(took);
            }
            if (openedAt.get() != 0 && start > openedAt.get()) {
                samples.later.add(took);
            }
            // The load of an application, not of a benchmark.
            Rows.take(Duration.ofNanos(500_000));
        }
        return samples;
    }

    /** Latencies, in nanoseconds, from the freeze on and from the opening of the breaker on. */
    private static final class Samples {

        private final List<Long> all = new ArrayList<>();
        private final List<Long> later = new ArrayList<>();
        private int failures;

        static Samples of(List<Callers.Outcome<Samples>> outcomes) {
            Samples together = new Samples();
            for (Callers.Outcome<Samples> outcome : outcomes) {
                assertThat(outcome.failure()).isNull();
                Samples samples = outcome.value();
                assertThat(samples).isNotNull();
                together.all.addAll(samples.all);
                together.later.addAll(samples.later);
                together.failures += samples.failures;
            }
            together.all.sort(null);
            together.later.sort(null);
            return together;
        }

        long worst() {
            return millisAt(all, 1);
        }

        long p99() {
            return millisAt(later, 0.99);
        }

        long laterMedian() {
            return millisAt(later, 0.5);
        }

        long slowerThan(Duration duration) {
            return all.stream()
                    .filter(took -> took > duration.toNanos() * 9 / 10)
                    .count();
        }

        private static long millisAt(List<Long> sorted, double share) {
            assertThat(sorted).isNotEmpty();
            return TimeUnit.NANOSECONDS.toMillis(sorted.get((int) Math.ceil(sorted.size() * share) - 1));
        }

        @Override
        public String toString() {
            return all.size() + " reads, " + slowerThan(BUDGET) + " waited for the budget";
        }
    }

    @Test
    final void X15_aChangeOnAnotherNodeDuringALoadIsNotUndoneByIt() {
        int rounds = 10;
        Rows rowsOfA = new Rows();
        Rows rowsOfB = new Rows();
        Cache<String, String> a =
                node("x15-two", builder -> builder.maxStaleness(STALENESS).loader(tagged(rowsOfA)));
        Cache<String, String> b =
                node("x15-two", builder -> builder.maxStaleness(STALENESS).loader(tagged(rowsOfB)));
        List<String> keys = new ArrayList<>();

        for (Change change : Change.values()) {
            for (int round = 0; round < rounds; round++) {
                String key = change + "-" + round;
                keys.add(key);
                rowsOfA.set(key, OLD);
                Rows.Held load = rowsOfA.holdNext(key);
                CompletableFuture<String> waiter = a.async().get(key);
                load.awaitRead();
                rowsOfA.set(key, NEW);
                rowsOfB.set(key, NEW);
                change.apply(b, key);
                long acknowledged = System.nanoTime();

                if (change == Change.SET || change == Change.REMOVE) {
                    // A lease outlives an invalidation that names no key: until the load ends B waits for A.
                    assertThat(soon(b.async().get(key)))
                            .as("%s, read on the changing node while the old load runs", key)
                            .isEqualTo(NEW);
                }
                Eventually.holds(
                        "the staleness bound passes",
                        () -> System.nanoTime() - acknowledged > STALENESS.toNanos() * 11 / 10);
                CompletableFuture<String> late = a.async().get(key);
                load.release();
                assertThat(soon(waiter)).isIn(OLD, NEW);
                assertThat(soon(late))
                        .as("%s, read on the loading node after the staleness bound", key)
                        .isEqualTo(NEW);
                assertThat(b.get(key)).as("%s, read on the changing node", key).isEqualTo(NEW);
                assertThat(a.get(key)).as("%s, read on the loading node", key).isEqualTo(NEW);
            }
        }

        Cache<String, String> fresh = nodeWithoutNear("x15-two");
        assertThat(keys).allSatisfy(key -> {
            assertThat(a.get(key)).isEqualTo(NEW);
            assertThat(b.get(key)).isEqualTo(NEW);
            assertThat(fresh.getIfPresent(key)).as("%s in the far tier", key).isEqualTo(NEW);
        });
        for (int again = 0; again < 10; again++) {
            keys.forEach(a::get);
        }
        assertThat(a.stats().near().hitRatio()).isGreaterThan(0.5);
        long offered = a.stats().far().fills() + a.stats().far().refusedFills();
        ScenarioReport.figure(
                "X15",
                variant() + ", two nodes",
                "0 reads of the old value after " + keys.size() + " changes, "
                        + a.stats().far().refusedFills() + " of " + offered + " fills refused; " + nearHealth(a));
    }

    @Test
    final void X15_theFarTierKeepsNoOldValueEither() {
        Rows rows = new Rows();
        Cache<String, String> node = node("x15-far", builder -> builder.loader(tagged(rows)));
        Cache<String, String> fresh = nodeWithoutNear("x15-far");

        for (Change change : Change.values()) {
            for (int round = 0; round < 10; round++) {
                String key = change + "-" + round;
                rows.set(key, OLD);
                Rows.Held load = rows.holdNext(key);
                CompletableFuture<String> waiter = node.async().get(key);
                load.awaitRead();
                rows.set(key, NEW);
                change.apply(node, key);
                load.release();
                soon(waiter);
                assertThat(node.get(key)).isEqualTo(NEW);
                Eventually.holds("the load is over", () -> node.stats().loads().running() == 0);
                assertThat(fresh.getIfPresent(key))
                        .as("%s in the far tier", key)
                        .isNotEqualTo(OLD);
            }
        }
        ScenarioReport.figure("X15", variant() + ", far records", "0 old records after 40 changes");
    }

    @Test
    final void X17_theLeaseOfALoadThatNeverReturnsEnds() {
        Duration deadline = Duration.ofMillis(300);
        CompletableFuture<String> never = new CompletableFuture<>();
        Cache<String, String> a = node(
                "x17-two", builder -> builder.loadDeadline(deadline).loader(key -> never.get(60, TimeUnit.SECONDS)));
        Cache<String, String> b = node("x17-two", builder -> builder.loader(key -> "row of B"));

        CompletableFuture<String> hanging = a.async().get("k");
        Eventually.holds("A holds the lease", () -> a.stats().far().leasesGranted() == 1);
        long start = System.nanoTime();
        assertThat(b.get("k")).isEqualTo("row of B");
        Duration waited = Duration.ofNanos(System.nanoTime() - start);

        assertThat(hanging.handle((row, failure) -> failure)
                        .orTimeout(20, TimeUnit.SECONDS)
                        .join())
                .isInstanceOf(LoadTimeoutException.class);
        assertThat(a.get("k")).isEqualTo("row of B");
        assertThat(waited).isLessThan(deadline.plus(SLACK));
        ScenarioReport.figure(
                "X17",
                variant() + ", other node",
                "deadline 300 ms: the other node has its value after " + millis(waited) + " ms");
    }

    /**
     * A version of the class of values, on the node that runs it.
     *
     * @param row what its loader loads
     */
    public record Version<V>(Codec<V> codec, V row) {}

    /** Two versions of a class, by a codec that is used for such. */
    protected abstract List<Version<?>> versions();

    /** A node of one version, and what it does to read the key that both read. */
    private record VersionedNode(Cache<String, ?> cache, Runnable read) {}

    private <V> VersionedNode versioned(Version<V> version, Duration staleness, AtomicInteger loads) {
        Cache<String, V> cache = opened(patient(Cache.<String, V>builder("x19"))
                .near(Near.maximumSize(100))
                .far(opened(connect()), version.codec())
                .maxStaleness(staleness)
                .loader((String key) -> {
                    loads.incrementAndGet();
                    return version.row();
                })
                .build());
        return new VersionedNode(cache, () -> assertThat(cache.get("k")).isEqualTo(version.row()));
    }

    @Test
    final void X19_twoVersionsOfTheValuesClassWorkSideBySide() {
        Duration staleness = Duration.ofMillis(250);
        Duration time = Duration.ofSeconds(4);
        AtomicInteger loads = new AtomicInteger();
        List<VersionedNode> nodes = new ArrayList<>();
        versions().forEach(version -> nodes.add(versioned(version, staleness, loads)));

        long start = System.nanoTime();
        long reads = 0;
        while (System.nanoTime() - start < time.toNanos()) {
            nodes.forEach(node -> node.read().run());
            reads += nodes.size();
            Rows.take(Duration.ofMillis(1));
        }
        Duration took = Duration.ofNanos(System.nanoTime() - start);

        // Then a copy that is read all the time is compared, and found to be replaced by the other node's.
        Duration between = staleness.multipliedBy(2).dividedBy(3);
        long bound = 2 + 2 * took.dividedBy(between);
        assertThat((long) loads.get()).isBetween(2L, bound);
        nodes.forEach(node -> {
            assertThat(node.cache().stats().failures()).containsOnlyKeys(FailureKind.DECODE);
            assertThat(node.cache().stats().near().hitRatio()).isGreaterThan(0.5);
        });
        ScenarioReport.figure(
                "X19",
                variant(),
                loads.get() * 60_000L / took.toMillis() + " loads a minute of a key that both versions read all the"
                        + " time, bound " + 2 * Duration.ofMinutes(1).dividedBy(between)
                        + " at a staleness bound of 250 ms; "
                        + reads + " reads without an exception; "
                        + nearHealth(nodes.get(0).cache()));
    }

    @Test
    final void X21_aBurstOnTwoNodesCausesOneLoad() {
        int fewestRounds = 10;
        int mostRounds = 40;
        Duration load = Duration.ofMillis(50);
        AtomicInteger loads = new AtomicInteger();
        Loader<String, String> loader = key -> {
            loads.incrementAndGet();
            Rows.take(load);
            return "row " + key;
        };
        List<Cache<String, String>> nodes =
                List.of(node("x21", builder -> builder.loader(loader)), node("x21", builder -> builder.loader(loader)));
        for (int i = 0; i < 5; i++) {
            String key = "warm-up " + i;
            burst(caller -> nodes.get(caller % 2).get(key));
        }

        List<Duration> spans = new ArrayList<>();
        List<Duration> bare = new ArrayList<>();
        for (int round = 0; round < mostRounds && (round < fewestRounds || !isWithin(spans, bare)); round++) {
            String key = "cold " + round;
            // The same threads and a bare future for the load: what the machine makes of it at the moment.
            Map<String, CompletableFuture<String>> futures = new ConcurrentHashMap<>();
            bare.add(Callers.span(burst(caller -> futures.computeIfAbsent(
                            key, k -> CompletableFuture.supplyAsync(() -> "row " + k, after(load)))
                    .join())));
            loads.set(0);
            List<Callers.Outcome<String>> outcomes =
                    burst(caller -> nodes.get(caller % 2).get(key));
            assertThat(outcomes)
                    .allSatisfy(outcome -> assertThat(outcome.value()).isEqualTo("row " + key));
            assertThat(loads).hasValue(1);
            spans.add(Callers.span(outcomes));
        }

        System.out.println("X21, " + variant() + ": "
                + spans.stream().map(OneNodeScenarios::millis).toList() + " ms; with a bare future "
                + bare.stream().map(OneNodeScenarios::millis).toList() + " ms");
        assertThat(isWithin(spans, bare)).as("within 1.5 times the load").isTrue();
        ScenarioReport.figure(
                "X21",
                variant(),
                "1 load in total in each of " + spans.size() + " rounds, done in " + millis(best(spans))
                        + " ms at best, " + millis(median(spans)) + " ms in the median; with a bare future "
                        + millis(best(bare)) + " ms and " + millis(median(bare)) + " ms");
    }

    private static Executor after(Duration delay) {
        return CompletableFuture.delayedExecutor(delay.toMillis(), TimeUnit.MILLISECONDS);
    }

    private static boolean isWithin(List<Duration> spans, List<Duration> bare) {
        return best(spans).compareTo(best(bare).multipliedBy(3).dividedBy(2)) <= 0;
    }

    private static Duration best(List<Duration> spans) {
        return spans.stream().min(Duration::compareTo).orElseThrow();
    }

    private static Duration median(List<Duration> spans) {
        return spans.stream().sorted().toList().get(spans.size() / 2);
    }

    private static List<Callers.Outcome<String>> burst(IntFunction<String> call) {
        return Callers.begin(2 * 200, call).ended();
    }

    private static long leasesGranted(Cache<?, ?> cache) {
        return cache.stats().far().leasesGranted();
    }
}
