package dev.terrace.cache.strategy;

import dev.terrace.cache.Cache;
import dev.terrace.cache.EntryOptions;
import java.util.Objects;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * A put writes the store and has the key forgotten; the next read loads it. For values that are written more often than read,
 * and right on any number of nodes, since what is cached was always read from the store.
 *
 * <p><b>What is left behind</b>
 * <ul>
 *   <li>A store that fails: the key is invalidated all the same, since a store that threw may have stored; the exception is
 *       the caller's. That costs one load.
 *   <li>A crash between the store and the invalidation: every node serves the old value until its life ends.
 *   <li>A far tier that does not acknowledge: this node does not serve the old value, and repairs the far tier as soon as that
 *       answers; see {@link dev.terrace.cache.WhenFarFails}.
 * </ul>
 *
 * <p>The options of a put are not used: nothing is cached by it. Blocks as long as the store does, and then as
 * {@link Cache#invalidate}.
 */
public final class WriteAround<K, V> extends StoringCache<K, V> {

    private final StoreWriter<? super K, ? super V> store;
    private final CacheAside<K, V> aside;

    private WriteAround(Cache<K, V> cache, StoreWriter<? super K, ? super V> store, @Nullable Executor executor) {
        super(cache, executor);
        this.store = Objects.requireNonNull(store, "store");
        this.aside = CacheAside.around(cache);
    }

    /** Writes this store on the caller's thread; {@link Cache#async()} refuses to write. */
    public static <K, V> WriteAround<K, V> around(Cache<K, V> cache, StoreWriter<? super K, ? super V> store) {
        return new WriteAround<>(cache, store, null);
    }

    /** As {@link #around(Cache, StoreWriter)}; writes of {@link Cache#async()} run on this executor. */
    public static <K, V> WriteAround<K, V> around(
            Cache<K, V> cache, StoreWriter<? super K, ? super V> store, Executor executor) {
        return new WriteAround<>(cache, store, Objects.requireNonNull(executor, "executor"));
    }

    @Override
    public void put(K key, V value, EntryOptions options) {
        Checks.put(key, value, options);
        refuseIfClosed();
        change(key, () -> store.put(key, value));
    }

    @Override
    public void remove(K key) {
        Objects.requireNonNull(key, "key");
        refuseIfClosed();
        change(key, () -> store.remove(key));
    }

    private void change(K key, StoreCall call) {
        try {
            aside.change(key, () -> {
                call.run();
                return key;
            });
        } catch (Exception e) {
            throw Waiting.unchecked(e);
        }
    }

    @FunctionalInterface
    private interface StoreCall {
        void run() throws Exception;
    }
}
