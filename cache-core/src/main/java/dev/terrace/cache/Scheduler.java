package dev.terrace.cache;

import java.time.Duration;

/**
 * Runs short tasks later. Injected, so that tests drive it. Tasks must not block: they hand real work to an executor.
 */
@FunctionalInterface
interface Scheduler {

    /** Runs a task once after the delay; cancelling is best-effort and idempotent. */
    Cancellable schedule(Runnable task, Duration delay);

    /** A task that may be called off. */
    @FunctionalInterface
    interface Cancellable {
        void cancel();
    }
}
