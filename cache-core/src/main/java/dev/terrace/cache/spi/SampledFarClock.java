package dev.terrace.cache.spi;

import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A far clock for implementations of {@link FarStore} to feed with what the server tells. Thread-safe and lock-free.
 *
 * <p>An answer proves only that the server's time fell between question and answer, so a slow one proves little: taken at its
 * word, an answer that lay in a frozen server for a minute would put this clock a minute ahead, and writes issued by it would
 * have a minute more before they are late. So the clock is set from an answer that is about as quick as the best before it,
 * and by any other only as far as that one disproves it, which is what happens when the server's clock was set or another
 * server took over.
 */
public final class SampledFarClock implements FarClock {

    private static final long NANOS_PER_MICRO = 1_000;
    private static final long MICROS_PER_MILLI = 1_000;

    /** How much a sample is taken to lose in precision while it ages: 1 ms in 1 s, far more than clocks drift. */
    private static final long AGE_PER_DOUBT = 1_000;

    private final LongSupplier nanos;
    private final AtomicReference<@Nullable Setting> setting = new AtomicReference<>();

    /** A clock that runs by {@link System#nanoTime}. */
    public SampledFarClock() {
        this(System::nanoTime);
    }

    /** @param nanos local monotonic time, in nanoseconds */
    public SampledFarClock(LongSupplier nanos) {
        this.nanos = nanos;
    }

    /**
     * Takes an answer of the server.
     *
     * @param serverMicros the server's time, in microseconds since the epoch
     * @param askedAt local monotonic time just before the question was sent, in nanoseconds
     */
    public void sample(long serverMicros, long askedAt) {
        long answeredAt = nanos.getAsLong();
        setting.updateAndGet(before -> next(before, serverMicros, askedAt, answeredAt));
    }

    /** Whether the server has ever told its time. */
    public boolean isKnown() {
        return setting.get() != null;
    }

    /** The server's time in microseconds, or {@link Long#MIN_VALUE} while it is not known. */
    public long micros() {
        return microsAt(nanos.getAsLong());
    }

    /** What the server's time was at a local monotonic time, in microseconds, or {@link Long#MIN_VALUE}. */
    public long microsAt(long localNanos) {
        Setting now = setting.get();
        return now == null ? Long.MIN_VALUE : now.offset() + localNanos / NANOS_PER_MICRO;
    }

    /** What the server's time was at least at a local monotonic time, in microseconds, or {@link Long#MIN_VALUE}. */
    public long leastMicrosAt(long localNanos) {
        Setting now = setting.get();
        return now == null ? Long.MIN_VALUE : now.offset() - now.doubtAt(localNanos) + localNanos / NANOS_PER_MICRO;
    }

    @Override
    public long millis() {
        long micros = micros();
        return micros == Long.MIN_VALUE ? Long.MIN_VALUE : micros / MICROS_PER_MILLI;
    }

    private static Setting next(@Nullable Setting before, long serverMicros, long askedAt, long answeredAt) {
        long most = serverMicros - askedAt / NANOS_PER_MICRO;
        long least = serverMicros - answeredAt / NANOS_PER_MICRO;
        long doubt = most - least;
        if (before == null || doubt <= before.doubtAt(answeredAt)) {
            return new Setting(most, doubt, answeredAt);
        }
        if (before.offset() < least) {
            return new Setting(least, doubt, answeredAt);
        }
        return before.offset() > most ? new Setting(most, before.doubt(), before.takenAt()) : before;
    }

    /**
     * The server's time minus local time, never too low at the moment it was taken.
     *
     * @param offset in microseconds
     * @param doubt by how much the offset may be too high, in microseconds
     * @param takenAt local nanoseconds
     */
    private record Setting(long offset, long doubt, long takenAt) {
        long doubtAt(long localNanos) {
            return doubt + (localNanos - takenAt) / NANOS_PER_MICRO / AGE_PER_DOUBT;
        }
    }
}
