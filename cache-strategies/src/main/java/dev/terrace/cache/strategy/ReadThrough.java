package dev.terrace.cache.strategy;

import dev.terrace.cache.AsyncCache;
import dev.terrace.cache.BulkLoader;
import dev.terrace.cache.Cache;
import dev.terrace.cache.EntryOptions;
import dev.terrace.cache.Loader;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;

/**
 * The cache drives: {@link #get(Object)}, {@link #getAll(Iterable)} and {@link #refresh(Object)} load what no tier has with
 * the loader given here. For a cache that somebody else built without a loader; where you build it yourself,
 * {@link dev.terrace.cache.CacheBuilder#loader} does the same and also revalidates stale values.
 *
 * <p><b>What is left behind</b>
 * <ul>
 *   <li>A load that fails: nothing is stored; every caller that waited for it gets the same exception. A refresh that fails
 *       leaves what was there.
 *   <li>A crash during a load: nothing, but a lease in the far tier that ends by itself within the load deadline and a
 *       little; until then other nodes wait for it at most {@code leaseWait}, then load by themselves.
 *   <li>A far tier that does not take the loaded value: callers get it, the far tier has nothing or what it had.
 * </ul>
 */
public final class ReadThrough<K, V> extends ForwardingCache<K, V> {

    private final Loader<? super K, ? extends V> loader;
    private final BulkLoader<K, V> bulkLoader;
    private final AsyncCache<K, V> async;

    private ReadThrough(Cache<K, V> cache, Loader<? super K, ? extends V> loader, BulkLoader<K, V> bulkLoader) {
        super(cache);
        this.loader = Objects.requireNonNull(loader, "loader");
        this.bulkLoader = Objects.requireNonNull(bulkLoader, "bulkLoader");
        this.async = new Async(cache.async());
    }

    /** Loads each missing value by itself. */
    public static <K, V> Cache<K, V> around(Cache<K, V> cache, Loader<? super K, ? extends V> loader) {
        return new ReadThrough<>(cache, loader, BulkLoader.each(loader));
    }

    /** Loads what several keys lack together. */
    public static <K, V> Cache<K, V> around(
            Cache<K, V> cache, Loader<? super K, ? extends V> loader, BulkLoader<K, V> bulkLoader) {
        return new ReadThrough<>(cache, loader, bulkLoader);
    }

    @Override
    public V get(K key) {
        return wrapped().get(key, loader, EntryOptions.DEFAULT);
    }

    @Override
    public Map<K, V> getAll(Iterable<? extends K> keys) {
        return wrapped().getAll(keys, bulkLoader);
    }

    @Override
    public V refresh(K key) {
        return wrapped().refresh(key, loader);
    }

    @Override
    public AsyncCache<K, V> async() {
        return async;
    }

    private final class Async extends ForwardingAsyncCache<K, V> {

        Async(AsyncCache<K, V> cache) {
            super(cache);
        }

        @Override
        public CompletableFuture<V> get(K key) {
            return wrapped().get(key, loader);
        }

        @Override
        public CompletableFuture<Map<K, V>> getAll(Iterable<? extends K> keys) {
            return wrapped().getAll(keys, bulkLoader);
        }

        @Override
        public CompletableFuture<V> refresh(K key) {
            return wrapped().refresh(key, loader);
        }
    }
}
