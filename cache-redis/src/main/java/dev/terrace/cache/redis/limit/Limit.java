package dev.terrace.cache.redis.limit;

import java.time.Duration;
import java.util.Objects;

/** So many permits in such a time. Immutable; methods that change something make a copy. */
public final class Limit {

    private static final int MOST = 1_000_000;

    private final int permits;
    private final Duration period;
    private final int burst;
    private final Algorithm algorithm;

    private Limit(int permits, Duration period, int burst, Algorithm algorithm) {
        this.permits = permits;
        this.period = period;
        this.burst = burst;
        this.algorithm = algorithm;
    }

    /** A limit by GCRA for each second, with a burst of a tenth. */
    public static Limit perSecond(int permits) {
        return of(permits, Duration.ofSeconds(1));
    }

    /**
     * A limit by GCRA, with a burst of a tenth of the permits.
     *
     * @param permits 1 to 1,000,000
     * @param period 1 ms to 366 days
     */
    public static Limit of(int permits, Duration period) {
        requirePermits("permits", permits);
        if (period.toMillis() < 1 || period.toDays() > 366) {
            throw new IllegalArgumentException("period " + period + " is not between 1 ms and 366 days");
        }
        return new Limit(permits, period, Math.max(1, permits / 10), Algorithm.GCRA);
    }

    /**
     * How much is granted at once after a time in which little was asked for; for GCRA, which others ignore.
     *
     * @param burst 1 to 1,000,000
     */
    public Limit burst(int burst) {
        requirePermits("burst", burst);
        return new Limit(permits, period, burst, algorithm);
    }

    /** Counts otherwise. */
    public Limit by(Algorithm algorithm) {
        return new Limit(permits, period, burst, Objects.requireNonNull(algorithm, "algorithm"));
    }

    private static void requirePermits(String what, int permits) {
        if (permits < 1 || permits > MOST) {
            throw new IllegalArgumentException(what + " " + permits + " is not between 1 and " + MOST);
        }
    }

    int permits() {
        return permits;
    }

    Duration period() {
        return period;
    }

    int burst() {
        return burst;
    }

    Algorithm algorithm() {
        return algorithm;
    }

    /** The most that can be granted at once. */
    int most() {
        return algorithm == Algorithm.GCRA ? burst : permits;
    }

    @Override
    public String toString() {
        return permits + " in " + period + " by " + algorithm
                + (algorithm == Algorithm.GCRA ? " with a burst of " + burst : "");
    }
}
