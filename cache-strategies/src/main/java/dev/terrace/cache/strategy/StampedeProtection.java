package dev.terrace.cache.strategy;

import dev.terrace.cache.Cache;
import dev.terrace.cache.EarlyRefresh;
import dev.terrace.cache.Loader;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Keeps many callers of one cold or ending key from becoming many loads. Three levels, each its own:
 * <ul>
 *   <li><b>In this process</b>: this loader. Callers of a key share one run of the loader behind it, whatever cache, wrapper or
 *       thread they come through; {@link Cache} does the same for callers of one cache by itself.
 *   <li><b>Across processes</b>: a far tier. Its lease lets one node load; see {@link dev.terrace.cache.CacheBuilder#far}.
 *   <li><b>Before the end</b>: with a chance that grows towards the end of freshness (XFetch) one caller refreshes while the
 *       others go on being served; {@link #around} adds that to any cache.
 * </ul>
 *
 * <p><b>What is left behind</b>
 * <ul>
 *   <li>A load that fails: nothing; everyone who waited for it gets the same exception, and the next caller loads anew.
 *   <li>A load that never returns: those who wait give up after {@code longestWait}; the one that runs it is bounded by its
 *       cache's load deadline. Until it ends, further callers of that key wait and give up, too.
 *   <li>A crash: nothing here; in a far tier a lease that ends by itself.
 * </ul>
 */
public final class StampedeProtection<K, V> implements Loader<K, V> {

    private final Loader<? super K, ? extends V> loader;
    private final Duration longestWait;
    private final Map<K, Run<V>> running = new ConcurrentHashMap<>();

    private StampedeProtection(Loader<? super K, ? extends V> loader, Duration longestWait) {
        this.loader = Objects.requireNonNull(loader, "loader");
        this.longestWait = Checks.positive("longestWait", longestWait);
    }

    /** A loader whose callers share runs, and wait at most 10 s for another's. */
    public static <K, V> StampedeProtection<K, V> of(Loader<? super K, ? extends V> loader) {
        return of(loader, Duration.ofSeconds(10));
    }

    /** A loader whose callers share runs, and wait at most this long for another's. */
    public static <K, V> StampedeProtection<K, V> of(Loader<? super K, ? extends V> loader, Duration longestWait) {
        return new StampedeProtection<>(loader, longestWait);
    }

    /** Reads through this cache with all the levels that it can have: shared runs, its leases, and XFetch. */
    public static <K, V> Cache<K, V> around(Cache<K, V> cache, Loader<? super K, ? extends V> loader) {
        return RefreshAhead.around(cache, StampedeProtection.<K, V>of(loader), EarlyRefresh.xfetch());
    }

    private record Run<V>(Thread thread, CompletableFuture<V> value) {}

    /**
     * Loads, or waits for a load of this key that runs.
     *
     * @throws TimeoutException if another's load does not end in time
     * @throws IllegalStateException if the loader asks for the key that it is loading
     */
    @Override
    public V load(K key) throws Exception {
        Run<V> mine = new Run<>(Thread.currentThread(), new CompletableFuture<>());
        Run<V> other = running.putIfAbsent(key, mine);
        if (other != null) {
            return waitFor(other);
        }
        try {
            V value = loader.load(key);
            mine.value.complete(value);
            return value;
        } catch (Throwable failure) {
            mine.value.completeExceptionally(failure);
            throw failure;
        } finally {
            running.remove(key);
        }
    }

    private V waitFor(Run<V> other) throws Exception {
        if (other.thread == Thread.currentThread()) {
            throw new IllegalStateException("a loader asked for the key that it is loading");
        }
        try {
            return other.value.get(longestWait.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Exception failure) {
                throw failure;
            }
            throw Waiting.unchecked(e);
        }
    }

    @Override
    public String toString() {
        return "StampedeProtection[" + running.size() + " loads running]";
    }
}
