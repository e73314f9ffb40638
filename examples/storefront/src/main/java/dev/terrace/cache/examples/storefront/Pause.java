package dev.terrace.cache.examples.storefront;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** Lets a thread wait. */
final class Pause {

    private Pause() {}

    /** Waits so long, less if the thread is interrupted, which it stays. */
    static void of(Duration time) {
        long nanos = time.toNanos();
        long end = System.nanoTime() + nanos;
        for (long left = nanos; left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
            if (Thread.currentThread().isInterrupted()) {
                return;
            }
        }
    }
}
