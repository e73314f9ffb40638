package dev.terrace.cache.strategy;

import dev.terrace.cache.CacheListener;
import dev.terrace.cache.CacheTracer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What a {@link WriteBehindBuilder} was told. */
record QueueSettings<K, V>(
        Batching batching,
        Retry retry,
        Room room,
        BatchWriter<K, V> writer,
        DeadLetterHandler<K, V> deadLetters,
        Watchers watchers) {

    /** @param flushers how many batches may be written at once, of different keys */
    record Batching(int size, Duration maxDelay, int flushers, Duration writeDeadline) {}

    /** @param attempts how often an operation may fail */
    record Retry(Duration first, Duration most, int attempts) {

        /** The pause after so many failures: doubled each time, shortened by up to a half. */
        long pauseNanos(int failures, double chance) {
            int times = Math.min(failures - 1, 30);
            boolean tooLong = first.toNanos() > most.toNanos() >> times;
            long bounded = tooLong ? most.toNanos() : first.toNanos() << times;
            return (long) (bounded * (1 - chance / 2));
        }
    }

    record Watchers(CacheListener listener, @Nullable CacheTracer tracer) {}

    record Room(int capacity, WhenFull whenFull, Duration longestWait, Duration closeDeadline) {}
}
