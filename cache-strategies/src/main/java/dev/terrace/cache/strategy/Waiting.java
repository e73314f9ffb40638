package dev.terrace.cache.strategy;

import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How blocking callers wait for a future that is bounded by itself: interruptibly, and with the failure without wrapping. */
final class Waiting {

    private static final Logger LOG = LoggerFactory.getLogger("dev.terrace.cache.strategy");

    private Waiting() {}

    static <T> T on(CompletableFuture<T> future) {
        try {
            return future.get();
        } catch (ExecutionException e) {
            throw unchecked(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted while waiting");
        }
    }

    /** Waits for so long at most, also where it is interrupted meanwhile. */
    static <T> T within(Duration bound, CompletableFuture<T> future) throws ExecutionException, TimeoutException {
        long end = System.nanoTime() + bound.toNanos();
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return future.get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Waits for a change of a cache whose failure is that cache's to count, report and repair. */
    static void forEnd(CompletableFuture<?> change) {
        boolean acknowledged = change.handle((done, failure) -> failure == null).join();
        LOG.trace("a change of the cache was acknowledged: {}", acknowledged);
    }

    /** The failure of a store or loader: itself if unchecked. */
    static RuntimeException unchecked(Throwable failure) {
        Throwable cause = cause(failure);
        if (cause instanceof Error error) {
            throw error;
        }
        return cause instanceof RuntimeException unchecked ? unchecked : new StoreFailedException(cause);
    }

    static Throwable cause(Throwable failure) {
        Throwable cause = failure;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }
}
