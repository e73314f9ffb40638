package dev.terrace.cache.testkit;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * The numbers that were written under some keys, each key's rising, and when each was acknowledged: so what a read returns
 * says how stale it was. One thread writes a key at a time; any may read.
 */
public final class Ledger {

    private final AtomicLongArray[] acknowledgedAt;
    private final AtomicLongArray latest;

    /**
     * @param most numbers under each key
     */
    public Ledger(int keys, int most) {
        acknowledgedAt = new AtomicLongArray[keys];
        for (int key = 0; key < keys; key++) {
            acknowledgedAt[key] = new AtomicLongArray(most);
        }
        latest = new AtomicLongArray(keys);
    }

    /** How many keys there are. */
    public int keys() {
        return acknowledgedAt.length;
    }

    /** The source has a new row. */
    public long next(int key) {
        return latest.incrementAndGet(key);
    }

    /** What the source has. */
    public long latest(int key) {
        return latest.get(key);
    }

    /** A write was acknowledged, now. */
    public void acknowledged(int key, long number) {
        acknowledgedAt[key].set((int) number, System.nanoTime());
    }

    /** Those above a number are lost, though they were acknowledged: nobody has to see them. */
    public void lost(int key, long above) {
        for (long number = above + 1; number <= latest.get(key); number++) {
            acknowledgedAt[key].set((int) number, 0);
        }
    }

    /** The highest number that was acknowledged before a time, or zero. */
    public long acknowledgedBefore(int key, long nanos) {
        for (long number = latest.get(key); number > 0; number--) {
            long at = acknowledgedAt[key].get((int) number);
            if (at != 0 && at < nanos) {
                return number;
            }
        }
        return 0;
    }

    /** For how long a number that a read returned, which began then, had been replaced; in nanoseconds, or zero. */
    public long staleness(int key, long number, long readBegan) {
        for (long later = number + 1; later <= latest.get(key); later++) {
            long at = acknowledgedAt[key].get((int) later);
            if (at != 0) {
                return Math.max(0, readBegan - at);
            }
        }
        return 0;
    }
}
