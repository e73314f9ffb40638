package dev.terrace.cache;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** The cache for callers that do not block. {@link TieredCache} waits for what this returns. */
final class TieredAsyncCache<K, V> implements AsyncCache<K, V> {

    private final ReadPath<K, V> reads;
    private final WritePath<K, V> writes;
    private final Lookups<K, V> lookups;
    private final LoadRunner loadThreads;

    TieredAsyncCache(ReadPath<K, V> reads, WritePath<K, V> writes, Lookups<K, V> lookups, LoadRunner loadThreads) {
        this.reads = reads;
        this.writes = writes;
        this.lookups = lookups;
        this.loadThreads = loadThreads;
    }

    @Override
    public CompletableFuture<@Nullable V> getIfPresent(K key) {
        Objects.requireNonNull(key, "key");
        return TieredAsyncCache.<@Nullable V>future(
                () -> reads.peek(key).answer().thenApply(reads::delivered));
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
        return future(() -> {
            Entry<V> entry = reads.fresh(key);
            if (entry != null) {
                return CompletableFuture.completedFuture(reads.delivered(Answer.found(entry, Lookup.Tier.NEAR)));
            }
            ReadPath.Requested<K, V> requested = reads.get(key, source, loadThreads);
            CompletableFuture<V> value = requested.answer().thenApply(reads::delivered);
            value.whenComplete((result, failure) -> {
                if (value.isCancelled()) {
                    reads.abandon(requested);
                }
            });
            return value;
        });
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
        Set<K> distinct = distinct(keys);
        return future(() -> {
            Map<K, ReadPath.Requested<K, V>> requested = reads.getAll(distinct, source, loadThreads);
            CompletableFuture<Map<K, V>> values = collected(requested);
            values.whenComplete((result, failure) -> {
                if (values.isCancelled()) {
                    requested.values().forEach(reads::abandon);
                }
            });
            return values;
        });
    }

    @Override
    public CompletableFuture<Map<K, V>> getAllPresent(Iterable<? extends K> keys) {
        Set<K> distinct = distinct(keys);
        return future(() -> collected(reads.peekAll(distinct)));
    }

    /** All values that there are, in the order of the keys, once the last answer is there. */
    CompletableFuture<Map<K, V>> collected(Map<K, ReadPath.Requested<K, V>> requested) {
        List<CompletableFuture<Answer<V>>> answers = new ArrayList<>(requested.size());
        requested.values().forEach(one -> answers.add(one.answer()));
        return Completions.allEnded(answers).thenApply(done -> {
            Map<K, V> values = new LinkedHashMap<>(requested.size() * 2);
            requested.forEach((key, one) -> {
                V value = reads.delivered(one.answer().join());
                if (value != null) {
                    values.put(key, value);
                }
            });
            return Collections.unmodifiableMap(values);
        });
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
        return future(() -> lookups.lookup(key));
    }

    @Override
    public CompletableFuture<Void> put(K key, V value) {
        return put(key, value, EntryOptions.DEFAULT);
    }

    @Override
    public CompletableFuture<Void> put(K key, V value, EntryOptions options) {
        WritePath.Write<V> write = write(value, options);
        Objects.requireNonNull(key, "key");
        return future(() -> writes.put(Map.of(key, write)));
    }

    @Override
    public CompletableFuture<PutStamp> putAhead(K key, V value, EntryOptions options) {
        WritePath.Write<V> write = write(value, options);
        Objects.requireNonNull(key, "key");
        return future(() -> writes.putAhead(key, write));
    }

    @Override
    public CompletableFuture<Void> settle(Map<? extends K, PutStamp> stamps) {
        Map<K, PutStamp> settled = Map.copyOf(stamps);
        return future(() -> writes.settle(settled));
    }

    @Override
    public CompletableFuture<Void> putAll(Map<? extends K, ? extends V> values) {
        Objects.requireNonNull(values, "values");
        Map<K, WritePath.Write<V>> all = new LinkedHashMap<>();
        values.forEach((key, value) -> all.put(Objects.requireNonNull(key, "key"), write(value, EntryOptions.DEFAULT)));
        return future(() -> writes.put(all));
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
        return future(() -> writes.putIfAbsent(key, write));
    }

    @Override
    public CompletableFuture<Void> invalidate(K key) {
        Objects.requireNonNull(key, "key");
        return future(() -> writes.invalidate(List.of(key)));
    }

    @Override
    public CompletableFuture<Void> invalidateAll(Iterable<? extends K> keys) {
        Set<K> distinct = distinct(keys);
        return future(() -> writes.invalidate(distinct));
    }

    @Override
    public CompletableFuture<Void> invalidateTag(String tag) {
        Checks.tag(tag);
        return future(() -> writes.invalidateTags(List.of(tag)));
    }

    @Override
    public CompletableFuture<Void> expire(K key) {
        Objects.requireNonNull(key, "key");
        return future(() -> writes.expire(key));
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
        return future(() -> reads.refresh(key, source, loadThreads).thenApply(reads::delivered));
    }

    @Override
    public CompletableFuture<Void> clear() {
        return future(writes::clear);
    }

    /** What an operation throws before it has a future arrives in one, and failures arrive without wrapping. */
    private static <T extends @Nullable Object> CompletableFuture<T> future(Operation<T> operation) {
        try {
            CompletableFuture<T> result = operation.start();
            return result.isCompletedExceptionally() || !result.isDone() ? unwrapped(result) : result;
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private static <T extends @Nullable Object> CompletableFuture<T> unwrapped(CompletableFuture<T> wrapped) {
        CompletableFuture<T> result = new CompletableFuture<>();
        wrapped.whenComplete((value, failure) -> {
            if (failure == null) {
                result.complete(value);
            } else {
                result.completeExceptionally(Completions.cause(failure));
            }
        });
        result.whenComplete((value, failure) -> {
            if (result.isCancelled()) {
                wrapped.cancel(true);
            }
        });
        return result;
    }

    @FunctionalInterface
    private interface Operation<T extends @Nullable Object> {
        CompletableFuture<T> start();
    }
}
