package dev.terrace.cache;

import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.NonNull;
import org.jspecify.annotations.Nullable;

/**
 * A {@link Cache} for callers that must not block: the same operations, the same guarantees, the same failures, which
 * arrive in the future; only null arguments, malformed tags and a missing loader are refused on the spot. A near hit is a
 * completed future. Thread-safe.
 *
 * <p><b>Threads.</b> A future is complete when it is returned, or it is completed on a thread that the cache has for nothing
 * else: what follows on it without an executor of its own ({@code thenApply}, {@code whenComplete}) runs there, or on the thread
 * that adds it if the future is complete by then, and may block, also on this cache. It never runs on a thread that loads, nor
 * on one of a far tier's driver or of timers. These threads are virtual where the JVM has them, and then there is one for each
 * completion; else there are up to 256 for a cache, and further completions wait for one of them to become free. They are not
 * those of {@link CacheBuilder#executor}, which might be full, and no completion is refused, also not after the close; should
 * the JVM have no thread to give, it happens on the thread that has the result, and is reported as
 * {@link FailureKind#LOAD_REJECTED}.
 *
 * <p>Unlike their blocking twins, writes always report the true outcome of the far tier: where the write was not
 * acknowledged the future fails with {@link FarWriteException}, whatever {@link WhenFarFails} says. The repair is queued
 * all the same.
 *
 * <p>Cancelling a future releases its caller alone; a load that others wait for goes on.
 */
public interface AsyncCache<K, V extends @Nullable Object> {

    /** @see Cache#getIfPresent */
    CompletableFuture<@Nullable V> getIfPresent(K key);

    /** @see Cache#get(Object) */
    CompletableFuture<V> get(K key);

    /** @see Cache#get(Object, Loader) */
    CompletableFuture<V> get(K key, Loader<? super K, ? extends V> loader);

    /** @see Cache#get(Object, Loader, EntryOptions) */
    CompletableFuture<V> get(K key, Loader<? super K, ? extends V> loader, EntryOptions options);

    /** @see Cache#getAll(Iterable) */
    CompletableFuture<Map<K, @NonNull V>> getAll(Iterable<? extends K> keys);

    /** @see Cache#getAll(Iterable, BulkLoader) */
    CompletableFuture<Map<K, @NonNull V>> getAll(Iterable<? extends K> keys, BulkLoader<K, V> loader);

    /** @see Cache#getAll(Iterable, BulkLoader, EntryOptions) */
    CompletableFuture<Map<K, @NonNull V>> getAll(
            Iterable<? extends K> keys, BulkLoader<K, V> loader, EntryOptions options);

    /** @see Cache#getAllPresent */
    CompletableFuture<Map<K, @NonNull V>> getAllPresent(Iterable<? extends K> keys);

    /** @see Cache#lookup */
    CompletableFuture<Lookup<@NonNull V>> lookup(K key);

    /** @see Cache#put(Object, Object) */
    CompletableFuture<Void> put(K key, @NonNull V value);

    /** @see Cache#put(Object, Object, EntryOptions) */
    CompletableFuture<Void> put(K key, @NonNull V value, EntryOptions options);

    /**
     * Stores a value before its source has it, as write-behind does: {@link #settle} must follow once the source has it.
     * Unlike {@link #put}, the future does not fail where the far tier did not acknowledge, or the value cannot be encoded:
     * that is counted and reported, the key is invalidated, and the stamp is {@link PutStamp#NONE}.
     */
    default CompletableFuture<PutStamp> putAhead(K key, @NonNull V value, EntryOptions options) {
        return put(key, value, options).handle((done, failure) -> PutStamp.NONE);
    }

    /**
     * Says that the source now has what {@link #putAhead} stored. A value stays only if it is still that put's and no load
     * of its key is under way, on any node, that may have begun before this call; else the key is invalidated. So no row
     * that was read from the source in the meantime stays. Two round trips where values stay, one more where they do not.
     *
     * @return fails as an invalidation does
     */
    default CompletableFuture<Void> settle(Map<? extends K, PutStamp> stamps) {
        return invalidateAll(stamps.keySet());
    }

    /** @see Cache#putAll */
    CompletableFuture<Void> putAll(Map<? extends K, ? extends @NonNull V> values);

    /** @see Cache#putIfAbsent(Object, Object) */
    CompletableFuture<Boolean> putIfAbsent(K key, @NonNull V value);

    /** @see Cache#putIfAbsent(Object, Object, EntryOptions) */
    CompletableFuture<Boolean> putIfAbsent(K key, @NonNull V value, EntryOptions options);

    /** @see Cache#invalidate */
    CompletableFuture<Void> invalidate(K key);

    /** @see Cache#invalidateAll */
    CompletableFuture<Void> invalidateAll(Iterable<? extends K> keys);

    /** @see Cache#invalidateTag */
    CompletableFuture<Void> invalidateTag(String tag);

    /** @see Cache#expire */
    CompletableFuture<Void> expire(K key);

    /** @see Cache#refresh(Object) */
    CompletableFuture<V> refresh(K key);

    /** @see Cache#refresh(Object, Loader) */
    CompletableFuture<V> refresh(K key, Loader<? super K, ? extends V> loader);

    /** @see Cache#clear */
    CompletableFuture<Void> clear();
}
