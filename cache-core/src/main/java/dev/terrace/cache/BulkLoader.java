package dev.terrace.cache;

import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The slow source of many values at once. */
@FunctionalInterface
public interface BulkLoader<K, V extends @Nullable Object> {

    /**
     * Loads the values of keys. A key that is missing in the result, or mapped to null, has no value; other keys in it are
     * ignored.
     *
     * @param keys unmodifiable, never empty
     */
    Map<K, ? extends V> loadAll(Set<K> keys) throws Exception;
}
