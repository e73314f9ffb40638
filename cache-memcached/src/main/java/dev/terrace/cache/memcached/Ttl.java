package dev.terrace.cache.memcached;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Memcached's rules of time, in one place: whole seconds; 0 is for ever; negative is over; up to 30 days is from now on, more is a
 * time of the server's own clock. A time to live of <i>n</i> seconds ends between <i>n</i> − 1 and <i>n</i> seconds later.
 */
final class Ttl {

    static final int FOREVER = 0;

    private static final long RELATIVE = TimeUnit.DAYS.toSeconds(30);

    private Ttl() {}

    /**
     * What keeps an item for that long at least, and two seconds longer at most.
     *
     * @param serverMicros the server's clock
     */
    static int of(Duration life, long serverMicros) {
        long seconds = life.isNegative() ? 1 : seconds(life);
        if (seconds <= RELATIVE) {
            return (int) seconds;
        }
        long end = seconds + TimeUnit.MICROSECONDS.toSeconds(serverMicros) + 1;
        return end > Integer.MAX_VALUE || end < 0 ? FOREVER : (int) end;
    }

    /** As {@link #of} for what must be over after 30 days at most: stubs and leases. */
    static int brief(Duration life) {
        return (int) Math.min(seconds(life), RELATIVE);
    }

    private static long seconds(Duration life) {
        long whole = life.getSeconds();
        return (whole > RELATIVE * 1_000 ? RELATIVE * 1_000 : life.getNano() > 0 ? whole + 1 : whole) + 1;
    }
}
