package dev.terrace.cache.spi;

import java.time.Duration;

/**
 * A shared tier of bytes, such as one Redis, in which any number of caches keep their records. Thread-safe.
 *
 * <p>{@link Object#toString()} names the tier for logs and never shows credentials.
 */
public interface FarTier extends AutoCloseable {

    /**
     * Opens the records of one cache. Does not block and does not need the server to be reachable.
     *
     * @param cacheName a name of {@code [A-Za-z0-9._-]+}
     * @param budget how long the cache waits for one operation; a write that reaches the server later than this after
     *     it was issued must not be applied there
     * @throws IllegalStateException if this tier is closed, or has a cache of that name open
     */
    FarStore open(String cacheName, Duration budget);

    /** Closes what this tier opened itself; a client that was handed in stays open. Bounded, idempotent. */
    @Override
    void close();
}
