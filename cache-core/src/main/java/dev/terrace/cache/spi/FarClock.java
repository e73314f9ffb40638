package dev.terrace.cache.spi;

/**
 * The far server's clock: its last reply to {@code TIME} plus the local monotonic time since, counted from the moment the
 * question was sent, so that it is never behind the server by more than drift. No node's wall clock takes part. Thread-safe.
 */
@FunctionalInterface
public interface FarClock {

    /** Milliseconds since the epoch on the server, or {@link Long#MIN_VALUE} while no reply has set the clock. */
    long millis();
}
