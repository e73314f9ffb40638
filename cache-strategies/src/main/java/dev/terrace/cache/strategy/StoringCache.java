package dev.terrace.cache.strategy;

import dev.terrace.cache.AsyncCache;
import dev.terrace.cache.Cache;
import dev.terrace.cache.EntryOptions;
import dev.terrace.cache.PutStamp;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/** A cache whose puts and removes write a store first, on the caller's thread. */
abstract class StoringCache<K, V> extends ForwardingCache<K, V> {

    private final AsyncCache<K, V> async;

    /** @param executor runs the store for callers that do not block; null where there are none */
    StoringCache(Cache<K, V> cache, @Nullable Executor executor) {
        super(cache);
        this.async = new Async(cache.async(), executor);
    }

    @Override
    final boolean writesAStore() {
        return true;
    }

    /** Removes a key's value from the store, then from the cache. */
    public abstract void remove(K key);

    @Override
    public abstract void put(K key, V value, EntryOptions options);

    /** Puts one after the other; a failure leaves the rest undone. */
    @Override
    public final void putAll(Map<? extends K, ? extends V> values) {
        Map<K, V> checked = Checks.entries(values);
        refuseIfClosed();
        checked.forEach((key, value) -> put(key, value));
    }

    /** Before the store is written for a cache that cannot be told. */
    final void refuseIfClosed() {
        wrapped().invalidateAll(List.of());
    }

    /**
     * Refused: that no tier has a key does not say that the store has no such row.
     *
     * @throws UnsupportedOperationException always
     */
    @Override
    public final boolean putIfAbsent(K key, V value, EntryOptions options) {
        Checks.put(key, value, options);
        refuseIfClosed();
        throw unsupported();
    }

    static UnsupportedOperationException unsupported() {
        return new UnsupportedOperationException(
                "putIfAbsent: that the cache has no value does not say that the store has none; ask the store");
    }

    @Override
    public final AsyncCache<K, V> async() {
        return async;
    }

    private final class Async extends ForwardingAsyncCache<K, V> {

        private final @Nullable Executor executor;

        Async(AsyncCache<K, V> cache, @Nullable Executor executor) {
            super(cache);
            this.executor = executor;
        }

        @Override
        public CompletableFuture<Void> put(K key, V value, EntryOptions options) {
            Checks.put(key, value, options);
            return stored(() -> StoringCache.this.put(key, value, options));
        }

        @Override
        public CompletableFuture<PutStamp> putAhead(K key, V value, EntryOptions options) {
            return put(key, value, options).thenApply(stored -> PutStamp.NONE);
        }

        @Override
        public CompletableFuture<Void> putAll(Map<? extends K, ? extends V> values) {
            Map<K, V> copy = Checks.entries(values);
            return stored(() -> StoringCache.this.putAll(copy));
        }

        @Override
        public CompletableFuture<Boolean> putIfAbsent(K key, V value, EntryOptions options) {
            Checks.put(key, value, options);
            return wrapped()
                    .invalidateAll(List.of())
                    .thenCompose(open -> CompletableFuture.failedFuture(unsupported()));
        }

        private CompletableFuture<Void> stored(Runnable write) {
            if (executor == null) {
                return CompletableFuture.failedFuture(new IllegalStateException("cache \"" + name()
                        + "\": the store blocks, so async() needs an executor for it: use"
                        + " around(cache, writer, executor)"));
            }
            CompletableFuture<Void> done = new CompletableFuture<>();
            try {
                executor.execute(() -> {
                    try {
                        write.run();
                        done.complete(null);
                    } catch (Throwable failure) {
                        done.completeExceptionally(failure);
                    }
                });
            } catch (RejectedExecutionException full) {
                done.completeExceptionally(full);
            }
            return done;
        }
    }
}
