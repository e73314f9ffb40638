package dev.terrace.cache.memcached;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a server's clock, of which it tells whole seconds alone. Each answer says between which two bounds the clock
 * was; together they narrow it down, the more so the closer an answer was to the turn of a second, which {@link #untilTurn} helps
 * to hit. No wall clock of this machine takes part. Thread-safe and lock-free.
 */
final class ServerClock {

    /** A clock may go astray by this part of the time that has passed: 0.1 ms in 1 s. */
    private static final long DRIFT = 10_000;

    private static final long SECOND = TimeUnit.SECONDS.toMicros(1);
    private static final long NANOS_PER_MICRO = 1_000;

    private final LongSupplier nanos;
    private final AtomicReference<@Nullable Bounds> bounds = new AtomicReference<>();

    /** @param nanos local monotonic time */
    ServerClock(LongSupplier nanos) {
        this.nanos = nanos;
    }

    /**
     * The server's time minus local time, in µs.
     *
     * @param takenAt local µs
     */
    private record Bounds(long least, long most, long takenAt) {
        Bounds at(long localMicros) {
            long drift = (localMicros - takenAt) / DRIFT;
            return new Bounds(least - drift, most + drift, localMicros);
        }
    }

    /**
     * Takes an answer.
     *
     * @param seconds the server's time
     * @param askedAt local monotonic time just before the question was sent
     */
    void sample(long seconds, long askedAt) {
        long now = localMicros();
        long least = seconds * SECOND - now;
        long most = (seconds + 1) * SECOND - askedAt / NANOS_PER_MICRO;
        bounds.updateAndGet(before -> {
            if (before != null) {
                Bounds old = before.at(now);
                if (Math.max(old.least(), least) < Math.min(old.most(), most)) {
                    return new Bounds(Math.max(old.least(), least), Math.min(old.most(), most), now);
                }
            }
            // The first, or of a server whose clock was set or which is another by now.
            return new Bounds(least, most, now);
        });
    }

    /** The server's time in µs, or {@link Long#MIN_VALUE} while it is not known. */
    long micros() {
        Bounds known = bounds.get();
        return known == null ? Long.MIN_VALUE : localMicros() + middle(known);
    }

    /** By how much {@link #micros} may be wrong, in µs. */
    long doubt() {
        Bounds known = bounds.get();
        return known == null ? Long.MAX_VALUE : (known.most() - known.least()) / 2;
    }

    /** How long until the server's second turns, as far as is known, in µs: the moment at which an answer says most. */
    long untilTurn() {
        return SECOND - Math.floorMod(micros(), SECOND);
    }

    /** Another clock's time minus this one's at least, in µs; negative where that is not known to be positive. */
    long leastAheadOf(ServerClock other) {
        Bounds mine = bounds.get();
        Bounds others = other.bounds.get();
        return mine == null || others == null ? 0 : mine.least() - others.most();
    }

    /** This clock's time minus another's, in µs, as far as is known. */
    long aheadOf(ServerClock other) {
        Bounds mine = bounds.get();
        Bounds others = other.bounds.get();
        return mine == null || others == null ? 0 : middle(mine) - middle(others);
    }

    private static long middle(Bounds known) {
        return known.least() + (known.most() - known.least()) / 2;
    }

    private long localMicros() {
        return nanos.getAsLong() / NANOS_PER_MICRO;
    }
}
