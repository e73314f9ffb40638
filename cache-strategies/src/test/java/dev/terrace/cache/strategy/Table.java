package dev.terrace.cache.strategy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A store of rows that can be made to fail, before or after it has stored, or to wait. */
final class Table implements StoreWriter<String, String> {

    private final Map<String, String> rows = new ConcurrentHashMap<>();
    private final List<String> log = Collections.synchronizedList(new ArrayList<>());
    final AtomicInteger reads = new AtomicInteger();
    volatile @Nullable Exception failure;
    volatile @Nullable Exception failureAfterStoring;
    private volatile @Nullable Gate gate;

    /** A point where the next call of one key waits. */
    static final class Gate {
        private final String key;
        private final CountDownLatch reached = new CountDownLatch(1);
        private final CountDownLatch open = new CountDownLatch(1);

        private Gate(String key) {
            this.key = key;
        }

        void awaitReached() {
            await(reached);
        }

        void open() {
            open.countDown();
        }
    }

    /** Makes the next call of this key wait once its effect is there. */
    Gate holdNext(String key) {
        Gate next = new Gate(key);
        gate = next;
        return next;
    }

    private void pass(String key) {
        Gate present = gate;
        if (present != null && present.key.equals(key)) {
            gate = null;
            present.reached.countDown();
            await(present.open);
        }
    }

    @Nullable
    String load(String key) {
        reads.incrementAndGet();
        String row = rows.get(key);
        pass(key);
        return row;
    }

    Map<String, String> loadAll(Set<String> keys) {
        reads.incrementAndGet();
        Map<String, String> found = new ConcurrentHashMap<>(rows);
        found.keySet().retainAll(keys);
        return found;
    }

    @Nullable
    String row(String key) {
        return rows.get(key);
    }

    void set(String key, String value) {
        rows.put(key, value);
    }

    @Override
    public void put(String key, String value) throws Exception {
        changed(key, value);
    }

    @Override
    public void remove(String key) throws Exception {
        changed(key, null);
    }

    private void changed(String key, @Nullable String value) throws Exception {
        Exception before = failure;
        if (before != null) {
            throw before;
        }
        log.add(key + "=" + value);
        if (value == null) {
            rows.remove(key);
        } else {
            rows.put(key, value);
        }
        pass(key);
        Exception after = failureAfterStoring;
        if (after != null) {
            throw after;
        }
    }

    /** Every change, in order. */
    List<String> log() {
        return List.copyOf(log);
    }

    static void await(CountDownLatch latch) {
        try {
            if (!latch.await(60, TimeUnit.SECONDS)) {
                throw new AssertionError("not within a minute");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }
}
