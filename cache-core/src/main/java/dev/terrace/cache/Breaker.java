package dev.terrace.cache;

import dev.terrace.cache.CacheListener.BreakerState;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A circuit breaker: stops calls to a far tier that fails, and lets one probe at a time find out whether it is back. Only
 * those who ask to probe do: a heartbeat can afford to wait for a dead server, a read cannot.
 *
 * <p>It opens when half of the {@value RecentOutcomes#WINDOW} last calls failed, or {@value RecentOutcomes#ENOUGH} in a row.
 * The pause before a probe doubles from 100 ms to 500 ms with each that fails, and is shortened at random by up to half, so
 * that the nodes of a fleet do not probe together. One that opens again soon after it closed goes on where it was: a tier
 * that answers heartbeats and nothing else is not called at full rate ten times a second.
 *
 * <p>A permit belongs to the state in which it was given. Once that is over, how its call ended changes nothing.
 *
 * <p>Lock-free; while closed, {@link #tryAcquire} is one volatile read.
 */
final class Breaker {

    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofMillis(500);
    private static final int MOST_DOUBLINGS = 3;

    /** Closed for longer than this, a breaker has forgotten that it was open. */
    private static final Duration RELAPSE = Duration.ofSeconds(10);

    private final Ticker ticker;
    private final DoubleSupplier chance;
    private final AtomicReference<State> state;
    private final Consumer<BreakerState> changes;
    private final AtomicInteger unreported = new AtomicInteger();
    private volatile BreakerState reported = BreakerState.CLOSED;

    /**
     * @param changes told of each change, on the thread that caused it and with no lock held; it must not throw. Of changes
     *     that chase each other on several threads it may be told the last alone, and the last it is told is the present state
     */
    Breaker(Ticker ticker, DoubleSupplier chance, Consumer<BreakerState> changes) {
        this.ticker = ticker;
        this.chance = chance;
        this.changes = changes;
        this.state = new AtomicReference<>(new Closed(0));
    }

    /** Permission for a call, or null if it must not be made. Whoever gets a permit must say how the call ended. */
    @Nullable
    Permit tryAcquire() {
        return state.get() instanceof Closed closed ? closed : null;
    }

    /** As {@link #tryAcquire}, and while open also for the one call that may find out whether the far tier is back. */
    @Nullable
    Permit tryProbe() {
        if (state.get() instanceof Open open && open.isOver()) {
            Probing probe = new Probing(open.doublings, open.openedBy);
            return move(open, probe) ? probe : null;
        }
        return tryAcquire();
    }

    BreakerState state() {
        return state.get().name();
    }

    /** The failure after which calls were last refused; null while they are not. */
    @Nullable
    Throwable openedBy() {
        return state.get().openedBy();
    }

    /** How long until a probe is let through; zero unless open. */
    Duration untilProbe() {
        return state.get() instanceof Open open
                ? Duration.ofNanos(Math.max(0, open.probeAt - ticker.nanos()))
                : Duration.ZERO;
    }

    private boolean move(State from, State to) {
        boolean moved = state.compareAndSet(from, to);
        if (moved) {
            reportChange();
        }
        return moved;
    }

    /** One thread at a time reports, and goes on while others move. So no report of an old state comes after a newer one. */
    private void reportChange() {
        if (unreported.getAndIncrement() > 0) {
            return;
        }
        int seen = 1;
        do {
            BreakerState present = state();
            if (present != reported) {
                reported = present;
                changes.accept(present);
            }
            seen = unreported.addAndGet(-seen);
        } while (seen > 0);
    }

    @Override
    public String toString() {
        return "breaker[" + state() + "]";
    }

    /** One call. Only the first word about it counts. */
    interface Permit {
        void succeeded();

        void failed(Throwable failure);

        /** The call was not made, or its end says nothing about the far tier. */
        void ignored();
    }

    private sealed interface State {
        BreakerState name();

        default @Nullable Throwable openedBy() {
            return null;
        }
    }

    /** All calls of this time share it as their permit. */
    private final class Closed implements State, Permit {

        private final RecentOutcomes outcomes = new RecentOutcomes(ticker);
        private final long since = ticker.nanos();
        private final int doublings;

        private Closed(int doublings) {
            this.doublings = doublings;
        }

        @Override
        public BreakerState name() {
            return BreakerState.CLOSED;
        }

        @Override
        public void succeeded() {
            outcomes.add(false);
        }

        @Override
        public void failed(Throwable failure) {
            outcomes.add(true);
            if (outcomes.areBad()) {
                boolean relapse = ticker.nanos() - since < RELAPSE.toNanos();
                int already = relapse ? doublings : 0;
                move(this, new Open(already, pause(already), failure));
            }
        }

        @Override
        public void ignored() {}
    }

    private final class Open implements State {

        private final int doublings;
        private final long probeAt;
        private final Throwable openedBy;

        private Open(int doublings, long pause, Throwable openedBy) {
            this.doublings = doublings;
            this.probeAt = ticker.nanos() + pause;
            this.openedBy = openedBy;
        }

        @Override
        public Throwable openedBy() {
            return openedBy;
        }

        @Override
        public BreakerState name() {
            return BreakerState.OPEN;
        }

        private boolean isOver() {
            return ticker.nanos() >= probeAt;
        }
    }

    private long pause(int doublings) {
        long longest = Math.min(FIRST_PAUSE.toNanos() << doublings, LONGEST_PAUSE.toNanos());
        return (long) (longest * (1 - chance.getAsDouble() / 2));
    }

    private final class Probing implements State, Permit {

        private final int doublings;
        private final Throwable openedBy;

        private Probing(int doublings, Throwable openedBy) {
            this.doublings = doublings;
            this.openedBy = openedBy;
        }

        @Override
        public Throwable openedBy() {
            return openedBy;
        }

        @Override
        public BreakerState name() {
            return BreakerState.HALF_OPEN;
        }

        @Override
        public void succeeded() {
            move(this, new Closed(longer()));
        }

        @Override
        public void failed(Throwable failure) {
            move(this, new Open(longer(), pause(longer()), failure));
        }

        @Override
        public void ignored() {
            move(this, new Open(doublings, 0, openedBy));
        }

        private int longer() {
            return Math.min(doublings + 1, MOST_DOUBLINGS);
        }
    }
}
