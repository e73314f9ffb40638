package dev.terrace.cache.redis.journal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.spi.JournalException;
import dev.terrace.cache.spi.SharedLog;
import dev.terrace.cache.spi.SharedLog.Appended;
import dev.terrace.cache.spi.SharedLog.Tenure;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** A process that shares a journal: appends, and remembers what it is handed. */
final class JournalNode implements SharedLog.Reader, AutoCloseable {

    record Handed(Tenure tenure, long number, String text) {}

    static final Duration LEASE = Duration.ofMillis(800);

    final List<Handed> handed = new CopyOnWriteArrayList<>();
    final List<Tenure> ended = new CopyOnWriteArrayList<>();
    final List<String> aside = new CopyOnWriteArrayList<>();
    final List<String> damage = new CopyOnWriteArrayList<>();
    /** Whether what it is handed is written at once. */
    volatile boolean writes;

    private final SharedRedis redis;
    final SharedLog log;

    JournalNode(SharedRedis redis, RedisStreamJournal journal, String queue) {
        this.redis = redis;
        this.log = journal.open(queue, this);
    }

    JournalNode started() {
        log.start();
        return this;
    }

    CompletableFuture<Appended> append(String key, String text) {
        return log.append(bytes(key), bytes(text)).toCompletableFuture();
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    List<String> texts() {
        return handed.stream().map(Handed::text).toList();
    }

    @Override
    public void record(Tenure tenure, long number, byte[] record) {
        String text = new String(record, StandardCharsets.UTF_8);
        if (text.startsWith("unreadable")) {
            throw new IllegalArgumentException("of another codec");
        }
        handed.add(new Handed(tenure, number, text));
        if (writes) {
            tenure.drop(number);
            tenure.dropped();
        }
    }

    @Override
    public void ended(Tenure tenure) {
        ended.add(tenure);
    }

    @Override
    public void putAside(JournalException why) {
        aside.add(String.valueOf(why.getMessage()));
    }

    @Override
    public void damaged(JournalException what) {
        damage.add(String.valueOf(what.getMessage()));
    }

    @Override
    public void close() {
        log.close();
        redis.close();
    }

    static void eventually(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(40);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - end).as("in good time: " + what).isNegative();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }
}
