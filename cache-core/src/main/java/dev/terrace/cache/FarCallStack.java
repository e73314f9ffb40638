package dev.terrace.cache;

import dev.terrace.cache.CacheListener.BreakerState;
import dev.terrace.cache.spi.ServerLostException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * How far operations are called: observed, unless the breaker is open, within the bulkhead, for a limited time. Each is a
 * decorator of the next, and what each does at the end of a call is done before the caller learns of the end.
 *
 * <p>A call that is given up at the time limit has ended, for the caller, the breaker and the bulkhead. Should its answer
 * arrive all the same it is dropped, but it is an answer: a far tier that is slow is not one that cannot be reached.
 */
final class FarCallStack implements FarCalls {

    private final Breaker breaker;
    private final Ticker ticker;
    private final Answered answered;
    private final TimeLimits limits;
    private final Layer stack;

    FarCallStack(String cacheName, Settings.FarBounds bounds, Breaker breaker, Time time, Told told) {
        this.breaker = breaker;
        this.ticker = time.ticker();
        this.answered = new Answered(new Direct(), ticker);
        this.limits = limits(bounds, time);
        Layer calls = new TimeLimited(answered, limits);
        calls = new Bulkhead(calls, bounds.maxConcurrentCalls());
        calls = new Breaking(calls, breaker);
        this.stack = new Observed(calls, cacheName, ticker, told);
    }

    record Time(Ticker ticker, Scheduler scheduler) {}

    record Told(CacheListener listener, FailureReports failures) {}

    private static TimeLimits limits(Settings.FarBounds bounds, Time time) {
        Duration budget = bounds.budget();
        return new TimeLimits(budget, time.ticker(), time.scheduler(), () -> FarUnavailableException.timedOut(budget));
    }

    @Override
    public <T> CompletableFuture<T> call(FarOperation operation, Supplier<? extends CompletionStage<T>> remote) {
        CompletableFuture<T> called = new CompletableFuture<>();
        stack.call(operation, remote, (answer, failure) -> Completions.complete(called, answer, failure));
        return called;
    }

    /**
     * One concern. What it does at a call's end it does before it tells the next; a future for each would cost more than all
     * that they do.
     */
    private interface Layer {

        /** Never throws, and tells the end once. */
        <T> void call(FarOperation operation, Supplier<? extends CompletionStage<T>> remote, CallEnd<T> end);
    }

    /** Gives up the calls that are under way, and all that are made from now on. */
    void close(CacheClosedException closed) {
        limits.close(closed);
    }

    /** When the far tier last answered anything, in time or not. */
    long lastAnswered() {
        return answered.last;
    }

    /** How long ago that was. */
    Duration silence() {
        return Duration.ofNanos(Math.max(0, ticker.preciseNanos() - answered.last));
    }

    BreakerState breakerState() {
        return breaker.state();
    }

    /** How long until a heartbeat may find out whether the far tier is back; zero unless the breaker is open. */
    Duration untilProbe() {
        return breaker.untilProbe();
    }

    /** Whether the far tier cannot be reached at all: the breaker is not closed and nothing was answered for this long. */
    boolean isCutOff(long nanos) {
        return breaker.state() != BreakerState.CLOSED && ticker.nanos() - answered.last > nanos;
    }

    @Override
    public String toString() {
        return stack.toString();
    }

    /** Tells how each call ended. Calls that were not made are failures, and no operations of the far tier. */
    private record Observed(Layer delegate, String cacheName, Ticker ticker, Told told) implements Layer {

        @Override
        public <T> void call(FarOperation operation, Supplier<? extends CompletionStage<T>> remote, CallEnd<T> end) {
            long start = ticker.preciseNanos();
            delegate.call(operation, remote, end.after((answer, failure) -> ended(operation, start, failure)));
        }

        private void ended(FarOperation operation, long start, @Nullable Throwable failure) {
            if (failure != null && !(failure instanceof CacheClosedException)) {
                told.failures().report(operation.failure(), failure);
            }
            if (!(failure instanceof FarUnavailableException unavailable) || unavailable.wasCalled()) {
                Duration took = Duration.ofNanos(ticker.preciseNanos() - start);
                told.listener().onFarOperation(cacheName, operation, took, failure);
            }
        }

