package dev.terrace.cache.redis.journal;

import dev.terrace.cache.redis.RedisScript;
import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.spi.JournalException;
import dev.terrace.cache.spi.SharedLog;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.zip.CRC32;

/**
 * See {@link RedisStreamJournal}. One thread goes round: it asks what each part has to be asked, for all parts at once, waits for
 * the answers, and hands out what they bring.
 */
final class StreamLog implements SharedLog {

    private static final RedisScript ENTER = RedisScript.resource(StreamLog.class, "enter.lua");
    private static final String FORMAT = "1";
    private static final Duration CLOSING = Duration.ofSeconds(5);

    private final SharedRedis redis;
    private final long origin;
    private final List<Partition> partitions = new ArrayList<>();
    private final Thread thread;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition();
    private boolean signalled;
    private volatile boolean closed;

    private StreamLog(
            SharedRedis redis, String queue, RedisStreamJournal.Settings settings, long origin, Reader reader) {
        this.redis = redis;
        this.origin = origin;
        for (int i = 0; i < settings.partitions(); i++) {
            partitions.add(new Partition(redis, queue + ":" + i, settings, reader, this::signal));
        }
        this.thread = new Thread(null, this::run, "terrace-journal-" + queue, 0, false);
        thread.setDaemon(true);
        thread.setContextClassLoader(StreamLog.class.getClassLoader());
    }

    static StreamLog open(SharedRedis redis, String queue, RedisStreamJournal.Settings settings, Reader reader) {
        String key = redis.key("journal:{" + queue + "}");
        List<Object> known;
        try {
            known = redis.run(
                            "journal",
                            "enter",
                            ENTER,
                            List.of(key),
                            ascii(FORMAT),
                            ascii(Integer.toString(settings.partitions())),
                            ascii(Long.toString(ThreadLocalRandom.current().nextLong())))
                    .await();
        } catch (RuntimeException e) {
            throw new JournalException("journal " + key + " on " + redis + " cannot be opened: " + e.getMessage(), e);
        }
        require(key, "format", text(known.get(0)), FORMAT);
        require(key, "partitions", text(known.get(1)), Integer.toString(settings.partitions()));
        return new StreamLog(redis, queue, settings, Long.parseLong(text(known.get(2))), reader);
    }

    private static void require(String key, String what, String found, String wanted) {
        if (!found.equals(wanted)) {
            throw new JournalException(
                    "journal " + key + " has " + what + " " + found + ", not " + wanted + "; nothing was changed",
                    null);
        }
    }

    @Override
    public long origin() {
        return origin;
    }

    @Override
    public void start() {
        thread.start();
    }

    @Override
    public CompletionStage<Appended> append(byte[] key, byte[] record) {
        if (closed) {
            return CompletableFuture.failedFuture(new JournalException("the journal is closed", null));
        }
        CRC32 hash = new CRC32();
        hash.update(key);
        return partitions.get((int) (hash.getValue() % partitions.size())).append(record);
    }

    private void run() {
        while (!closed) {
            try {
                goRound();
            } catch (RuntimeException defect) {
                redis.report("journal", defect);
            }
        }
    }

    private void goRound() {
        List<CompletableFuture<Runnable>> asked = new ArrayList<>();
        partitions.forEach(partition -> partition.ask(asked));
        for (CompletableFuture<Runnable> one : asked) {
            // Bounded: every call has a budget.
            one.exceptionally(failure -> () -> redis.report("journal", failure))
                    .join()
                    .run();
        }
        long now = System.nanoTime();
        long pause = Long.MAX_VALUE;
        for (Partition partition : partitions) {
            pause = Math.min(pause, partition.nanosToNext(now));
        }
        if (pause > 0) {
            rest(pause);
        }
    }

    private void signal() {
        lock.lock();
        try {
            signalled = true;
            work.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void rest(long nanos) {
        lock.lock();
        try {
            long left = nanos;
            while (!signalled && !closed && left > 0) {
                left = work.awaitNanos(left);
            }
            signalled = false;
        } catch (InterruptedException e) {
            closed = true;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        if (closed && !thread.isAlive()) {
            return;
        }
        closed = true;
        signal();
        boolean interrupted = false;
        try {
            thread.join(CLOSING.toMillis());
        } catch (InterruptedException e) {
            interrupted = true;
        }
        List<CompletableFuture<?>> released = new ArrayList<>();
        partitions.forEach(partition -> released.add(partition.leave()));
        boolean all = CompletableFuture.allOf(released.toArray(CompletableFuture[]::new))
                .completeOnTimeout(null, CLOSING.toMillis(), TimeUnit.MILLISECONDS)
                .handle((done, failure) -> failure == null)
                .join();
        if (!all) {
            redis.report("journal", new JournalException("what was owned is free only after its lease", null));
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    static String text(Object bytes) {
        return bytes instanceof byte[] ascii ? new String(ascii, StandardCharsets.US_ASCII) : String.valueOf(bytes);
    }
}
