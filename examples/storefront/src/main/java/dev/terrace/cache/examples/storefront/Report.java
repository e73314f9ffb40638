package dev.terrace.cache.examples.storefront;

import dev.terrace.cache.FailureKind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Everything that a run of the demo has found out. */
record Report(Setup setup, Reading reading, Scenes scenes) {

    /**
     * What was run.
     *
     * @param nodes how many nodes the shop had; two share a Redis
     * @param products how many products the catalogue had
     * @param timeInSql how long a query took in the database itself, without the simulated network
     */
    record Setup(Traffic traffic, Options options, int nodes, int products, Duration timeInSql) {}

    /**
     * The traffic, once sent to the database and once through the caches.
     *
     * @param direct a sample of the traffic, from its begin, without a cache
     * @param cached the traffic with caches that were empty at first
     * @param counts what was counted meanwhile
     * @param timeline the same in the course of time
     * @param failures what the caches counted as failed meanwhile, although every read was answered
     */
    record Reading(
            Replay direct,
            Replay cached,
            Counts counts,
            List<Timeline.Interval> timeline,
            Map<FailureKind, Long> failures) {

        /** Queries that were not made because a cache answered. */
        long queriesSaved() {
            return cached.reads() - counts.queries();
        }

        double queriesSavedRatio() {
            return (double) queriesSaved() / cached.reads();
        }
    }

    /** What was tried besides. */
    record Scenes(ListingPage listing, Burst burst, PriceChanges changes, Outage outage) {}

    /** Something that the library promises, and whether it was so. */
    record Promise(String text, boolean held) {}

    List<Promise> promises() {
        List<Promise> promises = new ArrayList<>();
        promises.add(new Promise("every read was answered, with the right product", reading.cached.failures() == 0));
        promises.add(new Promise(
                "a page of many products took one query at most",
                scenes.listing.found() == scenes.listing.products() && scenes.listing.queries() <= 1));
        promises.add(new Promise(
                "a burst of callers for one product took one query",
                scenes.burst.answered() == scenes.burst.callers() && scenes.burst.queries() == 1));
        promises.add(new Promise(
                "no read after a change was given what was there before",
                scenes.changes.checkedReads() > 0 && scenes.changes.outdatedReads() == 0));
        PriceChanges.Elsewhere elsewhere = scenes.changes.elsewhere();
        if (elsewhere != null) {
            promises.add(new Promise(
                    "the other node saw every change within " + Figures.time(PriceChanges.MAX_STALENESS),
                    elsewhere.unseen() == 0 && elsewhere.outdatedReads() == 0));
        }
        promises.add(new Promise(
                "with the database off, every product that had been read was still served",
                scenes.outage.servedStale() > 0 && scenes.outage.cached().failed() == 0));
        return promises;
    }

    boolean allPromisesHeld() {
        return promises().stream().allMatch(Promise::held);
    }
}
