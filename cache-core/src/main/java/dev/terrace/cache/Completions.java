package dev.terrace.cache;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Following a stage without the two surprises of {@link CompletableFuture}: failures stay as they are instead of being
 * wrapped on the way, and what is done on completion is done before anybody downstream learns of it.
 */
final class Completions {

    private Completions() {}

    /**
     * A future that ends as the stage does, after the action. The action must not throw; if it does, the future ends as the
     * stage did all the same.
     */
    static <T> CompletableFuture<T> whenComplete(
            CompletionStage<T> stage, BiConsumer<? super @Nullable T, ? super @Nullable Throwable> action) {
        CompletableFuture<T> result = new CompletableFuture<>();
        stage.whenComplete((value, thrown) -> {
            Throwable failure = unwrap(thrown);
            try {
                action.accept(value, failure);
            } finally {
                complete(result, value, failure);
            }
        });
        return result;
    }

    /** Ends a future as a stage ended. */
    static <T> void complete(CompletableFuture<T> future, T value, @Nullable Throwable failure) {
        if (failure == null) {
            future.complete(value);
        } else {
            future.completeExceptionally(failure);
        }
    }

    /** What was thrown, without what futures wrap around it; null if nothing was. */
    static @Nullable Throwable unwrap(@Nullable Throwable thrown) {
        return thrown == null ? null : cause(thrown);
    }

    /** What was thrown, without what futures wrap around it. */
    static Throwable cause(Throwable thrown) {
        Throwable failure = thrown;
        while (failure instanceof CompletionException || failure instanceof ExecutionException) {
            Throwable inner = failure.getCause();
            if (inner == null) {
                return failure;
            }
            failure = inner;
        }
        return failure;
    }
}
