package dev.terrace.cache;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** The slow source: rows by key, and how often they were read. */
final class Rows {

    private static final Duration BOUND = Duration.ofSeconds(60);

    private final Map<String, String> rows = new ConcurrentHashMap<>();
    private final AtomicInteger reads = new AtomicInteger();
    private volatile @Nullable Held held;

    void set(String key, String value) {
        rows.put(key, value);
    }

    int reads() {
        return reads.get();
    }

    /** The row as it is; where a read is held it waits for its release with what it has read. */
    @Nullable
    String read(String key) {
        reads.incrementAndGet();
        String row = rows.get(key);
        Held present = held;
        if (present != null && present.key.equals(key)) {
            held = null;
            present.hasRead.countDown();
            await(present.release);
        }
        return row;
    }

    /** Holds the next read of a key between its look at the row and its return. */
    Held holdNext(String key) {
        Held next = new Held(key);
        held = next;
        return next;
    }

    /** A read that has seen the row and does not return. */
    static final class Held {

        private final String key;
        private final CountDownLatch hasRead = new CountDownLatch(1);
        private final CountDownLatch release = new CountDownLatch(1);

        private Held(String key) {
            this.key = key;
        }

        void awaitRead() {
            await(hasRead);
        }

        void release() {
            release.countDown();
        }
    }

    /** What a slow source does for that long. */
    static void take(Duration time) {
        long end = System.nanoTime() + time.toNanos();
        CountDownLatch never = new CountDownLatch(1);
        try {
            boolean released = false;
            while (!released && System.nanoTime() < end) {
                released = never.await(end - System.nanoTime(), TimeUnit.NANOSECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("the load was interrupted", e);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            if (!latch.await(BOUND.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError("not within " + BOUND);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("the load was interrupted", e);
        }
    }
}
