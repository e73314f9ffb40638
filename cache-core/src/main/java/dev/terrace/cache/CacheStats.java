package dev.terrace.cache;

import dev.terrace.cache.codec.Compression;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Counts since a cache was built, and a few present values. A snapshot; the counts are not of one instant.
 *
 * @param near the near tier
 * @param far the far tier
 * @param loads the loader
 * @param link how changes in the far tier are told to this node
 * @param failures failures that no caller was told of, by kind
 * @param tiers the tiers that the cache has; what is counted of another is zero
 */
public record CacheStats(
        NearStats near,
        FarStats far,
        LoadStats loads,
        LinkStats link,
        Map<FailureKind, Long> failures,
        Set<Lookup.Tier> tiers) {

    /**
     * The near tier.
     *
     * @param hits reads answered by it, fresh or stale
     * @param misses reads it could not answer
     * @param size entries now, an estimate
     * @param weight their weight now, where they are weighed
     * @param evictions entries given up for size or at the end of their life
     * @param inserts values stored
     * @param refusedInserts values not stored because their key, or one of its stripe, changed meanwhile
     * @param validations copies compared with the far tier after their trust had ended
     * @param cutOffServes reads answered beyond the staleness bound because the far tier could not be reached
     */
    public record NearStats(
            long hits,
            long misses,
            long size,
            OptionalLong weight,
            long evictions,
            long inserts,
            long refusedInserts,
            long validations,
            long cutOffServes) {

        /** Share of reads answered; 1 before the first read. */
        public double hitRatio() {
            long reads = hits + misses;
            return reads == 0 ? 1 : (double) hits / reads;
        }
    }

    /**
     * The far tier.
     *
     * @param hits keys answered by it
     * @param misses keys it could not answer
     * @param fills values stored after a load
     * @param refusedFills values not stored because their key changed meanwhile
     * @param leasesGranted leases won
     * @param leasesBusy lease requests that found another holder
     * @param puts values written
     * @param invalidations keys, tags and clears invalidated
     * @param breaker the circuit breaker now
     * @param recoveryQueued repairs waiting now
     * @param recoveryAge age of the one that waits longest; zero where none does
     * @param silence how long ago the far tier last answered anything; that it never has is a very long time
     * @param bytes the bytes of values
     */
    public record FarStats(
            long hits,
            long misses,
            long fills,
            long refusedFills,
            long leasesGranted,
            long leasesBusy,
            long puts,
            long invalidations,
            CacheListener.BreakerState breaker,
            int recoveryQueued,
            Duration recoveryAge,
            Duration silence,
            FarBytes bytes) {}

    /**
     * The bytes of values, as the codec makes them, without keys and headers.
     *
     * @param read from the far tier
     * @param written to it, also where it refused them
     * @param compression what the codec compressed
     */
    public record FarBytes(long read, long written, Compression compression) {}

    /**
     * The link, on which the far tier tells of changes.
     *
     * @param state whether it tells now
     * @param trustAge how long ago the heartbeat was sent that near copies are trusted by; they are while this is less than
     *     {@code maxStaleness}. Very long where there is no link, or none yet
     * @param changes keys and tags of which a change was told, by whomever
     * @param armings how often it began anew, so that near copies from before had to be compared
     */
    public record LinkStats(CacheListener.LinkState state, Duration trustAge, long changes, long armings) {
        static final LinkStats NONE =
                new LinkStats(CacheListener.LinkState.NONE, Duration.ofNanos(Long.MAX_VALUE), 0, 0);
    }

    /**
     * The loader.
     *
     * @param successes loads that returned; a bulk load counts once
     * @param failures loads that threw or timed out
     * @param totalTime time spent in both
     * @param coalesced callers that waited for a load started by another
     * @param staleServes stale values served
     * @param running loads running now
     */
    public record LoadStats(
            long successes, long failures, Duration totalTime, long coalesced, long staleServes, int running) {}
}
