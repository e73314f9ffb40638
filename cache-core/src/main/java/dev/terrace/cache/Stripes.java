package dev.terrace.cache;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Counts changes of keys, in a fixed number of stripes: what was read or loaded under a stamp is stored near only while its
 * stripe is unchanged. Keys that share a stripe may refuse each other's inserts, which costs a read and never correctness.
 *
 * <p>A cell holds the number of own writes under way in its low 16 bits, and the number of changes above: a write is one when it
 * has ended. A change of all keys counts in a generation that every stamp contains.
 */
final class Stripes {

    /** What a write gets for a stamp when it was not alone in its stripe. */
    static final long CHANGED = -1;

    private static final long CHANGE = 1 << 16;
    private static final long WRITES = CHANGE - 1;

    private final AtomicLongArray cells;
    private final AtomicLong generation = new AtomicLong();

    /** @param count a power of two */
    Stripes(int count) {
        cells = new AtomicLongArray(count);
    }

    private int index(Object key) {
        int hash = key.hashCode() * 0x9E3779B9;
        return (hash ^ (hash >>> 16)) & (cells.length() - 1);
    }

    /** To be taken before a read or load begins. */
    long stamp(Object key) {
        return generation.get() + cells.get(index(key));
    }

    /**
     * Whether nothing has changed since the stamp was taken, and no write was under way then: what was loaded during a write
     * may be older than what it puts.
     */
    boolean unchanged(Object key, long stamp) {
        return (stamp & WRITES) == 0 && stamp(key) == stamp;
    }

    void bump(Object key) {
        cells.addAndGet(index(key), CHANGE);
    }

    void bumpAll() {
        generation.addAndGet(CHANGE);
    }

    /** An own write begins; what it returns is for {@link #endWrite}, which must follow. */
    long beginWrite(Object key) {
        return generation.get() + cells.incrementAndGet(index(key));
    }

    /**
     * An own write ends.
     *
     * @return the stamp under which its value may be stored near, or {@link #CHANGED} if anything but this write moved the
     *     stripe; where another write is still under way, {@link #unchanged} refuses the stamp
     */
    long endWrite(Object key, long begun) {
        long before = generation.get() + cells.getAndAdd(index(key), CHANGE - 1);
        return before == begun ? before + CHANGE - 1 : CHANGED;
    }
}
