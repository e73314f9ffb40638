package dev.terrace.cache.redis;

import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** What a stage has come to, handed to a future that others wait for. */
final class Outcome {

    private Outcome() {}

    static <T extends @Nullable Object> void give(CompletableFuture<T> waiting, T value, @Nullable Throwable failure) {
        if (failure == null) {
            waiting.complete(value);
        } else {
            waiting.completeExceptionally(failure);
        }
    }
}
