package dev.terrace.cache;

import java.util.Map;
import java.util.Objects;
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

    /**
     * One load for each value. A cache runs them side by side, as it does with a loader of its own and no bulk loader; called
     * directly, it runs one after the other.
     */
    static <K, V extends @Nullable Object> BulkLoader<K, V> each(Loader<? super K, ? extends V> loader) {
        return new EachLoader<>(Objects.requireNonNull(loader, "loader"));
    }
}
