package dev.terrace.cache.examples.storefront;

import dev.terrace.cache.Lookup;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * What readers were given while the database was switched off, by a cache whose products are fresh for a short time only.
 *
 * @param window when the database was off
 * @param cached reads, before, during and after, of products that had been read before
 * @param unknown reads, while it was off, of products that had never been read
 * @param servedStale reads that were given a stale product while it was off
 * @param recovery what happened when it was back
 * @param timeline what was counted in the course of time
 */
record Outage(
        Window window,
        Reads cached,
        Reads unknown,
        long servedStale,
        Recovery recovery,
        List<Timeline.Interval> timeline) {

    static final Duration FRESH_FOR = Duration.ofSeconds(1);

    /**
     * Longer than the outage, so that what a node has is served whether or not the shared tier answers in time: here only the
     * database is in trouble.
     */
    static final Duration MAX_STALENESS = Duration.ofSeconds(10);

    static final int PRODUCTS = 500;

    /** A time, in seconds from the begin of the timeline. */
    record Window(double from, double to) {}

    /** So many reads, so many of which threw. */
    record Reads(long all, long failed) {}

    /**
     * What happened when the database was back.
     *
     * @param firstQuery after how long it answered a query again
     * @param allReloaded after how long the last product had been loaded anew, or null if it took too long to wait for
     */
    record Recovery(Duration firstQuery, @Nullable Duration allReloaded) {}

    /** For how long the database is on, off and on again; off for longer than products are fresh. */
    record Pace(Duration before, Duration off, Duration after) {

        /** Long enough to be looked at. */
        static final Pace SHOWN = new Pace(Duration.ofSeconds(2), Duration.ofSeconds(2), Duration.ofSeconds(2));
    }

    /** The shop must be one of its own, with caches that have {@link #FRESH_FOR} and {@link #MAX_STALENESS}. */
    static Outage run(Shop shop, Database database, Pace pace, int threads, Progress progress) {
        return new Experiment(shop, database, pace).run(threads, progress);
    }

    private static final class Experiment {

        private static final Duration LONGEST_RECOVERY = Duration.ofSeconds(8);
        private static final Duration BREATH = Duration.ofMillis(1);
        private static final Duration BETWEEN_UNKNOWN = Duration.ofMillis(10);
        private static final int READS_BETWEEN_BREATHS = 10;

        private final Shop shop;
        private final Database database;
        private final Pace pace;
        private final LongAdder cachedReads = new LongAdder();
        private final LongAdder cachedFailures = new LongAdder();
        private final LongAdder unknownReads = new LongAdder();
        private final LongAdder unknownFailures = new LongAdder();
        private volatile boolean off;
        private volatile boolean over;

        Experiment(Shop shop, Database database, Pace pace) {
            this.shop = shop;
            this.database = database;
            this.pace = pace;
        }

        Outage run(int readers, Progress progress) {
            for (CachedProducts node : shop.nodes()) {
                for (long id = 1; id <= PRODUCTS; id++) {
                    node.findById(id);
                }
            }
            Timeline timeline = Timeline.start(() -> Counts.of(shop.stats(), database));
            List<Callable<Optional<Course>>> tasks = new ArrayList<>();
            tasks.add(() -> switchOffAndOn(timeline));
            tasks.add(this::readUnknownProducts);
            for (int i = 0; i < readers; i++) {
                CachedProducts node = shop.nodeFor(i);
                SplittableRandom random = new SplittableRandom(i);
                tasks.add(() -> readCachedProducts(node, random));
            }
            List<Optional<Course>> results = Workers.runAll(
                    tasks,
                    () -> progress.show(
                            "database " + (off ? "OFF" : "on") + ", " + Figures.count(cachedReads.sum()) + " reads"));
            Course course = results.get(0).orElseThrow();
            return new Outage(
                    course.window,
                    new Reads(cachedReads.sum(), cachedFailures.sum()),
                    new Reads(unknownReads.sum(), unknownFailures.sum()),
                    course.servedStale,
                    course.recovery,
                    timeline.stop());
        }

        private Optional<Course> switchOffAndOn(Timeline timeline) {
            try {
                Pause.of(pace.before());
                Counts before = Counts.of(shop.stats(), database);
                Duration from = timeline.elapsed();
                database.switchOff();
                off = true;
                Pause.of(pace.off());
                off = false;
                Counts after = Counts.of(shop.stats(), database);
                Duration to = timeline.elapsed();
                database.switchOn();
                Recovery recovery = recovery(System.nanoTime());
                Pause.of(pace.after());
                return Optional.of(new Course(
                        new Window(from.toNanos() / 1e9, to.toNanos() / 1e9),
                        after.minus(before).staleServes(),
                        recovery));
            } finally {
                database.switchOn();
                over = true;
            }
        }

        private Recovery recovery(long start) {
            long queries = database.queries();
            while (database.queries() == queries && since(start).compareTo(LONGEST_RECOVERY) < 0) {
                Pause.of(BREATH);
            }
            Duration firstQuery = since(start);
            for (CachedProducts node : shop.nodes()) {
                for (long id = 1; id <= PRODUCTS; id++) {
                    while (!loadedSince(start, node, id)) {
                        if (since(start).compareTo(LONGEST_RECOVERY) > 0) {
                            return new Recovery(firstQuery, null);
                        }
                        Pause.of(BREATH);
                    }
                }
            }
            return new Recovery(firstQuery, since(start));
        }

        private static boolean loadedSince(long start, CachedProducts node, long id) {
            Lookup<Product> known = node.cache().lookup(id);
            return known.isPresent() && known.age().compareTo(since(start)) < 0;
        }

        private static Duration since(long start) {
            return Duration.ofNanos(System.nanoTime() - start);
        }

        private Optional<Course> readCachedProducts(CachedProducts node, SplittableRandom random) {
            for (int reads = 1; !over; reads++) {
                if (!answers(node, 1 + random.nextInt(PRODUCTS))) {
                    cachedFailures.increment();
                }
                cachedReads.increment();
                if (reads % READS_BETWEEN_BREATHS == 0) {
                    Pause.of(BREATH);
                }
            }
            return Optional.empty();
        }

        private Optional<Course> readUnknownProducts() {
            for (long id = PRODUCTS + 1; !over; id++) {
                if (off) {
                    if (!answers(shop.nodeFor(0), id)) {
                        unknownFailures.increment();
                    }
                    unknownReads.increment();
                }
                Pause.of(BETWEEN_UNKNOWN);
            }
            return Optional.empty();
        }

        private static boolean answers(CachedProducts node, long id) {
            try {
                return node.findById(id).id() == id;
            } catch (RuntimeException e) {
                return false;
            }
        }
    }

    private record Course(Window window, long servedStale, Recovery recovery) {}
}
