package dev.terrace.cache.strategy;

import dev.terrace.cache.AsyncCache;
import dev.terrace.cache.BulkLoader;
import dev.terrace.cache.Cache;
import dev.terrace.cache.EarlyRefresh;
import dev.terrace.cache.Loader;
import dev.terrace.cache.Lookup;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;

/**
 * A read of a value that is near the end of its freshness starts a refresh in the background and returns what is there, so that
 * callers of a busy key never wait for a load. For a cache that somebody else built; where you build it yourself,
 * {@link dev.terrace.cache.CacheBuilder#earlyRefresh} does the same at no cost to near hits, while here each read of
 * {@link #get(Object)} is a {@link Cache#lookup}.
 *
 * <p><b>What is left behind</b>
 * <ul>
 *   <li>A refresh that fails: what was there, until the end of its life; the key is left alone for a second. The failure is
 *       the cache's to count and report, as that of any load.
 *   <li>A crash during a refresh: what was there, and a lease that ends by itself.
 * </ul>
 *
 * <p>With XFetch the cost of a load is that of the last ones made here, smoothed. At most 10,000 keys are refreshed or left
 * alone at a time; more are not refreshed ahead.
 */
public final class RefreshAhead<K, V> extends ForwardingCache<K, V> {

    private static final int MAX_KEYS = 10_000;
    private static final long PAUSE = Duration.ofSeconds(1).toNanos();
    private static final long RUNNING = Long.MAX_VALUE;
    private static final long SHORTEST_LOAD = 1_000_000;

    private final Loader<K, V> loader;
    private final EarlyRefresh when;
    private final LongSupplier nanoTime;
    private final DoubleSupplier chance;
    private final AsyncCache<K, V> async;
    private final AtomicLong loadNanos = new AtomicLong(SHORTEST_LOAD);
    /** Until when a key is not refreshed again, in nanoseconds. */
    private final Map<K, Long> leftAlone = new ConcurrentHashMap<>();

    RefreshAhead(
            Cache<K, V> cache,
            Loader<? super K, ? extends V> loader,
            EarlyRefresh when,
            LongSupplier nanoTime,
            DoubleSupplier chance) {
        super(cache);
        Objects.requireNonNull(loader, "loader");
        this.loader = key -> timed(loader, key);
        this.when = Objects.requireNonNull(when, "when");
        this.nanoTime = nanoTime;
        this.chance = chance;
        this.async = new Async(cache.async());
    }

    /**
     * Loads and refreshes with this loader, at a share of the freshness or with a chance that grows towards its end. Reads of many
     * keys load each missing value by itself and refresh nothing ahead.
     */
    public static <K, V> Cache<K, V> around(
            Cache<K, V> cache, Loader<? super K, ? extends V> loader, EarlyRefresh when) {
        return around(cache, loader, BulkLoader.each(loader), when);
    }

    /** As {@link #around(Cache, Loader, EarlyRefresh)}, but loads what several keys lack together. */
    public static <K, V> Cache<K, V> around(
            Cache<K, V> cache, Loader<? super K, ? extends V> loader, BulkLoader<K, V> bulkLoader, EarlyRefresh when) {
        DoubleSupplier chance = () -> ThreadLocalRandom.current().nextDouble();
        return new RefreshAhead<>(
                ReadThrough.around(cache, loader, bulkLoader), loader, when, System::nanoTime, chance);
    }

    private V timed(Loader<? super K, ? extends V> source, K key) throws Exception {
        long start = nanoTime.getAsLong();
        V value = source.load(key);
        long took = nanoTime.getAsLong() - start;
        loadNanos.updateAndGet(before -> Math.max(SHORTEST_LOAD, (before * 3 + took) / 4));
        return value;
    }

    @Override
    public V get(K key) {
        Lookup<V> found = wrapped().lookup(key);
        V value = found.value();
        if (found.status() != Lookup.Status.FRESH || value == null) {
            return wrapped().get(key, loader);
        }
        consider(key, found);
        return value;
    }

    @Override
    public V refresh(K key) {
        return wrapped().refresh(key, loader);
    }

    @Override
    public AsyncCache<K, V> async() {
        return async;
    }

    private void consider(K key, Lookup<V> found) {
        if (!isDue(found)) {
            return;
        }
        long now = nanoTime.getAsLong();
        Long until = leftAlone.get(key);
        if (until != null && (until == RUNNING || until - now > 0)) {
            return;
        }
        if (until == null && leftAlone.size() >= MAX_KEYS) {
            leftAlone.values().removeIf(end -> end != RUNNING && end - now <= 0);
            return;
        }
        boolean mine =
                until == null ? leftAlone.putIfAbsent(key, RUNNING) == null : leftAlone.replace(key, until, RUNNING);
        if (mine) {
            wrapped().async().refresh(key, loader).whenComplete((value, failure) -> {
                if (failure == null) {
                    leftAlone.remove(key);
                } else {
                    leftAlone.put(key, nanoTime.getAsLong() + PAUSE);
                }
            });
        }
    }

    private boolean isDue(Lookup<V> found) {
        long left = found.freshFor().toNanos();
        long whole = found.age().toNanos() + left;
        if (when instanceof EarlyRefresh.Threshold threshold) {
            return left <= whole * (1 - threshold.share());
        }
        if (when instanceof EarlyRefresh.XFetch xfetch) {
            double cost = Math.min(loadNanos.get(), Math.max(whole / 4, SHORTEST_LOAD)) * xfetch.beta();
            return left <= -cost * Math.log(1 - chance.getAsDouble());
        }
        return false;
    }

    private final class Async extends ForwardingAsyncCache<K, V> {

        Async(AsyncCache<K, V> cache) {
            super(cache);
        }

        @Override
        public CompletableFuture<V> get(K key) {
            return wrapped().lookup(key).thenCompose(found -> {
                V value = found.value();
                if (found.status() != Lookup.Status.FRESH || value == null) {
                    return wrapped().get(key, loader);
                }
                consider(key, found);
                return CompletableFuture.completedFuture(value);
            });
        }

        @Override
        public CompletableFuture<V> refresh(K key) {
            return wrapped().refresh(key, loader);
        }
    }
}
