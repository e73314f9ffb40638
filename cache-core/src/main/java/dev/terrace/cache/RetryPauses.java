package dev.terrace.cache;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How long a key is not loaded again after loads that failed while a stale value could be served: {@code retryAfter}, doubled by
 * each further failure, jittered. A fixed number of slots: a key whose slot another one takes is merely tried again sooner.
 */
final class RetryPauses<K> {

    private static final int SLOTS = 1_024;
    private static final int MAX_DOUBLINGS = 16;

    private final AtomicReferenceArray<@Nullable Pause<K>> slots = new AtomicReferenceArray<>(SLOTS);
    private final Duration first;
    private final Duration longest;
    private final DoubleSupplier chance;

    private record Pause<K>(K key, int failures, long until) {}

    RetryPauses(Duration first, Duration longest, DoubleSupplier chance) {
        this.first = first;
        this.longest = first.compareTo(longest) > 0 ? first : longest;
        this.chance = chance;
    }

    boolean isPaused(K key, long now) {
        Pause<K> pause = slots.get(slot(key));
        return pause != null && now < pause.until() && pause.key().equals(key);
    }

    /** A load failed: no further one for a while, counted from now. */
    void failed(K key, long now) {
        int slot = slot(key);
        Pause<K> before = slots.get(slot);
        int failures = before != null && before.key().equals(key) ? Math.min(before.failures() + 1, MAX_DOUBLINGS) : 0;
        double nanos = Math.min((double) first.toNanos() * (1L << failures), (double) longest.toNanos());
        slots.set(slot, new Pause<>(key, failures, now + (long) (nanos * (1 - chance.getAsDouble() / 10))));
    }

    void succeeded(K key) {
        int slot = slot(key);
        Pause<K> pause = slots.get(slot);
        if (pause != null && pause.key().equals(key)) {
            slots.compareAndSet(slot, pause, null);
        }
    }

    private int slot(K key) {
        int hash = key.hashCode() * 0x9E3779B9;
        return (hash ^ (hash >>> 16)) & (SLOTS - 1);
    }
}
