package dev.terrace.cache;

import java.util.concurrent.CompletableFuture;

/** A blocking caller, whose thread does some of the work that it waits for. For one call of one thread. */
interface Caller extends LoadRunner {

    /**
     * Works until the future is done or the time is over.
     *
     * @return whether the future is done
     */
    boolean runUntilDone(CompletableFuture<?> future, long nanos) throws InterruptedException;
}
