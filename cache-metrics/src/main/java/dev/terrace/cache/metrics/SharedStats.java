package dev.terrace.cache.metrics;

import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheStats;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What a cache counts, shared by the meters that a registry reads one after the other. What one thread has seen, no other sees
 * go back: a snapshot replaces only the one that was there before it was begun. Does not keep the cache. Thread-safe.
 */
final class SharedStats {

    /** About as long as a registry takes to read the meters of many caches. */
    private static final long NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private final LongSupplier nanoTime;
    private final AtomicReference<@Nullable Snapshot> last = new AtomicReference<>();

    private record Snapshot(CacheStats stats, long takenAt) {}

    SharedStats(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    CacheStats of(Cache<?, ?> cache) {
        while (true) {
            Snapshot known = last.get();
            long now = nanoTime.getAsLong();
            if (known != null && now - known.takenAt() <= NANOS) {
                return known.stats();
            }
            Snapshot taken = new Snapshot(cache.stats(), now);
            if (last.compareAndSet(known, taken)) {
                return taken.stats();
            }
        }
    }
}
