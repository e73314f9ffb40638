package dev.terrace.cache;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The cache for callers that do not block. What it returns is complete, or is completed by an executor: not on the thread that
 * has the result, since what callers do next may block.
 */
final class TieredAsyncCache<K, V> implements AsyncCache<K, V> {

    private final ReadPath<K, V> reads;
    private final WritePath<K, V> writes;
    private final Lookups<K, V> lookups;
    private final LoadRunner loadThreads;
    private final Executor callbacks;

    TieredAsyncCache(
            ReadPath<K, V> reads,
            WritePath<K, V> writes,
            Lookups<K, V> lookups,
            LoadRunner loadThreads,
            Executor callbacks) {
        this.reads = reads;
        this.writes = writes;
        this.lookups = lookups;
        this.loadThreads = loadThreads;
        this.callbacks = callbacks;
    }

    @Override
    public CompletableFuture<@Nullable V> getIfPresent(K key) {
        Objects.requireNonNull(key, "key");
        return future(() -> Begun.of(reads.peek(key, loadThreads).answer()), reads::delivered);
    }

    @Override
    public CompletableFuture<V> get(K key) {
        Objects.requireNonNull(key, "key");
        return get(key, reads.ownSource());
    }

    @Override
    public CompletableFuture<V> get(K key, Loader<? super K, ? extends V> loader) {
        return get(key, loader, EntryOptions.DEFAULT);
    }

    @Override
    public CompletableFuture<V> get(K key, Loader<? super K, ? extends V> loader, EntryOptions options) {
        Objects.requireNonNull(key, "key");
        return get(key, one(loader, options));
    }

    static <K, V> LoadSource<K, V> one(Loader<? super K, ? extends V> loader, EntryOptions options) {
        return LoadSource.ofOne(Objects.requireNonNull(loader, "loader"), Objects.requireNonNull(options, "options"));
    }

    static <K, V> LoadSource<K, V> many(BulkLoader<K, V> loader, EntryOptions options) {
        return LoadSource.ofMany(Objects.requireNonNull(loader, "loader"), Objects.requireNonNull(options, "options"));
    }