        @Override
        public String toString() {
            return "observed → " + delegate;
        }
    }

    /** Makes no call while the breaker is open, except for the heartbeat that may find out whether the far tier is back. */
    private record Breaking(Layer delegate, Breaker breaker) implements Layer {

        @Override
        public <T> void call(FarOperation operation, Supplier<? extends CompletionStage<T>> remote, CallEnd<T> end) {
            Breaker.Permit permit = operation == FarOperation.PING ? breaker.tryProbe() : breaker.tryAcquire();
            if (permit == null) {
                end.ended(null, FarUnavailableException.breakerOpen(breaker.openedBy()));
                return;
            }
            delegate.call(operation, remote, end.after((answer, failure) -> ended(permit, failure)));
        }

        private static void ended(Breaker.Permit permit, @Nullable Throwable failure) {
            if (failure == null) {
                permit.succeeded();
            } else if (failure instanceof ServerLostException
                    || (failure instanceof FarUnavailableException unavailable && !unavailable.wasCalled())) {
                permit.ignored();
            } else {
                permit.failed(failure);
            }
        }

        @Override
        public String toString() {
            return breaker + " → " + delegate;
        }
    }

    /** Has so many calls under way at most; one more fails at once. */
    private static final class Bulkhead implements Layer {

        private final Layer delegate;
        private final int maxConcurrentCalls;
        private final Semaphore room;

        private Bulkhead(Layer delegate, int maxConcurrentCalls) {
            this.delegate = delegate;
            this.maxConcurrentCalls = maxConcurrentCalls;
            this.room = new Semaphore(maxConcurrentCalls);
        }

        @Override
        public <T> void call(FarOperation operation, Supplier<? extends CompletionStage<T>> remote, CallEnd<T> end) {
            if (!room.tryAcquire()) {
                end.ended(null, FarUnavailableException.tooManyCalls(maxConcurrentCalls));
                return;
            }
            delegate.call(operation, remote, end.after((answer, failure) -> room.release()));
        }

        @Override
        public String toString() {
            return "bulkhead[" + maxConcurrentCalls + "] → " + delegate;
        }
    }

    /** Gives a call up when its time is over. */
    private record TimeLimited(Layer delegate, TimeLimits limits) implements Layer {

        @Override
        public <T> void call(FarOperation operation, Supplier<? extends CompletionStage<T>> remote, CallEnd<T> end) {
            delegate.call(operation, remote, limits.limit(end));
        }

        @Override
        public String toString() {
            return limits + " → " + delegate;
        }
    }

    /** Remembers when the far tier last answered, also those who have stopped waiting. */
    private static final class Answered implements Layer {

        private final Layer delegate;
        private final Ticker ticker;
        private volatile long last = Long.MIN_VALUE / 2;

        private Answered(Layer delegate, Ticker ticker) {
            this.delegate = delegate;
            this.ticker = ticker;
        }

        @Override
        public <T> void call(FarOperation operation, Supplier<? extends CompletionStage<T>> remote, CallEnd<T> end) {
            delegate.call(operation, remote, end.after((answer, failure) -> {
                if (failure == null) {
                    answered(ticker.nanos());
                }
            }));
        }

        /** Written once per tick and not per call, for the sake of those who read it. */
        private void answered(long now) {
            if (now > last) {
                last = now;
            }
        }

        @Override
        public String toString() {
            return delegate.toString();
        }
    }

    /** Makes the call; a store that throws all the same has failed. */
    private record Direct() implements Layer {

        @Override
        public <T> void call(FarOperation operation, Supplier<? extends CompletionStage<T>> remote, CallEnd<T> end) {
            CompletionStage<T> called;
            try {
                called = Objects.requireNonNull(remote.get(), "the store's stage");
            } catch (Throwable e) {
                end.ended(null, e);
                return;
            }
            called.whenComplete((answer, thrown) -> end.ended(answer, Completions.unwrap(thrown)));
        }

        @Override
        public String toString() {
            return "store";
        }
    }
}
