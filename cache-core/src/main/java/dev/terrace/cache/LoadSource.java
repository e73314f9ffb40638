package dev.terrace.cache;

import org.jspecify.annotations.Nullable;

/**
 * Where a read gets values that no tier has: a loader of one, of many, or both.
 *
 * @param options what every entry starts from, before its loader says more
 */
record LoadSource<K, V>(
        @Nullable ContextualLoader<K, V> one, @Nullable BulkLoader<K, V> many, EntryOptions options) {

    static <K, V> LoadSource<K, V> ofOne(Loader<? super K, ? extends V> loader, EntryOptions options) {
        return new LoadSource<>((key, context) -> loader.load(key), null, options);
    }

    static <K, V> LoadSource<K, V> ofMany(BulkLoader<K, V> loader, EntryOptions options) {
        return loader instanceof EachLoader<K, V> each
                ? ofOne(each.loader(), options)
                : new LoadSource<>(null, loader, options);
    }
}
