package dev.terrace.cache.examples.storefront;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLongArray;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * What readers saw while the first node changed prices.
 *
 * @param changes prices changed
 * @param checkedReads reads on the changing node that began after a change of their product had returned
 * @param outdatedReads those of them that were given the product as it was before
 * @param elsewhere what another node saw, or null if there is none
 */
record PriceChanges(
        int changes,
        long checkedReads,
        long outdatedReads,
        @Nullable Elsewhere elsewhere) {

    /**
     * What another node saw.
     *
     * @param seenAfter the time from a change's return to the other node's first read that saw it, in nanoseconds
     * @param unseen changes that it did not see at all
     * @param outdatedReads reads that began later than the staleness bound after a change, and did not see it
     */
    record Elsewhere(Histogram seenAfter, int unseen, long outdatedReads) {}

    /** After how long another node sees a change, whatever happens; the library's default. */
    static final Duration MAX_STALENESS = Duration.ofSeconds(1);

    /** The shop's caches must have {@link #MAX_STALENESS}. */
    static PriceChanges run(Shop shop, int threads) {
        return new Experiment(shop).run(Math.max(1, threads - 2));
    }

    private static final class Experiment {

        private static final int CHANGES = 200;
        private static final Duration BETWEEN_CHANGES = Duration.ofMillis(10);
        private static final Duration BREATH = Duration.ofNanos(100_000);
        private static final int READS_BETWEEN_BREATHS = 50;
        private static final Duration LONGEST_WATCH = Duration.ofSeconds(60);

        private final CachedProducts here;
        private final @Nullable CachedProducts elsewhere;

        /** By product: the revision that a change has stored, 0 before it returned. */
        private final AtomicIntegerArray storedRevision = new AtomicIntegerArray(CHANGES + 1);

        /** By product: when the change returned. */
        private final AtomicLongArray storedAt = new AtomicLongArray(CHANGES + 1);

        private volatile boolean allStored;

        Experiment(Shop shop) {
            here = shop.nodeFor(0);
            elsewhere = shop.nodes().size() > 1 ? shop.nodeFor(1) : null;
        }

        PriceChanges run(int readers) {
            for (int id = 1; id <= CHANGES; id++) {
                for (CachedProducts node : elsewhere == null ? List.of(here) : List.of(here, elsewhere)) {
                    node.findById(id);
                }
            }
            List<Callable<Checks>> tasks = new ArrayList<>();
            tasks.add(this::change);
            for (int i = 0; i < readers; i++) {
                SplittableRandom random = new SplittableRandom(i);
                tasks.add(() -> readHere(random));
            }
            Histogram seenAfter = new Histogram(3);
            if (elsewhere != null) {
                tasks.add(() -> watch(elsewhere, seenAfter));
            }
            List<Checks> checks = Workers.runAll(tasks, () -> {});
            Checks there = elsewhere == null ? Checks.NONE : checks.remove(checks.size() - 1);
            return new PriceChanges(
                    CHANGES,
                    checks.stream().mapToLong(Checks::reads).sum(),
                    checks.stream().mapToLong(Checks::outdated).sum(),
                    elsewhere == null
                            ? null
                            : new Elsewhere(seenAfter, CHANGES - (int) seenAfter.getTotalCount(), there.outdated));
        }

        private Checks change() {
            int outdated = 0;
            for (int id = 1; id <= CHANGES; id++) {
                Product product = here.findById(id);
                Product changed = product.withPrice(product.priceInCents() + 100);
                here.update(changed);
                storedRevision.set(id, changed.revision());
                storedAt.set(id, System.nanoTime());
                if (revision(here, id) < changed.revision()) {
                    outdated++;
                }
                Pause.of(BETWEEN_CHANGES);
            }
            allStored = true;
            return new Checks(CHANGES, outdated);
        }

        private Checks readHere(SplittableRandom random) {
            long checked = 0;
            long outdated = 0;
            for (int reads = 1; !allStored; reads++) {
                int id = 1 + random.nextInt(CHANGES);
                int stored = storedRevision.get(id);
                int read = revision(here, id);
                if (stored > 0) {
                    checked++;
                    outdated += read < stored ? 1 : 0;
                }
                if (reads % READS_BETWEEN_BREATHS == 0) {
                    Pause.of(BREATH);
                }
            }
            return new Checks(checked, outdated);
        }

        /** Reads all products again and again, so that this node has all of them and has no other reason to look again. */
        private Checks watch(CachedProducts node, Histogram seenAfter) {
            boolean[] seen = new boolean[CHANGES + 1];
            long reads = 0;
            long outdated = 0;
            long end = System.nanoTime() + LONGEST_WATCH.toNanos();
            while (seenAfter.getTotalCount() < CHANGES && System.nanoTime() - end < 0) {
                for (int id = 1; id <= CHANGES; id++) {
                    long changedAt = storedAt.get(id);
                    long start = System.nanoTime();
                    boolean current = revision(node, id) >= storedRevision.get(id);
                    reads++;
                    if (changedAt == 0) {
                        continue;
                    }
                    if (current && !seen[id]) {
                        seen[id] = true;
                        seenAfter.recordValue(System.nanoTime() - changedAt);
                    }
                    if (!current && start - changedAt > MAX_STALENESS.toNanos()) {
                        outdated++;
                    }
                }
                Pause.of(BREATH);
            }
            return new Checks(reads, outdated);
        }

        private static int revision(CachedProducts node, long id) {
            return node.findById(id).revision();
        }
    }

    private record Checks(long reads, long outdated) {

        static final Checks NONE = new Checks(0, 0);
    }
}
