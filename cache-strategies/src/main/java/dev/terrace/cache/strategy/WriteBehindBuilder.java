package dev.terrace.cache.strategy;

import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheListener;
import dev.terrace.cache.CacheTracer;
import dev.terrace.cache.codec.Codec;
import dev.terrace.cache.spi.Journal;
import dev.terrace.cache.spi.SharedJournal;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Configures a {@link WriteBehind}. All defaults are bounded; a duration of more than a hundred years stands for one of a
 * hundred years. Not thread-safe.
 */
public final class WriteBehindBuilder<K, V> {

    private final Cache<K, V> cache;
    private final BatchWriter<K, V> writer;
    private int batchSize = 100;
    private Duration maxDelay = Duration.ofMillis(200);
    private int flushers = 2;
    private Duration writeDeadline = Duration.ofSeconds(30);
    private Duration retryAfter = Duration.ofMillis(50);
    private Duration retryAtMost = Duration.ofSeconds(30);
    private int attempts = 12;
    private int capacity = 10_000;
    private WhenFull whenFull = WhenFull.BLOCK;
    private Duration longestWait = Duration.ofSeconds(10);
    private Duration closeDeadline = Duration.ofSeconds(10);
    private Supplier<OperationLog<K, V>> log = OperationLog::none;
    private boolean isShared;
    private @Nullable DeadLetterHandler<K, V> deadLetters;
    private CacheListener listener = CacheListener.NONE;
    private @Nullable CacheTracer tracer;

    /** Replaced by tests, which then run what is due themselves. */
    LongSupplier nanoTime = System::nanoTime;

    DoubleSupplier chance = () -> ThreadLocalRandom.current().nextDouble();
    boolean threads = true;

    WriteBehindBuilder(Cache<K, V> cache, BatchWriter<K, V> writer) {
        this.cache = Objects.requireNonNull(cache, "cache");
        this.writer = Objects.requireNonNull(writer, "writer");
    }

    /** How many operations are written together at most. Default 100. */
    public WriteBehindBuilder<K, V> batchSize(int operations) {
        batchSize = Checks.positive("batchSize", operations);
        return this;
    }

    /** How long an operation waits for others to be written with. Default 200 ms. */
    public WriteBehindBuilder<K, V> maxDelay(Duration delay) {
        maxDelay = Checks.positive("maxDelay", delay);
        return this;
    }

    /** How many batches may be written at once, of different keys. Default 2. */
    public WriteBehindBuilder<K, V> flushers(int threads) {
        flushers = Checks.positive("flushers", threads);
        return this;
    }

    /** When a writer that does not return is interrupted. Default 30 s. */
    public WriteBehindBuilder<K, V> writeDeadline(Duration deadline) {
        writeDeadline = Checks.positive("writeDeadline", deadline);
        return this;
    }

    /** The pause after a first failure; doubled with each further one, and shortened by chance. Default 50 ms. */
    public WriteBehindBuilder<K, V> retryAfter(Duration pause) {
        retryAfter = Checks.positive("retryAfter", pause);
        return this;
    }

    /** The longest pause between two tries. Default 30 s. */
    public WriteBehindBuilder<K, V> retryAtMost(Duration pause) {
        retryAtMost = Checks.positive("retryAtMost", pause);
        return this;
    }

    /**
     * How often an operation is tried before it goes to the dead-letter handler; more often if it was not tried alone yet.
     * Default 12, which takes more than a minute.
     */
    public WriteBehindBuilder<K, V> attempts(int tries) {
        attempts = Checks.positive("attempts", tries);
        return this;
    }

    /**
     * How many keys may have something pending. Default 10,000. Threads that put new keys at the same moment may exceed it by
     * their number.
     */
    public WriteBehindBuilder<K, V> capacity(int keys) {
        capacity = Checks.positive("capacity", keys);
        return this;
    }

    /** What happens when that is reached. Default {@link WhenFull#BLOCK}. */
    public WriteBehindBuilder<K, V> whenFull(WhenFull policy) {
        whenFull = Objects.requireNonNull(policy, "whenFull");
        return this;
    }

    /**
     * How long a put waits for room, and for the journal to be as safe as it promises; a put that fails for the latter was
     * accepted, and may be stored all the same. Default 10 s.
     */
    public WriteBehindBuilder<K, V> longestWait(Duration wait) {
        longestWait = Checks.positive("longestWait", wait);
        return this;
    }

