package dev.terrace.cache;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/**
 * How an operation of the far tier is called: each concern (observation, breaker, bulkhead, time limit) is a decorator of
 * this one method. {@link FarCallStack} stacks them.
 */
@FunctionalInterface
interface FarCalls {

    /** Calls the operation; never throws, and the future is always completed within the budget. */
    <T> CompletableFuture<T> call(FarOperation operation, Supplier<? extends CompletionStage<T>> remote);
}
