package dev.terrace.cache.strategy;

/**
 * The slow store of single values, written on the caller's thread and in the caller's transaction, if there is one. Bounds its
 * own time. What it throws reaches the caller: unchanged if unchecked, else as the cause of {@link StoreFailedException}.
 */
@FunctionalInterface
public interface StoreWriter<K, V> {

    /** Stores a value; has stored it when it returns. */
    void put(K key, V value) throws Exception;

    /** Removes a value, if there is one. */
    default void remove(K key) throws Exception {
        throw new UnsupportedOperationException("this store does not remove");
    }
}
