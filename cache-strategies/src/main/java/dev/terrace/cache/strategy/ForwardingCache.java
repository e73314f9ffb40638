package dev.terrace.cache.strategy;

import dev.terrace.cache.AsyncCache;
import dev.terrace.cache.BulkLoader;
import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheStats;
import dev.terrace.cache.Changes;
import dev.terrace.cache.EntryOptions;
import dev.terrace.cache.Loader;
import dev.terrace.cache.Lookup;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A cache that does what another one does, but for what a strategy changes. */
abstract class ForwardingCache<K, V> implements Cache<K, V> {

    private final Cache<K, V> cache;

    ForwardingCache(Cache<K, V> cache) {
        this.cache = Objects.requireNonNull(cache, "cache");
    }

    /** The cache that is wrapped. */
    final Cache<K, V> wrapped() {
        return cache;
    }

    /** Whether a put writes a store, here or further inside. */
    boolean writesAStore() {
        return cache instanceof ForwardingCache<?, ?> inner && inner.writesAStore();
    }

    @Override
    public final String name() {
        return cache.name();
    }

    @Override
    public @Nullable V getIfPresent(K key) {
        return cache.getIfPresent(key);
    }

    @Override
    public V get(K key) {
        return cache.get(key);
    }

    @Override
    public final V get(K key, Loader<? super K, ? extends V> loader) {
        return get(key, loader, EntryOptions.DEFAULT);
    }

    @Override
    public V get(K key, Loader<? super K, ? extends V> loader, EntryOptions options) {
        return cache.get(key, loader, options);
    }

    @Override
    public Map<K, V> getAll(Iterable<? extends K> keys) {
        return cache.getAll(keys);
    }

    @Override
    public final Map<K, V> getAll(Iterable<? extends K> keys, BulkLoader<K, V> loader) {
        return getAll(keys, loader, EntryOptions.DEFAULT);
    }

    @Override
    public Map<K, V> getAll(Iterable<? extends K> keys, BulkLoader<K, V> loader, EntryOptions options) {
        return cache.getAll(keys, loader, options);
    }

    @Override
    public Map<K, V> getAllPresent(Iterable<? extends K> keys) {
        return cache.getAllPresent(keys);
    }

    @Override
    public Lookup<V> lookup(K key) {
        return cache.lookup(key);
    }

    @Override
    public final void put(K key, V value) {
        put(key, value, EntryOptions.DEFAULT);
    }

    @Override
    public void put(K key, V value, EntryOptions options) {
        cache.put(key, value, options);
    }

    @Override
    public void putAll(Map<? extends K, ? extends V> values) {
        cache.putAll(values);
    }

    @Override
    public final boolean putIfAbsent(K key, V value) {
        return putIfAbsent(key, value, EntryOptions.DEFAULT);
    }

    @Override
    public boolean putIfAbsent(K key, V value, EntryOptions options) {
        return cache.putIfAbsent(key, value, options);
    }

    @Override
    public void invalidate(K key) {
        cache.invalidate(key);
    }

    @Override
    public void invalidateAll(Iterable<? extends K> keys) {
        cache.invalidateAll(keys);
    }

    @Override
    public void invalidateTag(String tag) {
        cache.invalidateTag(tag);
    }

    @Override
    public void expire(K key) {
        cache.expire(key);
    }

    @Override
    public V refresh(K key) {
        return cache.refresh(key);
    }

    @Override
    public V refresh(K key, Loader<? super K, ? extends V> loader) {
        return cache.refresh(key, loader);
    }

    @Override
    public void clear() {
        cache.clear();
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
        return cache.async();
    }

    @Override
    public void close() {
        cache.close();
    }

    @Override
    public String toString() {
        return getClass().getSimpleName() + " around " + cache;
    }
}