    /** How long {@link WriteBehind#close} waits in all for what is pending to be written. Default 10 s. */
    public WriteBehindBuilder<K, V> closeDeadline(Duration deadline) {
        closeDeadline = Checks.positive("closeDeadline", deadline);
        return this;
    }

    /**
     * Keeps what is accepted until the store has it, also over a crash. Codecs are for the journal alone; keys and values that an
     * earlier process has left must be readable with them, or {@link #build} fails and nothing is lost.
     */
    public WriteBehindBuilder<K, V> journal(Journal place, Codec<K> keys, Codec<V> values) {
        Objects.requireNonNull(place, "journal");
        Objects.requireNonNull(keys, "keys");
        Objects.requireNonNull(values, "values");
        OperationCodec<K, V> codec = new OperationCodec<>(keys, values);
        log = () -> new OperationLog.Journaled<>(place.open(cache.name()), codec, longestWait);
        isShared = false;
        return this;
    }

    /**
     * Shares a journal with the queues that other processes have around caches of the same name: any of them accepts, and of each
     * key one of them writes, in the order in which all have put it; where that one dies, another. A put waits until the journal
     * has it. {@link #capacity} is then a number of operations, not of keys, {@link WhenFull#WRITE_THROUGH} is refused by {@link
     * #build}, and the writer, the codecs and the number of attempts have to be the same everywhere.
     */
    public WriteBehindBuilder<K, V> journal(SharedJournal place, Codec<K> keys, Codec<V> values) {
        Objects.requireNonNull(place, "journal");
        OperationCodec<K, V> codec =
                new OperationCodec<>(Objects.requireNonNull(keys, "keys"), Objects.requireNonNull(values, "values"));
        log = () -> new SharedQueue<>(place, cache.name(), codec);
        isShared = true;
        return this;
    }

    /** Takes what is given up. Default: it is counted, reported and logged, and gone. */
    public WriteBehindBuilder<K, V> deadLetters(DeadLetterHandler<K, V> handler) {
        deadLetters = Objects.requireNonNull(handler, "deadLetters");
        return this;
    }

    /** Is told of batches, failures, dead letters, and of how much is pending; the cache's own listeners are not. */
    public WriteBehindBuilder<K, V> listener(CacheListener events) {
        listener = Objects.requireNonNull(events, "listener");
        return this;
    }

    /** Follows what is put to where it is written; the cache's own tracer does not. */
    public WriteBehindBuilder<K, V> tracer(CacheTracer follower) {
        tracer = Objects.requireNonNull(follower, "tracer");
        return this;
    }

    /**
     * Builds the wrapper and starts its flushers.
     *
     * @throws IllegalStateException if settings do not work together, or the cache writes a store of its own
     * @throws dev.terrace.cache.spi.JournalException if the journal cannot be opened, or what it holds cannot be read
     */
    public WriteBehind<K, V> build() {
        if (cache instanceof ForwardingCache<?, ?> wrapper && wrapper.writesAStore()) {
            throw new IllegalStateException(
                    "write-behind around " + cache.getClass().getSimpleName()
                            + ": its puts would write the store at once; put it around the cache inside");
        }
        if (batchSize > capacity) {
            throw new IllegalStateException("batchSize " + batchSize + " is more than capacity " + capacity);
        }
        if (retryAfter.compareTo(retryAtMost) > 0) {
            throw new IllegalStateException("retryAfter " + retryAfter + " is longer than retryAtMost " + retryAtMost);
        }
        if (isShared && whenFull == WhenFull.WRITE_THROUGH) {
            throw new IllegalStateException(
                    "whenFull WRITE_THROUGH with a shared journal: another process may be about to write the key");
        }
        DeadLetterHandler<K, V> handler = deadLetters == null ? (operation, cause) -> {} : deadLetters;
        QueueSettings<K, V> settings = new QueueSettings<>(
                new QueueSettings.Batching(batchSize, maxDelay, flushers, writeDeadline),
                new QueueSettings.Retry(retryAfter, retryAtMost, attempts),
                new QueueSettings.Room(capacity, whenFull, longestWait, closeDeadline),
                writer,
                handler,
                new QueueSettings.Watchers(listener, tracer));
        OperationLog<K, V> opened = log.get();
        try {
            return new WriteBehind<>(cache, settings, opened, new WriteBehind.Parts(nanoTime, chance, threads));
        } catch (RuntimeException e) {
            opened.close();
            throw e;
        }
    }
}
