package dev.terrace.cache.strategy;

import dev.terrace.cache.CacheTracer;
import dev.terrace.cache.PutStamp;
import dev.terrace.cache.spi.JournalException;
import dev.terrace.cache.spi.JournalLog;
import dev.terrace.cache.strategy.PendingWrites.Pending;
import dev.terrace.cache.strategy.PendingWrites.Queued;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Gives operations their numbers, and remembers them where there is a journal. Thread-safe. */
interface OperationLog<K, V> {

    long origin();

    /** What is to be appended, worked out before any lock is taken; null where nothing is kept. */
    byte @Nullable [] encoded(K key, @Nullable V value);

    /** The number of an operation. Does no I/O. */
    long append(byte @Nullable [] encoded);

    /**
     * Waits until an operation is as safe as the journal makes it.
     *
     * @throws JournalException if that fails or takes too long; the operation was accepted, and may be stored all the same
     */
    void awaitDurable(long number);

    void drop(Queued<K, V> operation);

    /** Whether this process may write it, as far as it knows. */
    default boolean isOurs(Queued<K, V> operation) {
        return true;
    }

    /** Waits, in bounded time, until every drop so far is kept wherever else it could come back while this process lives. */
    default void awaitDropped(List<Pending<K, V>> being) {}

    /** Which put of the cache it goes with. */
    default PutStamp stamp(Queued<K, V> operation) {
        return operation.stamp();
    }

    /** Where it was made, or null. */
    default CacheTracer.@Nullable Origin caller(Queued<K, V> operation) {
        return operation.caller();
    }

    /** The queue that processes share, or null where this log is of this process alone. */
    default @Nullable SharedQueue<K, V> shared() {
        return null;
    }

    /** What an earlier process has left. */
    List<StoreOperation<K, V>> recovered();

    /** Whether what is left at a close is kept. */
    boolean keeps();

    void close();

    /** Numbers alone. */
    static <K, V> OperationLog<K, V> none() {
        return new None<>();
    }

    /** Numbers of this process. */
    final class None<K, V> implements OperationLog<K, V> {

        private final long origin = ThreadLocalRandom.current().nextLong();
        private final AtomicLong numbers = new AtomicLong();

        @Override
        public long origin() {
            return origin;
        }

        @Override
        public byte @Nullable [] encoded(K key, @Nullable V value) {
            return null;
        }

        @Override
        public long append(byte @Nullable [] encoded) {
            return numbers.incrementAndGet();
        }

        @Override
        public void awaitDurable(long number) {}

        @Override
        public void drop(Queued<K, V> operation) {}

        @Override
        public List<StoreOperation<K, V>> recovered() {
            return List.of();
        }

        @Override
        public boolean keeps() {
            return false;
        }

        @Override
        public void close() {}
    }

    /** Numbers and records of a journal. */
    final class Journaled<K, V> implements OperationLog<K, V> {

        private final JournalLog log;
        private final OperationCodec<K, V> codec;
        private final Duration longestWait;

        /** @param longestWait for a record to be safe: a disk that hangs must not hold writers for good */
        Journaled(JournalLog log, OperationCodec<K, V> codec, Duration longestWait) {
            this.log = log;
            this.codec = codec;
            this.longestWait = longestWait;
        }

        @Override
        public long origin() {
            return log.origin();
        }

        @Override
        public byte[] encoded(K key, @Nullable V value) {
            return codec.encoded(key, value);
        }

        @Override
        public long append(byte @Nullable [] encoded) {
            if (encoded == null) {
                throw new IllegalStateException("nothing to append");
            }
            return log.append(encoded);
        }

        @Override
        public void awaitDurable(long number) {
            try {
                Waiting.within(longestWait, log.durable(number).toCompletableFuture());
            } catch (ExecutionException e) {
                throw Waiting.unchecked(e);
            } catch (TimeoutException e) {
                throw new JournalException(
                        log + ": record " + number + " was not safe within longestWait " + longestWait
                                + "; it was accepted, and may be stored all the same",
                        e);
            }
        }

        @Override
        public void drop(Queued<K, V> operation) {
            log.drop(operation.operation().number());
        }

        @Override
        public List<StoreOperation<K, V>> recovered() {
            List<StoreOperation<K, V>> operations = new ArrayList<>();
            for (JournalLog.Entry entry : log.recovered()) {
                try {
                    operations.add(codec.decoded(entry.record(), log.origin(), entry.number(), 0));
                } catch (RuntimeException e) {
                    throw new JournalException(
                            "record " + entry.number() + " of the journal cannot be read with " + codec
                                    + "; it was kept: open it with those that wrote it, or remove the journal",
                            e);
                }
            }
            return operations;
        }

        @Override
        public boolean keeps() {
            return true;
        }

        @Override
        public void close() {
            log.close();
        }
    }
}
