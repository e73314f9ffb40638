package dev.terrace.cache;

import dev.terrace.cache.CacheListener.BreakerState;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;

/** How far operations are called: observed, through the breaker, within the bulkhead, for a limited time. */
final class FarCallStack implements FarCalls {

    private final String cacheName;
    private final Breaker breaker;
    private final Semaphore room;
    private final int maxConcurrent;
    private final TimeLimits limits;
    private final Ticker ticker;
    private final CacheListener listener;
    private final FailureReports failures;
    private volatile long lastAnswered = Long.MIN_VALUE / 2;

    FarCallStack(String cacheName, Settings.FarBounds bounds, Breaker breaker, Time time, Told told) {
        this.cacheName = cacheName;
        this.breaker = breaker;
        this.maxConcurrent = bounds.maxConcurrentCalls();
        this.room = new Semaphore(maxConcurrent);
        this.limits = new TimeLimits(
                bounds.budget(),
                time.ticker(),
                time.scheduler(),
                () -> FarUnavailableException.timedOut(bounds.budget()));
        this.ticker = time.ticker();
        this.listener = told.listener();
        this.failures = told.failures();
    }

    record Time(Ticker ticker, Scheduler scheduler) {}

    record Told(CacheListener listener, FailureReports failures) {}

    /** When the far tier last answered anything. */
    long lastAnswered() {
        return lastAnswered;
    }

    BreakerState breakerState() {
        return breaker.state();
    }

    /** How long until a heartbeat may find out whether the far tier is back; zero unless the breaker is open. */
    Duration untilProbe() {
        return breaker.untilProbe();
    }

    /** Whether the far tier cannot be reached at all: the breaker is open and nothing was answered for this long. */
    boolean isCutOff(long nanos) {
        return breaker.state() != BreakerState.CLOSED && ticker.nanos() - lastAnswered > nanos;
    }

    @Override
    public <T> CompletableFuture<T> call(FarOperation operation, Supplier<? extends CompletionStage<T>> remote) {
        // A read must not wait for a dead server to find out whether it is back; the heartbeat may.
        Breaker.Permit permit = operation == FarOperation.PING ? breaker.tryProbe() : breaker.tryAcquire();
        if (permit == null) {
            return refused(operation, FarUnavailableException.breakerOpen());
        }
        if (!room.tryAcquire()) {
            permit.ignored();
            return refused(operation, FarUnavailableException.tooManyCalls(maxConcurrent));
        }
        long startedAt = ticker.nanos();
        CompletableFuture<T> result = limits.limit(started(remote));
        return result.whenComplete((value, failure) -> {
            room.release();
            long now = ticker.nanos();
            if (failure == null) {
                lastAnswered = now;
                permit.succeeded();
            } else {
                permit.failed();
                failures.report(operation.failure(), Completions.cause(failure));
            }
            listener.onFarOperation(
                    cacheName,
                    operation,
                    Duration.ofNanos(now - startedAt),
                    failure == null ? null : Completions.cause(failure));
        });
    }

    private static <T> CompletableFuture<T> started(Supplier<? extends CompletionStage<T>> remote) {
        CompletableFuture<T> result = new CompletableFuture<>();
        try {
            remote.get().whenComplete((value, failure) -> {
                if (failure == null) {
                    result.complete(value);
                } else {
                    result.completeExceptionally(failure);
                }
            });
        } catch (RuntimeException e) {
            result.completeExceptionally(e);
        }
        return result;
    }

    private <T> CompletableFuture<T> refused(FarOperation operation, FarUnavailableException refusal) {
        failures.report(operation.failure(), refusal);
        listener.onFarOperation(cacheName, operation, Duration.ZERO, refusal);
        return CompletableFuture.failedFuture(refusal);
    }
}
