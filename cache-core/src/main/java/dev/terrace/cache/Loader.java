package dev.terrace.cache;

import org.jspecify.annotations.Nullable;

/**
 * The slow source of one value. Called by one thread at a time per key and process; may block until the load deadline,
 * when its thread is interrupted.
 */
@FunctionalInterface
public interface Loader<K, V extends @Nullable Object> {

    /** Loads the value of a key; null where the source has none. */
    V load(K key) throws Exception;
}
