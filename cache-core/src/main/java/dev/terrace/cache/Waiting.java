package dev.terrace.cache;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** How blocking callers wait for a future: with a bound, with the failure itself instead of its wrapping, interruptibly. */
final class Waiting {

    private final String cacheName;
    private final Duration bound;

    Waiting(String cacheName, Duration bound) {
        this.cacheName = cacheName;
        this.bound = bound;
    }

    /** Waits; the caller does what comes to it meanwhile, if it does anything. */
    <T extends @Nullable Object> T waitFor(CompletableFuture<T> future, @Nullable Caller caller) {
        try {
            if (caller != null && !caller.runUntilDone(future, bound.toNanos())) {
                throw tooLong();
            }
            return future.get(bound.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            throw unchecked(e);
        } catch (TimeoutException e) {
            throw tooLong();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CallerInterruptedException("cache \"" + cacheName + "\": interrupted while waiting", e);
        }
    }

    private LoadTimeoutException tooLong() {
        return new LoadTimeoutException("cache \"" + cacheName + "\": no answer within " + bound);
    }

    /** The failure that a future carried: every waiting caller is thrown the same instance. */
    private static RuntimeException unchecked(Throwable failure) {
        Throwable cause = Completions.cause(failure);
        if (cause instanceof Error error) {
            throw error;
        }
        return cause instanceof RuntimeException unchecked ? unchecked : new IllegalStateException(cause);
    }
}
