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

    /** Runs a step between two answers of the far tier: on this thread, unless somebody waits for it who can do so instead. */
    default void step(Runnable step) {
        step.run();
    }

    /** Whether this thread is the caller's, where a step that takes long delays nobody else. */
    default boolean isCallers() {
        return false;
    }
}
