package dev.terrace.cache.redis;

import io.lettuce.core.protocol.AsyncCommand;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Keeps what one operation asks of several servers until it is closed, so that each of them is sent its part together and reads
 * it at once, not key by key. What comes later, as after the answer that a key is elsewhere, goes at once. Thread-safe.
 */
final class Outbox implements Outlet, AutoCloseable {

    private static final int MOST_COMMANDS = 1_000;
    private static final long MOST_BYTES = 1 << 20;

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<RedisSession, Batch> waiting = new LinkedHashMap<>(); // guarded by lock
    private boolean closed; // guarded by lock

    /** What one session is to be sent. */
    private static final class Batch {
        private final RedisSession session;
        private final List<AsyncCommand<String, byte[], ?>> commands = new ArrayList<>();
        private long valueBytes;

        private Batch(RedisSession session) {
            this.session = session;
        }

        private void add(List<? extends AsyncCommand<String, byte[], ?>> more, long bytes) {
            commands.addAll(more);
            valueBytes += bytes;
        }

        private boolean isFull() {
            return commands.size() >= MOST_COMMANDS || valueBytes >= MOST_BYTES;
        }

        private void send() {
            try {
                session.send(commands, valueBytes);
            } catch (RuntimeException e) {
                commands.forEach(command -> command.completeExceptionally(e));
            }
        }
    }

    @Override
    public void send(RedisSession session, List<? extends AsyncCommand<String, byte[], ?>> commands, long valueBytes) {
        Batch batch;
        lock.lock();
        try {
            batch = closed ? new Batch(session) : waiting.computeIfAbsent(session, Batch::new);
            batch.add(commands, valueBytes);
            if (!closed && !batch.isFull()) {
                return;
            }
            waiting.remove(session);
        } finally {
            lock.unlock();
        }
        batch.send();
    }

    /** Sends what is there. */
    @Override
    public void close() {
        List<Batch> all;
        lock.lock();
        try {
            closed = true;
            all = List.copyOf(waiting.values());
            waiting.clear();
        } finally {
            lock.unlock();
        }
        all.forEach(Batch::send);
    }
}
