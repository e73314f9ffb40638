package dev.terrace.cache;

/** Carries context (MDC, tracing, security) from the caller that starts a load over to the thread that runs it. */
@FunctionalInterface
public interface ContextHook {

    /**
     * Called on the caller's thread; returns a task that sets the context, runs the given one and restores what was there.
     */
    Runnable wrap(Runnable task);
}
