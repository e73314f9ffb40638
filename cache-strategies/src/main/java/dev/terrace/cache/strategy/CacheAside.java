package dev.terrace.cache.strategy;

import dev.terrace.cache.BulkLoader;
import dev.terrace.cache.Cache;
import dev.terrace.cache.Loader;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;

/**
 * The application drives: it reads the cache and says at each call how to load what is missing; it changes the store itself and
 * has the key forgotten. As the pattern is usually written, by hand, two callers load the same row and a slow one stores an old
 * row over a change; here loads of a key are shared and a row that was read before a change is never stored after it.
 *
 * <p><b>What is left behind</b>
 * <ul>
 *   <li>A load that fails: nothing; its exception is the caller's. A crash during a load: nothing.
 *   <li>A change that fails: the key is invalidated all the same, since a store that threw may have stored (a lost connection
 *       tells nothing). That costs one load.
 *   <li>A crash between the change and the invalidation: every node serves the old row until its life ends. That is the price
 *       of this pattern, and a reason for short lives.
 *   <li>A far tier that does not acknowledge the invalidation: this node does not serve the old row, and repairs the far tier
 *       as soon as that answers; see {@link dev.terrace.cache.WhenFarFails}.
 * </ul>
 *
 * <p>Blocks as {@link Cache} does, and as long as the change does. Thread-safe.
 */
public final class CacheAside<K, V> {

    private final Cache<K, V> cache;

    private CacheAside(Cache<K, V> cache) {
        this.cache = Objects.requireNonNull(cache, "cache");
    }

    /** Drives this cache, which stays the caller's to close. */
    public static <K, V> CacheAside<K, V> around(Cache<K, V> cache) {
        return new CacheAside<>(cache);
    }

    /** The value, loaded where no tier has it; null only if the loader found nothing. */
    public V get(K key, Loader<? super K, ? extends V> loader) {
        return cache.get(key, loader);
    }

    /** The values that exist, in the order of the keys; one bulk load of what is missing. */
    public Map<K, V> getAll(Iterable<? extends K> keys, BulkLoader<K, V> loader) {
        return cache.getAll(keys, loader);
    }

    /**
     * Changes the store, then forgets the key, whatever came of the change. Where the store commits later, in a transaction
     * around this call, use {@link Cache#changes} instead.
     *
     * @return what the change returned
     * @throws Exception what the change threw, unchanged
     */
    public <R> R change(K key, Callable<R> change) throws Exception {
        return change(List.of(key), change);
    }

    /** As {@link #change(Object, Callable)}, for a change of several keys. */
    public <R> R change(Collection<? extends K> keys, Callable<R> change) throws Exception {
        R result;
        try {
            result = change.call();
        } catch (Throwable failure) {
            try {
                cache.invalidateAll(keys);
            } catch (RuntimeException unacknowledged) {
                failure.addSuppressed(unacknowledged);
            }
            throw failure;
        }
        cache.invalidateAll(keys);
        return result;
    }

    @Override
    public String toString() {
        return "CacheAside around " + cache;
    }
}
