package dev.terrace.cache;

import org.jspecify.annotations.Nullable;

/** A {@link Loader} that sees the previous entry and sets the life, tags and state of the new one. */
@FunctionalInterface
public interface ContextualLoader<K, V extends @Nullable Object> {

    /** Loads the value of a key; null where the source has none. The context is valid during the call only. */
    V load(K key, LoadContext<V> context) throws Exception;
}
