package dev.terrace.cache;

/** A load that was started. */
@FunctionalInterface
interface RunningLoad {

    /** Interrupts the task if it runs, drops it if it does not yet. */
    void cancel();
}
