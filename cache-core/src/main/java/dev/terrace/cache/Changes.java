package dev.terrace.cache;

import org.jspecify.annotations.NonNull;
import org.jspecify.annotations.Nullable;

/**
 * Changes of a cache, collected during a transaction and applied after its commit. For one transaction and one thread.
 *
 * <p>An invalidation before the commit is not enough: between the two a load may read the old row, and nothing tells the
 * cache afterwards. One after the commit leaves a moment in which readers see the old value, and none in which it stays.
 *
 * <pre>{@code
 * try (Changes<Long, Product> changes = products.changes()) {
 *     update(connection, product);
 *     changes.invalidate(product.id());
 *     connection.commit();
 *     changes.apply();
 * }
 * }</pre>
 *
 * <p>Closing without {@link #apply} drops what was collected, which is right after a rollback.
 */
public interface Changes<K, V extends @Nullable Object> extends AutoCloseable {

    /** Collects a put; a later change of the same key replaces it. */
    Changes<K, V> put(K key, @NonNull V value);

    /** Collects a put with options; a later change of the same key replaces it. */
    Changes<K, V> put(K key, @NonNull V value, EntryOptions options);

    /** Collects an invalidation; a later change of the same key replaces it. */
    Changes<K, V> invalidate(K key);

    /** Collects an invalidation of a tag, applied before the keys' changes. */
    Changes<K, V> invalidateTag(String tag);

    /** Collects a clear, applied first; changes collected before it are dropped. */
    Changes<K, V> clear();

    /**
     * Applies everything: one round trip for the tags and one each for all puts and all invalidations. Blocks and fails as
     * those do; all are attempted.
     *
     * @throws IllegalStateException if applied or closed before
     */
    void apply();

    /** Drops what was not applied. Idempotent. */
    @Override
    void close();
}
