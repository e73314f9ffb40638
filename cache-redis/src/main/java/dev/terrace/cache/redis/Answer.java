package dev.terrace.cache.redis;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What an operation will answer: a future, with a blocking view of it. Every answer comes in bounded time, since every
 * operation has a budget or a limit of its own, so that {@link #await} needs none.
 *
 * <p>It completes on a thread of the driver or of its timer: what depends on it must not block there.
 *
 * @param <T> the type of answer
 */
public final class Answer<T extends @Nullable Object> extends CompletableFuture<T> {

    /** An answer that is yet to be given. */
    public Answer() {}

    /** The answer that a stage gives. */
    public static <T extends @Nullable Object> Answer<T> of(CompletionStage<T> stage) {
        Answer<T> answer = new Answer<>();
        stage.whenComplete(answer::settle);
        return answer;
    }

    /** The answer that is there already. */
    public static <T extends @Nullable Object> Answer<T> now(T value) {
        Answer<T> answer = new Answer<>();
        answer.complete(value);
        return answer;
    }

    /** The answer made into another. Cancelling that does not cancel this. */
    public <U extends @Nullable Object> Answer<U> map(Function<? super T, ? extends U> function) {
        return of(this.<U>thenApply(function));
    }

    /** Gives the answer, or the failure, as a stage gives it. */
    void settle(T value, @Nullable Throwable failure) {
        if (failure == null) {
            complete(value);
        } else {
            completeExceptionally(
                    failure instanceof CompletionException && failure.getCause() != null
                            ? failure.getCause()
                            : failure);
        }
    }

    /**
     * Blocks until the answer is there. A thread that is interrupted meanwhile cancels the operation where that is of use, as
     * it is for one that waits for a lock.
     *
     * @return the answer
     * @throws RedisCallException if Redis did not answer, or refused; or if this thread was interrupted, whose interrupt status
     *     is set again
     */
    public T await() {
        try {
            return get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            cancel(true);
            throw new RedisCallException(RedisCallException.Reason.INTERRUPTED, "interrupted while waiting", e);
        } catch (ExecutionException e) {
            throw seenFromHere(e.getCause());
        }
    }

    /** The failure of another thread does not tell where it was waited for. */
    private static RuntimeException seenFromHere(@Nullable Throwable failure) {
        if (failure instanceof RedisCallException call) {
            return new RedisCallException(call.reason(), String.valueOf(call.getMessage()), call);
        }
        if (failure instanceof RuntimeException unchecked) {
            unchecked.addSuppressed(new IllegalStateException("awaited here"));
            return unchecked;
        }
        return new CompletionException(failure);
    }
}
