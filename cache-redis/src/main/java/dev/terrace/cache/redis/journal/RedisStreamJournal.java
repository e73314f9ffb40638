package dev.terrace.cache.redis.journal;

import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.spi.SharedJournal;
import dev.terrace.cache.spi.SharedLog;
import java.time.Duration;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * A journal in Redis Streams that the write-behind queues of all processes share. What any of them accepts is appended to one of
 * several streams, by the hash of its key; each stream has one owner at a time, under a {@link
 * dev.terrace.cache.redis.lock.RedisLock} that is renewed, and the owner alone writes what is in it, in the order in which it was
 * appended. A record is removed once the store has it. When an owner dies, another process takes its streams over after a lease
 * and writes what is left. On one Redis, with sentinels and in a cluster, whose nodes share the streams.
 *
 * <p><b>What holds.</b> A put that returned is in the stream, and is written at least once: what an owner had written and not yet
 * removed when it died is written again by the next, never followed by something older of its key. A put is refused, with
 * {@link dev.terrace.cache.spi.JournalException}, where Redis does not answer within the {@linkplain SharedRedis#withBudget
 * budget}, refuses, or the stream is full; where Redis did not answer the put may be written all the same.
 *
 * <p><b>What does not.</b> The journal is as safe as its Redis: without {@code appendonly} a Redis that dies takes it along, and
 * a failover may lose what the replica had not received. That a stream was deleted, or records were removed by others, is
 * reported ({@code FailureKind.JOURNAL}), not repaired. An owner that was paused longer than its lease may write late, when the
 * next has written already: a store that must not have that checks the number or the fence of each operation.
 *
 * <p>The first process to come owns all streams, until it closes or dies. Records that cannot be understood (of another codec or
 * format, or damaged) are put aside in a stream of their own beside the one they were in, whose key ends in {@code :aside}, and
 * are counted and reported. Immutable.
 */
public final class RedisStreamJournal implements SharedJournal {

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,200}");
    private static final int MOST_PARTITIONS = 256;

    private final SharedRedis redis;
    private final Settings settings;

    /**
     * @param partitions how many streams
     * @param lease of the right to write one of them
     * @param capacity how many records each holds
     */
    record Settings(int partitions, Duration lease, int capacity) {}

    private RedisStreamJournal(SharedRedis redis, Settings settings) {
        this.redis = Objects.requireNonNull(redis, "redis");
        this.settings = settings;
    }

    /**
     * A journal in this Redis, which stays the caller's to close, after the queues. Its budget bounds how long a put waits for
     * Redis.
     */
    public static RedisStreamJournal on(SharedRedis redis) {
        return new RedisStreamJournal(redis, new Settings(8, Duration.ofSeconds(10), 100_000));
    }

    /**
     * This journal with so many streams for each queue; 8 by default. A queue keeps the number with which it was begun: opening
     * it with another fails.
     *
     * @param streams 1 to 256
     */
    public RedisStreamJournal partitions(int streams) {
        if (streams < 1 || streams > MOST_PARTITIONS) {
            throw new IllegalArgumentException("partitions " + streams + " are not between 1 and " + MOST_PARTITIONS);
        }
        return new RedisStreamJournal(redis, new Settings(streams, settings.lease, settings.capacity));
    }

    /**
     * This journal with owners that others believe in for so long after their last sign of life; 10 s by default. A shorter one
     * means that what a dead process left is written sooner, and that a process may be paused for less.
     *
     * @param lease 100 ms to 1 day
     */
    public RedisStreamJournal lease(Duration lease) {
        if (lease.toMillis() < 100 || lease.compareTo(Duration.ofDays(1)) > 0) {
            throw new IllegalArgumentException("lease " + lease + " is not between 100 ms and 1 day");
        }
        return new RedisStreamJournal(redis, new Settings(settings.partitions, lease, settings.capacity));
    }

    /**
     * This journal with room for so many records in each stream, 100,000 by default; then puts are refused.
     *
     * @param records positive
     */
    public RedisStreamJournal capacity(int records) {
        if (records < 1) {
            throw new IllegalArgumentException("capacity " + records + " is not positive");
        }
        return new RedisStreamJournal(redis, new Settings(settings.partitions, settings.lease, records));
    }

    @Override
    public SharedLog open(String queue, SharedLog.Reader reader) {
        if (!NAME.matcher(queue).matches()) {
            throw new IllegalArgumentException("queue: must be of A-Z a-z 0-9 . _ -, not \"" + queue + "\"");
        }
        return StreamLog.open(redis, queue, settings, Objects.requireNonNull(reader, "reader"));
    }

    @Override
    public String toString() {
        return "RedisStreamJournal[" + redis + ", " + settings.partitions + " partitions, lease " + settings.lease
                + "]";
    }
}
