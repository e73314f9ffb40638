package dev.terrace.cache;

/** Runs loads somewhere: on threads of the cache, or on the caller's. */
@FunctionalInterface
interface LoadRunner {

    /**
     * Runs a task soon.
     *
     * @throws LoadRejectedException if there is no room
     */
    RunningLoad start(Runnable task);
}
