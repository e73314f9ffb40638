package dev.terrace.cache.redis;

import dev.terrace.cache.spi.FarStore.MarkerReading;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The highest number that a cache's counter is known to have given, from which a counter that was lost goes on: records that
 * were stored under it may still be there, and no invalidation may be given a lower one. Thread-safe.
 */
final class KnownSequence {

    /**
     * What is higher no clock gives, and is forgotten with the server that has it: the range of numbers ends at 2⁵², and no
     * foreign value is to be carried on that would leave them no room.
     */
    static final long HIGHEST = (1L << 52) - (1L << 42);

    private final AtomicLong highest = new AtomicLong();

    long highest() {
        return highest.get();
    }

    /** Takes over what a server answered. */
    MarkerReading seen(MarkerReading reading) {
        seen(reading.seq());
        reading.values().values().forEach(this::seen);
        return reading;
    }

    private void seen(long seq) {
        if (seq > highest.get() && seq <= HIGHEST) {
            highest.accumulateAndGet(seq, Math::max);
        }
    }

    @Override
    public String toString() {
        return "numbers up to " + highest;
    }
}
