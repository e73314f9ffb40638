package dev.terrace.cache.redis;

import dev.terrace.cache.spi.SampledFarClock;

/**
 * How far other clocks are ahead of one server's. None of them is known better than the time that its server takes to answer,
 * so what was taken for the difference last is kept until they disprove it, and clocks that cannot be told apart agree: times
 * that are told in another clock do not waver with each answer. Thread-safe and lock-free.
 */
final class ClockDifference {

    /** What clocks may drift apart between two answers, and their rounding. */
    private static final long PRECISION_MICROS = 1_000;

    private static final long MICROS_PER_MILLI = 1_000;

    private final SampledFarClock theirs;
    private volatile long lastMicros;

    ClockDifference(SampledFarClock theirs) {
        this.theirs = theirs;
    }

    /** In milliseconds; zero while either is not known. */
    long millisTo(SampledFarClock ours, long localNanos) {
        if (ours == theirs || !ours.isKnown() || !theirs.isKnown()) {
            return 0;
        }
        long most = ours.microsAt(localNanos) - theirs.leastMicrosAt(localNanos);
        long least = ours.leastMicrosAt(localNanos) - theirs.microsAt(localNanos);
        long last = lastMicros;
        if (last < least - PRECISION_MICROS || last > most + PRECISION_MICROS) {
            last = ours.microsAt(localNanos) - theirs.microsAt(localNanos);
            lastMicros = last;
        }
        return Math.floorDiv(last, MICROS_PER_MILLI);
    }
}
