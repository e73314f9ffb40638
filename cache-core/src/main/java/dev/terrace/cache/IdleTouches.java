package dev.terrace.cache;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Lets records of the far tier end when they are idle: each use of a key keeps its record for {@code maxIdle} more, told to the
 * server at most once per quarter of that. Keys that share a slot are told more often, never less.
 */
final class IdleTouches<V> {

    private static final int SLOTS = 4_096;

    private final FarAccess<V> far;
    private final Duration maxIdle;
    private final Ticker ticker;
    /** Per slot: when it was last told (in quarters of the idle time, high bits) and for which key (hash, low bits). */
    private final AtomicLongArray told = new AtomicLongArray(SLOTS);

    IdleTouches(FarAccess<V> far, Duration maxIdle, Ticker ticker) {
        this.far = far;
        this.maxIdle = maxIdle;
        this.ticker = ticker;
    }

    /** A key's record was used or written. */
    void used(FarKey key) {
        int hash = key.text().hashCode();
        int slot = (hash ^ (hash >>> 16)) & (SLOTS - 1);
        long quarter = ticker.nanos() / Math.max(1, maxIdle.toNanos() / 4) + 1;
        long mark = quarter << 32 | (hash & 0xFFFF_FFFFL);
        if (told.getAndSet(slot, mark) != mark) {
            far.touch(List.of(key), maxIdle);
        }
    }
}
