package dev.terrace.cache.strategy;

import dev.terrace.cache.codec.Codec;
import dev.terrace.cache.spi.JournalException;
import dev.terrace.cache.spi.JournalLog;
import java.nio.ByteBuffer;
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

    void drop(long number);

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
        public void drop(long number) {}

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

    /**
     * Numbers and records of a journal: the length of the key's bytes, those, one byte that says whether there is a value, and
     * that.
     */
    final class Journaled<K, V> implements OperationLog<K, V> {

        private static final int FORMAT = 1;
        private static final int HEADER = 1 + 4 + 1;

        private final JournalLog log;
        private final Codec<K> keys;
        private final Codec<V> values;
        private final Duration longestWait;

        /** @param longestWait for a record to be safe: a disk that hangs must not hold writers for good */
        Journaled(JournalLog log, Codec<K> keys, Codec<V> values, Duration longestWait) {
            this.log = log;
            this.keys = keys;
            this.values = values;
            this.longestWait = longestWait;
        }

        @Override
        public long origin() {
            return log.origin();
        }

        @Override
        public byte[] encoded(K key, @Nullable V value) {
            byte[] keyBytes = keys.encode(key);
            byte[] valueBytes = value == null ? new byte[0] : values.encode(value);
            return ByteBuffer.allocate(HEADER + keyBytes.length + valueBytes.length)
                    .put((byte) FORMAT)
                    .putInt(keyBytes.length)
                    .put(keyBytes)
                    .put((byte) (value == null ? 0 : 1))
                    .put(valueBytes)
                    .array();
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
        public void drop(long number) {
            log.drop(number);
        }

        @Override
        public List<StoreOperation<K, V>> recovered() {
            List<StoreOperation<K, V>> operations = new ArrayList<>();
            for (JournalLog.Entry entry : log.recovered()) {
                operations.add(decoded(entry));
            }
            return operations;
        }

        private StoreOperation<K, V> decoded(JournalLog.Entry entry) {
            try {
                ByteBuffer bytes = ByteBuffer.wrap(entry.record());
                int format = bytes.get();
                if (format != FORMAT) {
                    throw new IllegalArgumentException("format " + format);
                }
                int keyLength = bytes.getInt();
                ByteBuffer keyBytes = bytes.slice(bytes.position(), keyLength);
                bytes.position(bytes.position() + keyLength);
                K key = keys.decode(keyBytes);
                V value = bytes.get() == 0 ? null : values.decode(bytes);
                return new StoreOperation<>(key, value, log.origin(), entry.number());
            } catch (RuntimeException e) {
                throw new JournalException(
                        "record " + entry.number() + " of the journal cannot be read with codecs " + keys.id() + " and "
                                + values.id()
                                + "; it was kept: open it with those that wrote it, or remove the journal",
                        e);
            }
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
