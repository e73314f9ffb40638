package dev.terrace.cache.redis;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Wakes those in this process who wait for something in Redis: whoever makes it so publishes to their address. All of a
 * connection share one channel. A message can be lost, so each needs a timer beside it. Thread-safe; nothing blocks.
 */
public final class Wakeups {

    private final Subscriber subscriber;
    private final String channel = "terrace:wake:" + UUID.randomUUID();
    private final Map<String, Runnable> sleepers = new ConcurrentHashMap<>();
    private final AtomicLong ids = new AtomicLong();
    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable CompletionStage<Void> heard;

    Wakeups(Subscriber subscriber) {
        this.subscriber = subscriber;
    }

    /**
     * Registers one that waits.
     *
     * @param woken called on the driver's thread for every message to its address; must not block
     */
    public Sleeper register(Runnable woken) {
        String id = Long.toString(ids.incrementAndGet());
        sleepers.put(id, woken);
        return new Sleeper(id, listening());
    }

    /** Wakes all, so that they see that nothing is to be waited for any more. */
    void wakeAll() {
        sleepers.values().forEach(Runnable::run);
    }

    private CompletionStage<Void> listening() {
        lock.lock();
        try {
            if (heard == null) {
                heard = subscriber
                        .listen(
                                channel,
                                message -> {
                                    Runnable woken = sleepers.get(new String(message, StandardCharsets.US_ASCII));
                                    if (woken != null) {
                                        woken.run();
                                    }
                                },
                                () -> {})
                        .heard();
            }
            return heard;
        } finally {
            lock.unlock();
        }
    }

    /** One that waits, until it is closed. */
    public final class Sleeper implements AutoCloseable {

        private final String id;
        private final CompletionStage<Void> heard;

        private Sleeper(String id, CompletionStage<Void> heard) {
            this.id = id;
            this.heard = heard;
        }

        /** Its address: the channel, a bar, and what is to be published there. */
        public String address() {
            return channel + "|" + id;
        }

        /** Done once messages arrive: what was published before may have been missed. */
        public CompletionStage<Void> heard() {
            return heard;
        }

        /** Waits no more. */
        @Override
        public void close() {
            sleepers.remove(id);
        }
    }
}
