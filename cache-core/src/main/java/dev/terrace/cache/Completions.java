package dev.terrace.cache;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/** Following a stage so that failures stay as they are, instead of being wrapped on the way. */
final class Completions {

    private Completions() {}

    /** Ends a future as a stage ended. */
    static <T> void complete(CompletableFuture<T> future, @Nullable T value, @Nullable Throwable failure) {
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
