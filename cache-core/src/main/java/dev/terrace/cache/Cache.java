package dev.terrace.cache;

import java.util.Map;
import org.jspecify.annotations.NonNull;
import org.jspecify.annotations.Nullable;

/**
 * A cache of values by key, in one or two tiers. Thread-safe.
 *
 * <p><b>What blocks.</b> A near hit never does. Other reads wait at most for the far budget, the lease wait and the load
 * deadline of the configuration; writes for the far budget. Nothing waits without a bound.
 *
 * <p><b>What fails.</b> A loader's unchecked exception reaches every caller that waited for that load, unchanged and the
 * same instance; a checked one wrapped in {@link LoadFailedException}. A load over its deadline is a
 * {@link LoadTimeoutException}, one that found no room a {@link LoadRejectedException}. A far tier that fails is never an
 * exception of a read that a loader can answer; for writes see {@link WhenFarFails}. After {@link #close} every operation
 * throws {@link CacheClosedException}.
 *
 * <p><b>Sharing.</b> Values in the near tier are shared by reference between all callers: treat them as immutable, or set
 * {@link CacheBuilder#copyOnRead}.
 *
 * <p>Null keys and values are refused with {@link NullPointerException}. A loader that finds nothing returns null, which
 * is cached only with {@link CacheBuilder#negativeFor}.
 *
 * @param <K> the type of keys
 * @param <V> the type of values; nullable where a loader may find nothing
 */
public interface Cache<K, V extends @Nullable Object> extends AutoCloseable {

    /**
     * Starts a cache.
     *
     * @param name of {@code [A-Za-z0-9._-]+}; names its records in a far tier and its metrics
     */
    static <K, V extends @Nullable Object> CacheBuilder<K, V> builder(String name) {
        return new CacheBuilder<>(name);
    }

    /** The name given to the builder. */
    String name();

    /** The value if a tier has it, fresh or stale within its life; never loads. Null where there is none. */
    @Nullable
    V getIfPresent(K key);

    /**
     * The value, loaded with the cache's loader where no tier has it.
     *
     * @return the value; null only if the loader found nothing
     * @throws IllegalStateException if the cache has no loader
     */
    V get(K key);

    /** The value, loaded with this loader where no tier has it. A load of the key that already runs is joined. */
    V get(K key, Loader<? super K, ? extends V> loader);

    /** As {@link #get(Object, Loader)}; a value loaded by this call gets its own life, tags or source version. */
    V get(K key, Loader<? super K, ? extends V> loader, EntryOptions options);

    /**
     * The values of many keys, by one read of each tier, and one bulk load (or one load each, without a bulk loader) of what
     * is missing. More than 16,384 keys are read in portions, one after the other, each with a bulk load of its own and within
     * the bounds of a read of its own; without a bulk loader a portion is a quarter of the loads that may run and wait, if that
     * is less. Where a portion fails, so does the call, and those after it are not read.
     *
     * @return the values that exist, in the order of the keys; unmodifiable
     * @throws IllegalStateException if the cache has no loader
     */
    Map<K, @NonNull V> getAll(Iterable<? extends K> keys);

    /** As {@link #getAll(Iterable)}, with this bulk loader. */
    Map<K, @NonNull V> getAll(Iterable<? extends K> keys, BulkLoader<K, V> loader);

    /** As {@link #getAll(Iterable, BulkLoader)}; each value loaded by this call gets this life, these tags. */
    Map<K, @NonNull V> getAll(Iterable<? extends K> keys, BulkLoader<K, V> loader, EntryOptions options);

    /** The values that a tier has; never loads. In the order of the keys; unmodifiable. */
    Map<K, @NonNull V> getAllPresent(Iterable<? extends K> keys);

    /** What is known of a key: value, tier, age, staleness, remaining life, tags. Asks the tiers, never loads. */
    Lookup<@NonNull V> lookup(K key);

    /**
     * Stores a value in all tiers. A load that is running will not overwrite it, and no read on this node that starts
     * afterwards sees what was there before.
     */
    void put(K key, @NonNull V value);

    /** Stores a value with its own life, tags or source version. */
    void put(K key, @NonNull V value, EntryOptions options);

    /** Stores each value; not atomic as a whole. */
    void putAll(Map<? extends K, ? extends @NonNull V> values);

    /**
     * Stores the value if the key has none: nothing, a tombstone, an ended life and a value invalidated by tag or clear count
     * as none; a stale value and a cached null count as one.
     *
     * @return whether this call stored the value. False says no more than that: the key has a value, or the far tier is
     *     read-only, or, with {@link WhenFarFails#DEGRADE}, it did not acknowledge: it failed, is switched off, or a change of
     *     the key waits to be repaired there; that is counted and reported as {@link FailureKind#FAR_WRITE}
     */
    boolean putIfAbsent(K key, @NonNull V value);

    /** As {@link #putIfAbsent(Object, Object)}, with the entry's own life, tags or source version. */
    boolean putIfAbsent(K key, @NonNull V value, EntryOptions options);

    /**
     * Removes a key's value from all tiers. Call it after the commit of the change that caused it, as
     * {@link #changes} does: before, a load may read the old row and be right to store it.
     */
    void invalidate(K key);

    /** Removes the values of many keys, in one round trip. */
    void invalidateAll(Iterable<? extends K> keys);

    /** Makes every value with this tag invalid, in all tiers, in constant time. */
    void invalidateTag(String tag);

    /**
     * Makes a value stale for the rest of its life, in all tiers: the next read revalidates it, and as any stale value it is
     * served meanwhile, or if that fails or is slow. The end of its life stays as it is, so that this holds also where
     * {@link CacheBuilder#staleFor} is not set, then until the value would have ceased to be fresh. Nothing happens where there
     * is no value. For a value that must not be served any more, see {@link #invalidate}.
     */
    void expire(K key);

    /**
     * Loads a key's value now with the cache's loader, even if it is fresh. A load of the key that already runs is joined.
     *
     * @return the loaded value; null only if the loader found nothing
     * @throws IllegalStateException if the cache has no loader
     */
    V refresh(K key);

    /** As {@link #refresh(Object)}, with this loader. */
    V refresh(K key, Loader<? super K, ? extends V> loader);

    /** Makes every value invalid, in all tiers, in constant time. */
    void clear();

    /**
     * Collects changes to be applied together after the commit of the transaction that causes them. The result is for one
     * transaction and one thread.
     */
    Changes<K, V> changes();

    /** Counts since the cache was built. */
    CacheStats stats();

    /** The same cache for callers that must not block. */
    AsyncCache<K, V> async();

    /**
     * Stops background work and closes what this cache owns, within the close deadline. Values in the far tier stay. Callers
     * that wait are released with {@link CacheClosedException}. Idempotent.
     */
    @Override
    void close();
}
