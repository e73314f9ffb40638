package dev.terrace.cache.strategy;

import java.time.Duration;
import java.util.function.LongSupplier;

/** One deadline for all that a close waits for. */
final class CloseDeadline {

    /** The part of it that is left to those who are interrupted while they write. */
    private static final int LAST = 10;

    private final LongSupplier nanoTime;
    private final long end;
    private final long endOfWriting;

    /** Begins now. */
    CloseDeadline(LongSupplier nanoTime, Duration longest, boolean awaitsWriters) {
        this.nanoTime = nanoTime;
        this.end = nanoTime.getAsLong() + longest.toNanos();
        this.endOfWriting = awaitsWriters ? end - longest.toNanos() / LAST : end;
    }

    /** How long may still be written. */
    Duration toWrite() {
        return until(endOfWriting);
    }

    /** How long may still be waited at all. */
    Duration toEnd() {
        return until(end);
    }

    private Duration until(long time) {
        return Duration.ofNanos(Math.max(0, time - nanoTime.getAsLong()));
    }
}
