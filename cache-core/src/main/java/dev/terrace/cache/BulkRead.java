package dev.terrace.cache;

import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;

/** A read of many keys for a caller that does not block, one portion after another. */
final class BulkRead<K, V> {

    private final ReadPath<K, V> reads;
    private final Executor callbacks;
    private final Iterator<List<K>> portions;
    private final Function<List<K>, List<ReadPath.Requested<K, V>>> asking;

    /** What is waited for, until it has arrived or the caller has left. */
    private final AtomicReference<List<ReadPath.Requested<K, V>>> asked = new AtomicReference<>(List.of());

    private final Map<K, V> values = new LinkedHashMap<>();
    private final CompletableFuture<Map<K, V>> result = new CompletableFuture<>();

    BulkRead(
            ReadPath<K, V> reads,
            Executor callbacks,
            List<List<K>> portions,
            Function<List<K>, List<ReadPath.Requested<K, V>>> asking) {
        this.reads = reads;
        this.callbacks = callbacks;
        this.portions = portions.iterator();
        this.asking = asking;
    }

    /** All values that there are, in the order of the keys, once the last answer is there. */
    CompletableFuture<Map<K, V>> start() {
        ended(this::next);
        if (!result.isDone()) {
            result.whenComplete((none, failure) -> leftIfCancelled());
        }
        return result;
    }

    private void ended(Runnable step) {
        try {
            step.run();
        } catch (Throwable failure) {
            result.completeExceptionally(Completions.cause(failure));
        }
    }

    private void next() {
        while (portions.hasNext() && !result.isDone()) {
            List<ReadPath.Requested<K, V>> requested = asking.apply(portions.next());
            CompletableFuture<?> answers = ReadPath.allEnded(requested);
            if (!answers.isDone()) {
                Runnable arrived = () -> ended(() -> arrived(requested));
                // The caller's context is here, and is to be there where the next portion is asked for.
                Runnable then = portions.hasNext() ? reads.carried(arrived) : arrived;
                asked.set(requested);
                leftIfCancelled();
                answers.whenComplete((none, failure) -> callbacks.execute(then));
                return;
            }
            reads.collect(requested, CompletableFuture::join, values);
        }
        result.complete(Collections.unmodifiableMap(values));
    }

    private void arrived(List<ReadPath.Requested<K, V>> requested) {
        if (asked.compareAndSet(requested, List.of())) {
            reads.collect(requested, CompletableFuture::join, values);
            next();
        }
    }

    private void leftIfCancelled() {
        if (result.isCancelled()) {
            asked.getAndSet(List.of()).forEach(reads::abandon);
        }
    }
}
