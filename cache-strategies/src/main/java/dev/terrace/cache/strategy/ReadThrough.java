package dev.terrace.cache.strategy;

import dev.terrace.cache.AsyncCache;
import dev.terrace.cache.BulkLoader;
import dev.terrace.cache.Cache;
import dev.terrace.cache.EntryOptions;
import dev.terrace.cache.Loader;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

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
    private final @Nullable BulkLoader<K, V> bulkLoader;
    private final AsyncCache<K, V> async;

    private ReadThrough(
            Cache<K, V> cache, Loader<? super K, ? extends V> loader, @Nullable BulkLoader<K, V> bulkLoader) {
        super(cache);
        this.loader = Objects.requireNonNull(loader, "loader");
        this.bulkLoader = bulkLoader;
        this.async = new Async(cache.async());
    }

    /** Loads each missing value by itself. */
    public static <K, V> Cache<K, V> around(Cache<K, V> cache, Loader<? super K, ? extends V> loader) {
        return new ReadThrough<>(cache, loader, null);
    }

    /** Loads what several keys lack together. */
    public static <K, V> Cache<K, V> around(
            Cache<K, V> cache, Loader<? super K, ? extends V> loader, BulkLoader<K, V> bulkLoader) {
        return new ReadThrough<>(cache, loader, Objects.requireNonNull(bulkLoader, "bulkLoader"));
    }

    @Override
    public V get(K key) {
        return wrapped().get(key, loader, EntryOptions.DEFAULT);
    }

    @Override
    public Map<K, V> getAll(Iterable<? extends K> keys) {
        return bulkLoader == null ? Waiting.on(async.getAll(keys)) : wrapped().getAll(keys, bulkLoader);
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
            if (bulkLoader != null) {
                return wrapped().getAll(keys, bulkLoader);
            }
            Set<K> distinct = new LinkedHashSet<>();
            keys.forEach(key -> distinct.add(Objects.requireNonNull(key, "key")));
            return wrapped().getAllPresent(distinct).thenCompose(present -> loadEach(distinct, present));
        }

        /** What no tier has is loaded side by side. */
        private CompletableFuture<Map<K, V>> loadEach(Set<K> keys, Map<K, V> present) {
            Map<K, CompletableFuture<V>> values = new LinkedHashMap<>();
            keys.forEach(key -> {
                V value = present.get(key);
                values.put(key, value == null ? get(key) : CompletableFuture.completedFuture(value));
            });
            List<CompletableFuture<V>> all = new ArrayList<>(values.values());
            return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new))
                    .thenApply(done -> {
                        Map<K, V> found = new LinkedHashMap<>();
                        values.forEach((key, value) -> {
                            V loaded = value.join();
                            if (loaded != null) {
                                found.put(key, loaded);
                            }
                        });
                        return Collections.unmodifiableMap(found);
                    });
        }

        @Override
        public CompletableFuture<V> refresh(K key) {
            return wrapped().refresh(key, loader);
        }
    }
}
