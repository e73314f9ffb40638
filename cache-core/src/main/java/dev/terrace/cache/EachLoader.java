package dev.terrace.cache;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A loader of single values where one of many is asked for. */
record EachLoader<K, V extends @Nullable Object>(Loader<? super K, ? extends V> loader) implements BulkLoader<K, V> {

    @Override
    public Map<K, V> loadAll(Set<K> keys) throws Exception {
        Map<K, V> values = new LinkedHashMap<>();
        for (K key : keys) {
            values.put(key, loader.load(key));
        }
        return values;
    }
}
