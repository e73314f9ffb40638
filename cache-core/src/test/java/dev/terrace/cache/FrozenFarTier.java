package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.terrace.cache.CacheListener.BreakerState;
import dev.terrace.cache.testkit.ScenarioReport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.LoggerFactory;

/** X04: what readers of near-resident and of missing keys see while the far tier is frozen, and when it is used again. */
public final class FrozenFarTier {

    private static final Duration BUDGET = Duration.ofMillis(100);

    private FrozenFarTier() {}

    /** How the far tier is out. */
    public interface Outage {

        /** Nothing is answered from now on. */
        void begin();

        /** Returns when it is to end. */
        void last();

        /** Somebody answers from now on. */
        void end();

        /** What the end is, for the report. */
        String over();
    }

    /** What the node that reads needs. */
    public static CacheBuilder<String, String> settings(CacheBuilder<String, String> builder) {
        return builder.farBudget(BUDGET).maxStaleness(Duration.ofSeconds(1)).loader(key -> "loaded " + key);
    }

    /**
     * Tells the scenario.
     *
     * @param writer a node of the same cache without a near tier; it is closed
     * @param node one with these {@link #settings}
     */
    public static void underLoad(
            Cache<String, String> writer, Cache<String, String> node, Outage outage, String reported) {
        int readers = 4;
        int resident = 50;
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
            outage.begin();
            frozenAt.set(System.nanoTime());
            try {
                Eventually.holds("the breaker opens", () -> node.stats().far().breaker() != BreakerState.CLOSED);
                openedAt.set(System.nanoTime());
                outage.last();
                over.set(true);
            } finally {
                over.set(true);
                outage.end();
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
                    + nearReads.p99() + " ms; far tier used again " + ScenarioNodes.millis(healed) + " ms after "
                    + outage.over() + "; "
                    + log.events().size() + " log lines, " + warnings.size() + " of them warnings";
            System.out.println(reported + ": " + figure + ", " + cutOffServes + " near hits while cut off, "
                    + missingReads + ", " + nearReads + ", " + node.stats().failures() + "\n" + log.events());

            assertThat(missingReads.failures + nearReads.failures).isZero();
            assertThat(missingReads.all).hasSizeGreaterThan(readers);
            assertThat(Math.max(missingReads.worst(), nearReads.worst()))
                    .isLessThan(BUDGET.plus(ScenarioNodes.SLACK).toMillis());
            // One call of each reader, or two where it was between two, may have waited for the budget.
            assertThat(missingReads.slowerThan(BUDGET) + nearReads.slowerThan(BUDGET))
                    .isLessThan(8L * readers);
            assertThat(missingReads.laterMedian()).isLessThan(BUDGET.toMillis() / 5);
            assertThat(cutOffServes).isPositive();
            assertThat(node.stats().failures()).containsKey(FailureKind.FAR_READ);
            assertThat(warnings).hasSizeLessThanOrEqualTo(FailureKind.values().length);
            assertThat(warnings).doesNotHaveDuplicates();
            assertThat(log.events()).hasSizeLessThan(15);
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
}
