package dev.terrace.cache;

import org.jspecify.annotations.Nullable;

/** Where a read gets values that no tier has: a loader of one, of many, or both. */
record LoadSource<K, V>(
        @Nullable ContextualLoader<K, V> one, @Nullable BulkLoader<K, V> many) {

    static <K, V> LoadSource<K, V> ofOne(Loader<? super K, ? extends V> loader) {
        return new LoadSource<>((key, context) -> loader.load(key), null);
    }

    static <K, V> LoadSource<K, V> ofMany(BulkLoader<K, V> loader) {
        return new LoadSource<>(null, loader);
    }
}
