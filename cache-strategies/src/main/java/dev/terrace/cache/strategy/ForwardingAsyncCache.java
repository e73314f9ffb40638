package dev.terrace.cache.strategy;

import dev.terrace.cache.AsyncCache;
import dev.terrace.cache.BulkLoader;
import dev.terrace.cache.EntryOptions;
import dev.terrace.cache.Loader;
import dev.terrace.cache.Lookup;
import dev.terrace.cache.PutStamp;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** As {@link ForwardingCache}, for callers that do not block. */
abstract class ForwardingAsyncCache<K, V> implements AsyncCache<K, V> {

    private final AsyncCache<K, V> cache;

    ForwardingAsyncCache(AsyncCache<K, V> cache) {
        this.cache = cache;
    }

    final AsyncCache<K, V> wrapped() {
        return cache;
    }

    @Override
    public CompletableFuture<@Nullable V> getIfPresent(K key) {
        return cache.getIfPresent(key);
    }

    @Override
    public CompletableFuture<V> get(K key) {
        return cache.get(key);
    }

    @Override
    public final CompletableFuture<V> get(K key, Loader<? super K, ? extends V> loader) {
        return get(key, loader, EntryOptions.DEFAULT);
    }

    @Override
    public CompletableFuture<V> get(K key, Loader<? super K, ? extends V> loader, EntryOptions options) {
        return cache.get(key, loader, options);
    }

    @Override
    public CompletableFuture<Map<K, V>> getAll(Iterable<? extends K> keys) {
        return cache.getAll(keys);
    }

    @Override
    public final CompletableFuture<Map<K, V>> getAll(Iterable<? extends K> keys, BulkLoader<K, V> loader) {
        return getAll(keys, loader, EntryOptions.DEFAULT);
    }

    @Override
    public CompletableFuture<Map<K, V>> getAll(
            Iterable<? extends K> keys, BulkLoader<K, V> loader, EntryOptions options) {
        return cache.getAll(keys, loader, options);
    }

    @Override
    public CompletableFuture<Map<K, V>> getAllPresent(Iterable<? extends K> keys) {
        return cache.getAllPresent(keys);
    }

    @Override
    public CompletableFuture<Lookup<V>> lookup(K key) {
        return cache.lookup(key);
    }

    @Override
    public final CompletableFuture<Void> put(K key, V value) {
        return put(key, value, EntryOptions.DEFAULT);
    }

    @Override
    public CompletableFuture<Void> put(K key, V value, EntryOptions options) {
        return cache.put(key, value, options);
    }

    @Override
    public CompletableFuture<PutStamp> putAhead(K key, V value, EntryOptions options) {
        return cache.putAhead(key, value, options);
    }

    @Override
    public CompletableFuture<Void> settle(Map<? extends K, PutStamp> stamps) {
        return cache.settle(stamps);
    }

    @Override
    public CompletableFuture<Void> putAll(Map<? extends K, ? extends V> values) {
        return cache.putAll(values);
    }

    @Override
    public final CompletableFuture<Boolean> putIfAbsent(K key, V value) {
        return putIfAbsent(key, value, EntryOptions.DEFAULT);
    }

    @Override
    public CompletableFuture<Boolean> putIfAbsent(K key, V value, EntryOptions options) {
        return cache.putIfAbsent(key, value, options);
    }

    @Override
    public CompletableFuture<Void> invalidate(K key) {
        return cache.invalidate(key);
    }

    @Override
    public CompletableFuture<Void> invalidateAll(Iterable<? extends K> keys) {
        return cache.invalidateAll(keys);
    }

    @Override
    public CompletableFuture<Void> invalidateTag(String tag) {
        return cache.invalidateTag(tag);
    }

    @Override
    public CompletableFuture<Void> expire(K key) {
        return cache.expire(key);
    }

    @Override
    public CompletableFuture<V> refresh(K key) {
        return cache.refresh(key);
    }

    @Override
    public CompletableFuture<V> refresh(K key, Loader<? super K, ? extends V> loader) {
        return cache.refresh(key, loader);
    }

    @Override
    public CompletableFuture<Void> clear() {
        return cache.clear();
    }
}
