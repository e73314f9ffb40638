package dev.terrace.cache;

import dev.terrace.cache.CacheListener.BreakerState;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A circuit breaker by failure rate: open when half of the last outcomes failed, or five in a row; half-open after a jittered
 * back-off, with one probe at a time. Thread-safe.
 */
final class Breaker {

    private static final int WINDOW = 20;
    private static final int ENOUGH = 5;
    private static final long OUTCOMES_COUNT_FOR = Duration.ofSeconds(10).toNanos();
    private static final long FIRST_PAUSE = Duration.ofMillis(100).toNanos();
    private static final long LONGEST_PAUSE = Duration.ofMillis(500).toNanos();

    private final Ticker ticker;
    private final DoubleSupplier chance;
    private final Consumer<BreakerState> changes;

    private volatile BreakerState state = BreakerState.CLOSED;
    private int generation;
    private int outcomes;
    private int failures;
    private int failuresInARow;
    private long windowStart;
    private long openUntil;
    private long pause = FIRST_PAUSE;
    private boolean probing;

    Breaker(Ticker ticker, DoubleSupplier chance, Consumer<BreakerState> changes) {
        this.ticker = ticker;
        this.chance = chance;
        this.changes = changes;
    }

    BreakerState state() {
        return state;
    }

    /** The right to make one call, to be answered by its outcome; null where no call may be made now. */
    @Nullable
    Permit tryAcquire() {
        Permit permit;
        boolean halfOpened = false;
        synchronized (this) {
            if (state == BreakerState.OPEN && ticker.nanos() >= openUntil) {
                state = BreakerState.HALF_OPEN;
                generation++;
                probing = false;
                halfOpened = true;
            }
            if (state == BreakerState.OPEN || (state == BreakerState.HALF_OPEN && probing)) {
                permit = null;
            } else {
                probing = state == BreakerState.HALF_OPEN;
                permit = new Permit(generation);
            }
        }
        if (halfOpened) {
            changes.accept(BreakerState.HALF_OPEN);
        }
        return permit;
    }

    /** One call. Its outcome counts only while the breaker is as it was when the call began. */
    final class Permit {
        private final int acquiredIn;

        private Permit(int acquiredIn) {
            this.acquiredIn = acquiredIn;
        }

        void succeeded() {
            ended(acquiredIn, true);
        }

        void failed() {
            ended(acquiredIn, false);
        }
    }

    private void ended(int acquiredIn, boolean success) {
        BreakerState next;
        synchronized (this) {
            if (acquiredIn != generation) {
                return;
            }
            next = success ? succeeded() : failed();
            if (next == state) {
                return;
            }
            state = next;
            generation++;
        }
        changes.accept(next);
    }

    private BreakerState succeeded() {
        if (state == BreakerState.HALF_OPEN) {
            pause = FIRST_PAUSE;
            forget();
            return BreakerState.CLOSED;
        }
        count();
        failuresInARow = 0;
        return BreakerState.CLOSED;
    }

    private BreakerState failed() {
        if (state == BreakerState.HALF_OPEN) {
            pause = Math.min(pause * 2, LONGEST_PAUSE);
            return open();
        }
        count();
        failures++;
        failuresInARow++;
        boolean tooMany = failuresInARow >= ENOUGH || (outcomes >= ENOUGH && failures * 2 >= outcomes);
        return tooMany ? open() : BreakerState.CLOSED;
    }

    private BreakerState open() {
        openUntil = ticker.nanos() + (long) (pause * (0.8 + 0.2 * chance.getAsDouble()));
        forget();
        return BreakerState.OPEN;
    }

    private void count() {
        long now = ticker.nanos();
        if (now - windowStart > OUTCOMES_COUNT_FOR || outcomes >= WINDOW * 2) {
            outcomes /= 2;
            failures /= 2;
            windowStart = now;
        }
        outcomes++;
    }

    private void forget() {
        outcomes = 0;
        failures = 0;
        failuresInARow = 0;
        probing = false;
        windowStart = ticker.nanos();
    }
}
