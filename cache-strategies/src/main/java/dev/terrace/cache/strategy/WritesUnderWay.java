package dev.terrace.cache.strategy;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Tells a write of a key whether it is alone: two that overlap may reach the store in one order and the cache in the other,
 * which no lock may prevent, since none is held while a store is written. Keys share stripes, so a write may be told of another
 * one that has nothing to do with it.
 *
 * <p>A cell holds the number of writes under way in its low 16 bits, and the number of all that began above.
 */
final class WritesUnderWay {

    private static final int STRIPES = 1024;
    private static final long BEGUN = 1 << 16;
    private static final long UNDER_WAY = BEGUN - 1;

    private final AtomicLongArray cells = new AtomicLongArray(STRIPES);

    /** A write begins, before the store is written; {@link #end} must follow. Returns a token. */
    long begin(Object key) {
        return cells.addAndGet(index(key), BEGUN + 1);
    }

    /** Whether no other write has been under way since this one began. */
    boolean isAlone(Object key, long token) {
        return (token & UNDER_WAY) == 1 && cells.get(index(key)) == token;
    }

    /** What was under way at one moment, for a write that does not know its key yet. */
    Seen seen() {
        long[] then = new long[STRIPES];
        for (int i = 0; i < STRIPES; i++) {
            then[i] = cells.get(i);
        }
        return new Seen(then);
    }

    /** The cells before a write. */
    static final class Seen {

        private final long[] then;

        private Seen(long[] then) {
            this.then = then;
        }

        /** Whether the write with this token is the only one that has been under way since. */
        boolean isFirstSince(Object key, long token) {
            long before = then[index(key)];
            return (before & UNDER_WAY) == 0 && token == before + BEGUN + 1;
        }
    }

    /** A write ends, after the cache was written. */
    void end(Object key) {
        cells.decrementAndGet(index(key));
    }

    private static int index(Object key) {
        int hash = key.hashCode() * 0x9E3779B9;
        return (hash >>> 16) & (STRIPES - 1);
    }
}
