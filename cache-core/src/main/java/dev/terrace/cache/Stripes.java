package dev.terrace.cache;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

final class Stripes {
    static final long CHANGED = -1;
    private final AtomicLongArray cells;
    private final AtomicLong generation = new AtomicLong();

    Stripes(int n) {
        cells = new AtomicLongArray(n);
    }

    private int index(Object key) {
        int h = key.hashCode() * 0x9E3779B9;
        return (h ^ (h >>> 16)) & (cells.length() - 1);
    }

    long stamp(Object key) {
        return generation.get() + cells.get(index(key));
    }

    boolean unchanged(Object key, long stamp) {
        return stamp(key) == stamp;
    }

    void bump(Object key) {
        cells.addAndGet(index(key), 1 << 16);
    }

    void bumpAll() {
        generation.addAndGet(1 << 16);
    }

    long beginWrite(Object key) {
        return generation.get() + cells.addAndGet(index(key), (1 << 16) + 1);
    }

    long endWrite(Object key, long begun) {
        long before = generation.get() + cells.getAndAdd(index(key), (1 << 16) - 1);
        return before == begun && (before & 0xFFFF) == 1 ? before + (1 << 16) - 1 : CHANGED;
    }
}
