package dev.terrace.cache;

import java.util.List;
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

    /**
     * Done once all of these are, however they end. The last of them is waited for, and only then those before it that are not
     * done yet: of what is answered together that is one callback, where {@link CompletableFuture#allOf} has one for each.
     */
    static CompletableFuture<@Nullable Void> allEnded(List<? extends CompletableFuture<?>> futures) {
        CompletableFuture<@Nullable Void> ended = new CompletableFuture<>();
        awaitLast(futures, futures.size(), ended);
        return ended;
    }

    private static void awaitLast(
            List<? extends CompletableFuture<?>> futures, int count, CompletableFuture<@Nullable Void> ended) {
        int last = count - 1;
        while (last >= 0 && futures.get(last).isDone()) {
            last--;
        }
        if (last < 0) {
            ended.complete(null);
            return;
        }
        int awaited = last;
        futures.get(awaited).whenComplete((value, failure) -> awaitLast(futures, awaited, ended));
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
