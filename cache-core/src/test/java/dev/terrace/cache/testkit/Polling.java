package dev.terrace.cache.testkit;

import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Waits for what servers agree on among themselves. */
final class Polling {

    private static final Duration LIMIT = Duration.ofSeconds(40);
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private Polling() {}

    /**
     * Waits until a condition holds; that a server cannot answer, or answers an error, means not yet.
     *
     * @throws AssertionError if it does not hold in good time
     */
    static void until(String what, Callable<Boolean> condition) {
        long end = System.nanoTime() + LIMIT.toNanos();
        Exception last = null;
        while (System.nanoTime() < end) {
            try {
                if (condition.call()) {
                    return;
                }
                last = null;
            } catch (UncheckedIOException | RedisError notYet) {
                last = notYet;
            } catch (Exception e) {
                throw new AssertionError(what, e);
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
        throw new AssertionError("Not within " + LIMIT.toSeconds() + " s: " + what, last);
    }
}
