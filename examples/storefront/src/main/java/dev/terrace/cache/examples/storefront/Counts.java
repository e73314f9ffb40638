package dev.terrace.cache.examples.storefront;

import dev.terrace.cache.CacheStats;
import java.util.List;

/**
 * What has been counted up to a moment, or between two.
 *
 * @param nearHits reads answered by a near tier
 * @param nearMisses reads not answered by one
 * @param farHits products that came from the far tier
 * @param loads loads that a cache made
 * @param coalesced reads that waited for a load which another read had started
 * @param staleServes reads answered with a stale value
 * @param queries queries that the database answered
 * @param failedQueries queries that it did not
 */
record Counts(
        long nearHits,
        long nearMisses,
        long farHits,
        long loads,
        long coalesced,
        long staleServes,
        long queries,
        long failedQueries) {

    static Counts of(List<CacheStats> caches, Database database) {
        return new Counts(
                caches.stream().mapToLong(cache -> cache.near().hits()).sum(),
                caches.stream().mapToLong(cache -> cache.near().misses()).sum(),
                caches.stream().mapToLong(cache -> cache.far().hits()).sum(),
                caches.stream()
                        .mapToLong(cache ->
                                cache.loads().successes() + cache.loads().failures())
                        .sum(),
                caches.stream().mapToLong(cache -> cache.loads().coalesced()).sum(),
                caches.stream().mapToLong(cache -> cache.loads().staleServes()).sum(),
                database.queries(),
                database.failures());
    }

    Counts minus(Counts earlier) {
        return new Counts(
                nearHits - earlier.nearHits,
                nearMisses - earlier.nearMisses,
                farHits - earlier.farHits,
                loads - earlier.loads,
                coalesced - earlier.coalesced,
                staleServes - earlier.staleServes,
                queries - earlier.queries,
                failedQueries - earlier.failedQueries);
    }

    long reads() {
        return nearHits + nearMisses;
    }

    double nearHitRatio() {
        return reads() == 0 ? 0 : (double) nearHits / reads();
    }
}
