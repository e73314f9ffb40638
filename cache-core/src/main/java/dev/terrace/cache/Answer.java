package dev.terrace.cache;

import dev.terrace.cache.CacheListener.StaleReason;
import org.jspecify.annotations.Nullable;

/**
 * What a read found.
 *
 * @param entry the entry to serve; null where there is nothing
 * @param from where it came from; null where there is nothing, or a loader gave it
 * @param stale why a stale value is served; null where it is not
 * @param loaded whether a loader was asked
 */
record Answer<V>(
        @Nullable Entry<V> entry,
        Lookup.@Nullable Tier from,
        @Nullable StaleReason stale,
        boolean loaded) {

    static <V> Answer<V> nothing() {
        return new Answer<>(null, null, null, false);
    }

    static <V> Answer<V> loadedNothing() {
        return new Answer<>(null, null, null, true);
    }

    static <V> Answer<V> loaded(Entry<V> entry) {
        return new Answer<>(entry, null, null, true);
    }

    static <V> Answer<V> found(Entry<V> entry, Lookup.Tier tier) {
        return new Answer<>(entry, tier, null, false);
    }

    static <V> Answer<V> stale(Entry<V> entry, StaleReason reason) {
        return new Answer<>(entry, null, reason, false);
    }
}
