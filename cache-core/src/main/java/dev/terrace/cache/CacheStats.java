package dev.terrace.cache;

import java.time.Duration;
import java.util.Map;

/**
 * Counts since a cache was built, and a few present values. A snapshot; the counts are not of one instant.
 *
 * @param near the near tier
 * @param far the far tier
 * @param loads the loader
 * @param failures failures that no caller was told of, by kind
 */
public record CacheStats(NearStats near, FarStats far, LoadStats loads, Map<FailureKind, Long> failures) {

    /**
     * The near tier.
     *
     * @param hits reads answered by it, fresh or stale
     * @param misses reads it could not answer
     * @param size entries now, an estimate
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
            int recoveryQueued) {}

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
