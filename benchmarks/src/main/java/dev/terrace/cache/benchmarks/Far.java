package dev.terrace.cache.benchmarks;

import dev.terrace.cache.Cache;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** What benchmarks with a far tier share. */
final class Far {

    /** Longer than a pause of a busy machine, so that no read is given up half-way. The raw client waits for a minute. */
    static final Duration BUDGET = Duration.ofSeconds(5);

    private static final int BATCH = 256;
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(30);
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private Far() {}

    /** Waits until the far tier, which connects in the background, stores what a cache puts. */
    static <V> void awaitStored(Cache<Long, V> cache, Long key, V value) {
        await(() -> {
            cache.put(key, value);
            return cache.stats().far().puts() > 0;
        });
    }

    /** Loads keys into every tier of a cache. A load is answered before its value is stored. */
    static <V> void fill(Cache<Long, V> cache, Long[] keys) {
        awaitStored(cache, keys[0], cache.get(keys[0]));
        List<Long> all = Arrays.asList(keys);
        for (int from = 0; from < keys.length; from += BATCH) {
            List<Long> batch = all.subList(from, Math.min(from + BATCH, keys.length));
            long loadedBefore = cache.stats().far().leasesGranted();
            long storedBefore = cache.stats().far().fills();
            if (cache.getAll(batch).size() != batch.size()) {
                throw new IllegalStateException("not all keys were loaded");
            }
            long loaded = cache.stats().far().leasesGranted() - loadedBefore;
            await(() -> cache.stats().far().fills() - storedBefore >= loaded);
        }
    }

    static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + LONGEST_WAIT.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - end > 0) {
                throw new IllegalStateException("nothing happened for " + LONGEST_WAIT);
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
    }
}
