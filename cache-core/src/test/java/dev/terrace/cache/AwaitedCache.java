package dev.terrace.cache;

import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.NonNull;
import org.jspecify.annotations.Nullable;

/** The asynchronous view of a cache, waited for: what holds for a cache must hold for this. */
final class AwaitedCache<K, V extends @Nullable Object> implements Cache<K, V> {

    private static final long BOUND_SECONDS = 60;

    private final Cache<K, V> cache;
    private final AsyncCache<K, V> async;

    AwaitedCache(Cache<K, V> cache) {
        this.cache = cache;
        this.async = cache.async();
    }

    private static <T extends @Nullable Object> T await(CompletableFuture<T> future) {
        try {
            return future.get(BOUND_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            if (e.getCause() instanceof RuntimeException unchecked) {
                throw unchecked;
            }
            throw new AssertionError("a checked failure in a future", e);
        } catch (InterruptedException | TimeoutException e) {
            throw new AssertionError("not within " + BOUND_SECONDS + " s", e);
        }
    }

    @Override
    public String name() {
        return cache.name();
    }

    @Override
    public @Nullable V getIfPresent(K key) {
        return await(async.getIfPresent(key));
    }

    @Override
    public V get(K key) {
        return await(async.get(key));
    }

    @Override
    public V get(K key, Loader<? super K, ? extends V> loader) {
        return await(async.get(key, loader));
    }

    @Override
    public V get(K key, Loader<? super K, ? extends V> loader, EntryOptions options) {
        return await(async.get(key, loader, options));
    }

    @Override
    public Map<K, @NonNull V> getAll(Iterable<? extends K> keys) {
        return await(async.getAll(keys));
    }

    @Override
    public Map<K, @NonNull V> getAll(Iterable<? extends K> keys, BulkLoader<K, V> loader) {
        return await(async.getAll(keys, loader));
    }

    @Override
    public Map<K, @NonNull V> getAll(Iterable<? extends K> keys, BulkLoader<K, V> loader, EntryOptions options) {
        return await(async.getAll(keys, loader, options));
    }

    @Override
    public Map<K, @NonNull V> getAllPresent(Iterable<? extends K> keys) {
        return await(async.getAllPresent(keys));
    }

    @Override
    public Lookup<V> lookup(K key) {
        return await(async.lookup(key));
    }

    @Override
    public void put(K key, @NonNull V value) {
        await(async.put(key, value));
    }

    @Override
    public void put(K key, @NonNull V value, EntryOptions options) {
        await(async.put(key, value, options));
    }

    @Override
    public void putAll(Map<? extends K, ? extends @NonNull V> values) {
        await(async.putAll(values));
    }

    @Override
    public boolean putIfAbsent(K key, @NonNull V value) {
        return await(async.putIfAbsent(key, value));
    }

    @Override
    public boolean putIfAbsent(K key, @NonNull V value, EntryOptions options) {
        return await(async.putIfAbsent(key, value, options));
    }

    @Override
    public void invalidate(K key) {
        await(async.invalidate(key));
    }

    @Override
    public void invalidateAll(Iterable<? extends K> keys) {
        await(async.invalidateAll(keys));
    }

    @Override
    public void invalidateTag(String tag) {
        await(async.invalidateTag(tag));
    }

    @Override
    public void expire(K key) {
        await(async.expire(key));
    }

    @Override
    public V refresh(K key) {
        return await(async.refresh(key));
    }

    @Override
    public V refresh(K key, Loader<? super K, ? extends V> loader) {
        return await(async.refresh(key, loader));
    }

    @Override
    public void clear() {
        await(async.clear());
    }

    @Override
    public Changes<K, V> changes() {
        return cache.changes();
    }

    @Override
    public CacheStats stats() {
        return cache.stats();
    }

    @Override
    public AsyncCache<K, V> async() {
        return async;
    }

    @Override
    public void close() {
        cache.close();
    }

    @Override
    public String toString() {
        return cache.toString();
    }
}