    private CompletableFuture<V> get(K key, LoadSource<K, V> source) {
        try {
            Entry<V> entry = reads.fresh(key);
            if (entry != null) {
                return CompletableFuture.completedFuture(reads.value(entry));
            }
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
        return future(
                () -> {
                    ReadPath.Requested<K, V> requested = reads.get(key, source, loadThreads);
                    return new Begun<>(requested.answer(), () -> reads.abandon(requested));
                },
                reads::delivered);
    }

    @Override
    public CompletableFuture<Map<K, V>> getAll(Iterable<? extends K> keys) {
        return getAll(keys, reads.ownSource());
    }

    @Override
    public CompletableFuture<Map<K, V>> getAll(Iterable<? extends K> keys, BulkLoader<K, V> loader) {
        return getAll(keys, loader, EntryOptions.DEFAULT);
    }

    @Override
    public CompletableFuture<Map<K, V>> getAll(
            Iterable<? extends K> keys, BulkLoader<K, V> loader, EntryOptions options) {
        return getAll(keys, many(loader, options));
    }

    private CompletableFuture<Map<K, V>> getAll(Iterable<? extends K> keys, LoadSource<K, V> source) {
        return new BulkRead<>(
                        reads,
                        callbacks,
                        reads.portions(distinct(keys), source),
                        portion -> reads.getAll(portion, source, loadThreads))
                .start();
    }

    @Override
    public CompletableFuture<Map<K, V>> getAllPresent(Iterable<? extends K> keys) {
        return new BulkRead<>(
                        reads,
                        callbacks,
                        reads.portions(distinct(keys)),
                        portion -> reads.peekAll(portion, loadThreads))
                .start();
    }

    /** Keys without repetition, none of them null. */
    static <K> Set<K> distinct(Iterable<? extends K> keys) {
        Objects.requireNonNull(keys, "keys");
        Set<K> distinct =
                keys instanceof Collection<?> known ? new LinkedHashSet<>(known.size() * 2) : new LinkedHashSet<>();
        for (K key : keys) {
            distinct.add(Objects.requireNonNull(key, "key"));
        }
        return distinct;
    }

    @Override
    public CompletableFuture<Lookup<V>> lookup(K key) {
        Objects.requireNonNull(key, "key");
        return future(() -> Begun.of(reads.peek(key, loadThreads).answer()), lookups::described);
    }

    @Override
    public CompletableFuture<Void> put(K key, V value) {
        return put(key, value, EntryOptions.DEFAULT);
    }

    @Override
    public CompletableFuture<Void> put(K key, V value, EntryOptions options) {
        WritePath.Write<V> write = write(value, options);
        Objects.requireNonNull(key, "key");
        return written(() -> writes.put(Map.of(key, write)));
    }

    @Override
    public CompletableFuture<PutStamp> putAhead(K key, V value, EntryOptions options) {
        WritePath.Write<V> write = write(value, options);
        Objects.requireNonNull(key, "key");
        return written(() -> writes.putAhead(key, write));
    }

    @Override
    public CompletableFuture<Void> settle(Map<? extends K, PutStamp> stamps) {
        Map<K, PutStamp> settled = Map.copyOf(stamps);
        return written(() -> writes.settle(settled));
    }

    @Override
    public CompletableFuture<Void> putAll(Map<? extends K, ? extends V> values) {
        Objects.requireNonNull(values, "values");
        Map<K, WritePath.Write<V>> all = new LinkedHashMap<>();
        values.forEach((key, value) -> all.put(Objects.requireNonNull(key, "key"), write(value, EntryOptions.DEFAULT)));
        return written(() -> writes.put(all));
    }

    private static <V> WritePath.Write<V> write(V value, EntryOptions options) {
        return new WritePath.Write<>(
                Objects.requireNonNull(value, "value"), Objects.requireNonNull(options, "options"));
    }

    @Override
    public CompletableFuture<Boolean> putIfAbsent(K key, V value) {
        return putIfAbsent(key, value, EntryOptions.DEFAULT);
    }

    @Override
    public CompletableFuture<Boolean> putIfAbsent(K key, V value, EntryOptions options) {
        WritePath.Write<V> write = write(value, options);
        Objects.requireNonNull(key, "key");
        return written(() -> writes.putIfAbsent(key, write));
    }

    @Override
    public CompletableFuture<Void> invalidate(K key) {
        Objects.requireNonNull(key, "key");
        return written(() -> writes.invalidate(List.of(key)));
    }

    @Override
    public CompletableFuture<Void> invalidateAll(Iterable<? extends K> keys) {
        Set<K> distinct = distinct(keys);
        return written(() -> writes.invalidate(distinct));
    }

    @Override
    public CompletableFuture<Void> invalidateTag(String tag) {
        Checks.tag(tag);
        return written(() -> writes.invalidateTags(List.of(tag)));
    }

    @Override
    public CompletableFuture<Void> expire(K key) {
        Objects.requireNonNull(key, "key");
        return written(() -> writes.expire(key));
    }

    @Override
    public CompletableFuture<V> refresh(K key) {
        Objects.requireNonNull(key, "key");
        return refresh(key, reads.ownSource());
    }

    @Override
    public CompletableFuture<V> refresh(K key, Loader<? super K, ? extends V> loader) {
        Objects.requireNonNull(key, "key");
        return refresh(key, one(loader, EntryOptions.DEFAULT));
    }

    private CompletableFuture<V> refresh(K key, LoadSource<K, V> source) {
        return future(() -> Begun.of(reads.refresh(key, source, loadThreads)), reads::delivered);
    }

    @Override
    public CompletableFuture<Void> clear() {
        return written(writes::clear);
    }

    private <T extends @Nullable Object> CompletableFuture<T> written(Supplier<CompletableFuture<T>> write) {
        return future(() -> Begun.of(write.get()), Function.identity());
    }

    /**
     * An operation that has begun.
     *
     * @param left called when the caller does not wait for the answer any more
     */
    private record Begun<A extends @Nullable Object>(CompletableFuture<A> answer, Runnable left) {

        static <A extends @Nullable Object> Begun<A> of(CompletableFuture<A> answer) {
            return new Begun<>(answer, () -> {});
        }
    }

    /**
     * What the caller is given of an answer. What an operation throws before it has a future arrives in one, and failures
     * arrive without wrapping.
     */
    private <A extends @Nullable Object, T extends @Nullable Object> CompletableFuture<T> future(
            Supplier<Begun<A>> operation, Function<? super A, ? extends T> given) {
        CompletableFuture<T> result = new CompletableFuture<>();
        try {
            Begun<A> begun = operation.get();
            CompletableFuture<A> answer = begun.answer();
            if (answer.isDone()) {
                answer.whenComplete((value, failure) -> complete(result, given, value, failure));
            } else {
                answer.whenComplete(
                        (value, failure) -> callbacks.execute(() -> complete(result, given, value, failure)));
                result.whenComplete((value, failure) -> {
                    if (result.isCancelled()) {
                        begun.left().run();
                    }
                });
            }
        } catch (RuntimeException e) {
            result.completeExceptionally(e);
        }
        return result;
    }

    private static <A extends @Nullable Object, T extends @Nullable Object> void complete(
            CompletableFuture<T> result,
            Function<? super A, ? extends T> given,
            A answer,
            @Nullable Throwable failure) {
        if (failure != null) {
            result.completeExceptionally(Completions.cause(failure));
        } else if (!result.isDone()) {
            try {
                result.complete(given.apply(answer));
            } catch (Throwable thrown) {
                result.completeExceptionally(thrown);
            }
        }
    }
}
