package dev.terrace.cache;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How long a key is not loaded again after loads that failed while a stale value could be served: {@code retryAfter}, doubled by
 * each further failure, and then shortened at random by a tenth at most, but never below {@code retryAfter}.
 *
 * <p>A table of fixed size, in which each key has a few places to choose from. Where they are all taken by other keys that have
 * just failed, thousands of keys fail: then it is the source that is sick, and the keys that find no place share one pause of
 * {@code retryAfter}, so that no number of keys tramples it.
 */
final class RetryPauses<K> {

    private static final int ROWS = 1_024;
    private static final int PLACES = 4;
    private static final int MAX_DOUBLINGS = 16;

    private final AtomicReferenceArray<@Nullable Pause<K>> table = new AtomicReferenceArray<>(ROWS * PLACES);
    private final AtomicLongArray sharedUntil = new AtomicLongArray(ROWS);
    private final Duration first;
    private final Duration longest;
    private final DoubleSupplier chance;

    private record Pause<K>(K key, int failures, long until) {}

    RetryPauses(Duration first, Duration longest, DoubleSupplier chance) {
        this.first = first;
        this.longest = first.compareTo(longest) > 0 ? first : longest;
        this.chance = chance;
        for (int row = 0; row < ROWS; row++) {
            sharedUntil.set(row, Long.MIN_VALUE);
        }
    }

    boolean isPaused(K key, long now) {
        int row = row(key);
        int place = placeOf(key, row);
        Pause<K> pause = place < 0 ? null : table.get(place);
        return now < (pause == null ? sharedUntil.get(row) : pause.until());
    }

    /** A load failed: no further one for a while, counted from now. */
    void failed(K key, long now) {
        int row = row(key);
        int place = placeOf(key, row);
        Pause<K> before = place < 0 ? null : table.get(place);
        int failures = before == null ? 0 : Math.min(before.failures() + 1, MAX_DOUBLINGS);
        int taken = place < 0 ? freePlace(row, now) : place;
        if (taken < 0) {
            sharedUntil.set(row, now + length(0));
        } else {
            table.set(taken, new Pause<>(key, failures, now + length(failures)));
        }
    }

    /** A load succeeded: the key is not paused, and has not failed before. */
    void succeeded(K key) {
        int row = row(key);
        sharedUntil.set(row, Long.MIN_VALUE);
        int place = placeOf(key, row);
        if (place >= 0) {
            table.set(place, null);
        }
    }

    private long length(int failures) {
        double nanos = Math.min((double) first.toNanos() * (1L << failures), (double) longest.toNanos());
        return (long) Math.max(nanos * (1 - chance.getAsDouble() / 10), (double) first.toNanos());
    }

    private int placeOf(K key, int row) {
        for (int place = row * PLACES; place < (row + 1) * PLACES; place++) {
            Pause<K> pause = table.get(place);
            if (pause != null && pause.key().equals(key)) {
                return place;
            }
        }
        return -1;
    }

    private int freePlace(int row, long now) {
        for (int place = row * PLACES; place < (row + 1) * PLACES; place++) {
            Pause<K> pause = table.get(place);
            if (pause == null || now >= pause.until()) {
                return place;
            }
        }
        return -1;
    }

    private static int row(Object key) {
        int hash = key.hashCode() * 0x9E3779B9;
        return (hash ^ (hash >>> 16)) & (ROWS - 1);
    }
}
