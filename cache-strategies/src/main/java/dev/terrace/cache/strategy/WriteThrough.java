package dev.terrace.cache.strategy;

import dev.terrace.cache.Cache;
import dev.terrace.cache.EntryOptions;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A put writes the store, then the cache; the next read finds it there. A remove removes from the store, then from the cache.
 *
 * <p><b>What is left behind</b>
 * <ul>
 *   <li>A store that fails: the cache as it was, and the exception is the caller's. A store that throws although it has stored
 *       (a lost connection) leaves the cache with the old value until its life ends: {@link #invalidate} the key where you
 *       cannot tell.
 *   <li>A cache that throws after the store has stored: the key is invalidated, and the exception is the caller's.
 *   <li>A crash between the store and the cache: every node serves the old value until its life ends.
 *   <li>A far tier that does not acknowledge: this node does not serve the old value, and repairs the far tier as soon as that
 *       answers; see {@link dev.terrace.cache.WhenFarFails}.
 *   <li>Two puts of one key at the same time on this node: their order in the store is not known here, so the key is
 *       invalidated and the next read loads what the store has.
 *   <li>Two puts of one key at the same time on two nodes: the far tier may end with the older one. Give values the row's
 *       version ({@link EntryOptions#withSourceVersion}), with which an older one is refused, or use {@link WriteAround}.
 * </ul>
 *
 * <p>Blocks as long as the store does, and then as {@link Cache#put}.
 */
public final class WriteThrough<K, V> extends StoringCache<K, V> {

    private final StoreWriter<? super K, ? super V> store;
    private final WritesUnderWay underWay = new WritesUnderWay();

    private WriteThrough(Cache<K, V> cache, StoreWriter<? super K, ? super V> store, @Nullable Executor executor) {
        super(cache, executor);
        this.store = Objects.requireNonNull(store, "store");
    }

    /** Writes this store on the caller's thread; {@link Cache#async()} refuses to write. */
    public static <K, V> WriteThrough<K, V> around(Cache<K, V> cache, StoreWriter<? super K, ? super V> store) {
        return new WriteThrough<>(cache, store, null);
    }

    /** As {@link #around(Cache, StoreWriter)}; writes of {@link Cache#async()} run on this executor. */
    public static <K, V> WriteThrough<K, V> around(
            Cache<K, V> cache, StoreWriter<? super K, ? super V> store, Executor executor) {
        return new WriteThrough<>(cache, store, Objects.requireNonNull(executor, "executor"));
    }

    @Override
    public void put(K key, V value, EntryOptions options) {
        Checks.put(key, value, options);
        refuseIfClosed();
        try {
            put(
                    key,
                    () -> {
                        store.put(key, value);
                        return value;
                    },
                    stored -> stored,
                    options);
        } catch (Exception e) {
            throw Waiting.unchecked(e);
        }
    }

    /**
     * As {@link #put(Object, Object, EntryOptions)}, with a write of the store that the caller brings, and a value that may
     * depend on what it returned.
     *
     * @param row the value to be cached; null where there is none, which invalidates the key
     * @return what the write returned
     * @throws Exception what the write threw, unchanged
     */
    public <R extends @Nullable Object> R put(
            K key, Callable<R> write, Function<? super R, ? extends @Nullable V> row, EntryOptions options)
            throws Exception {
        long token = underWay.begin(key);
        try {
            R result = write.call();
            try {
                cache(key, row.apply(result), options, token);
            } catch (Throwable failure) {
                forget(key, failure);
                throw failure;
            }
            return result;
        } finally {
            underWay.end(key);
        }
    }

    /**
     * A row that a write has stored.
     *
     * @param key its key
     * @param value the value to be cached; null where there is none, which invalidates the key
     * @param options how it is cached
     */
    public record Row<K, V>(K key, @Nullable V value, EntryOptions options) {

        /** Checks that a key and options are given. */
        public Row {
            Objects.requireNonNull(key, "key");
            Objects.requireNonNull(options, "options");
        }
    }

    /**
     * As {@link #put(Object, Callable, Function, EntryOptions)}, for a store that makes keys: what was stored is asked for its key
     * once the write has returned. Where another write of that key was under way meanwhile, the key is invalidated.
     *
     * @param row what is to be cached, of what the write returned; null where nothing is, and nothing to be invalidated
     *     either. Should not throw: the store has stored then, and no key is known to be invalidated
     * @return what the write returned
     * @throws Exception what the write threw, unchanged
     */
    public <R extends @Nullable Object> R putStored(
            Callable<R> write, Function<? super R, ? extends @Nullable Row<K, V>> row) throws Exception {
        WritesUnderWay.Seen before = underWay.seen();
        R result = write.call();
        Row<K, V> stored = row.apply(result);
        if (stored == null) {
            return result;
        }
        K key = stored.key();
        long token = underWay.begin(key);
        try {
            cache(key, before.isFirstSince(key, token) ? stored.value() : null, stored.options(), token);
        } catch (Throwable failure) {
            forget(key, failure);
            throw failure;
        } finally {
            underWay.end(key);
        }
        return result;
    }

    private void cache(K key, @Nullable V value, EntryOptions options, long token) {
        if (value != null && underWay.isAlone(key, token)) {
            wrapped().put(key, value, options);
            if (underWay.isAlone(key, token)) {
                return;
            }
            // One that began meanwhile may have stored after us and is told that it was not alone, too.
        }
        wrapped().invalidate(key);
    }

    /** The store has the new value, so the old one must go, whatever it was that failed after that. */
    private void forget(K key, Throwable failure) {
        try {
            wrapped().invalidate(key);
        } catch (Throwable again) {
            if (again != failure) {
                failure.addSuppressed(again);
            }
        }
    }

    @Override
    public void remove(K key) {
        Objects.requireNonNull(key, "key");
        refuseIfClosed();
        underWay.begin(key);
        try {
            store.remove(key);
            wrapped().invalidate(key);
        } catch (Exception e) {
            throw Waiting.unchecked(e);
        } finally {
            underWay.end(key);
        }
    }
}
