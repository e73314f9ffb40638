package dev.terrace.cache.strategy;

import dev.terrace.cache.CacheTracer;
import dev.terrace.cache.PutStamp;
import dev.terrace.cache.spi.JournalException;
import dev.terrace.cache.spi.SharedJournal;
import dev.terrace.cache.spi.SharedLog;
import dev.terrace.cache.spi.SharedLog.Appended;
import dev.terrace.cache.spi.SharedLog.Tenure;
import dev.terrace.cache.strategy.PendingWrites.Pending;
import dev.terrace.cache.strategy.PendingWrites.Queued;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A log that processes share, as one of them sees it: what it has put there and nobody has written, and what it is handed to
 * write. Thread-safe.
 */
final class SharedQueue<K, V> implements OperationLog<K, V>, SharedLog.Reader {

    private final SharedLog log;
    private final OperationCodec<K, V> codec;
    private final Map<K, Sent<K, V>> sent = new ConcurrentHashMap<>();
    private final Map<Long, CompletableFuture<Void>> there = new ConcurrentHashMap<>();
    private final AtomicLong tickets = new AtomicLong();
    private volatile @Nullable Receiver<K, V> receiver;

    /** What this process has put last of a key. */
    private record Sent<K, V>(
            StoreOperation<K, V> operation, PutStamp stamp, CacheTracer.@Nullable Origin caller, long since) {}

    /** Gets what is to be written, and what else there is to say. Does not block. */
    interface Receiver<K, V> {

        void handOver(Queued<K, V> operation);

        void forsake(Tenure tenure);

        void putAside(JournalException why);

        void damaged(JournalException what);
    }

    SharedQueue(SharedJournal journal, String name, OperationCodec<K, V> codec) {
        this.codec = codec;
        this.log = journal.open(name, this);
    }

    void start(Receiver<K, V> present) {
        receiver = present;
        log.start();
    }

    private Receiver<K, V> receiver() {
        return Objects.requireNonNull(receiver, "not started");
    }

    // What this process puts

    /**
     * Gives an operation to the log, and waits until it has it.
     *
     * @param gone run once the log does not have it any more, or nobody knows
     * @throws JournalException if the log has not taken it, or has not said so
     */
    void send(PendingWrites.Draft<K, V> draft, long now, Runnable gone) {
        byte[] record = Objects.requireNonNull(draft.encoded(), "nothing to append");
        Appended appended;
        try {
            appended = log.append(codec.keys().encode(draft.key()), record)
                    .toCompletableFuture()
                    .join();
        } catch (CompletionException e) {
            throw Waiting.unchecked(e);
        }
        StoreOperation<K, V> operation =
                new StoreOperation<>(draft.key(), draft.value(), log.origin(), appended.number(), 0);
        Sent<K, V> mine = new Sent<>(operation, draft.stamp(), draft.caller(), now);
        sent.merge(draft.key(), mine, (one, other) -> one.operation.number() > other.operation.number() ? one : other);
        CompletableFuture<Void> written = appended.gone().toCompletableFuture();
        long ticket = tickets.incrementAndGet();
        there.put(ticket, written);
        written.whenComplete((done, unknown) -> {
            there.remove(ticket);
            sent.remove(draft.key(), mine);
            gone.run();
        });
    }

    /** What this process has put of a key and nobody has written yet, or null. */
    @Nullable
    StoreOperation<K, V> sent(K key) {
        Sent<K, V> mine = sent.get(key);
        return mine == null ? null : mine.operation;
    }

    int size() {
        return sent.size();
    }

    /** When the oldest of what this process has put and nobody has written was put, or {@code now}. */
    long oldest(long now) {
        long oldest = now;
        for (Sent<K, V> mine : sent.values()) {
            oldest = Math.min(oldest, mine.since);
        }
        return oldest;
    }

    /** What this process has put until now, as something to be waited for. */
    CompletableFuture<?> written() {
        return CompletableFuture.allOf(there.values().toArray(CompletableFuture[]::new));
    }

    /** @return whether it was done in that time */
    static boolean awaits(CompletableFuture<?> written, long nanos) throws InterruptedException {
        try {
            written.get(Math.max(0, nanos), TimeUnit.NANOSECONDS);
            return true;
        } catch (ExecutionException nobodyKnows) {
            return false;
        } catch (TimeoutException e) {
            return false;
        }
    }

    // What it is handed

    @Override
    public void record(Tenure tenure, long number, byte[] record) {
        receiver()
                .handOver(new Queued<>(
                        codec.decoded(record, log.origin(), number, tenure.fence()), PutStamp.NONE, tenure, null));
    }

    @Override
    public void ended(Tenure tenure) {
        receiver().forsake(tenure);
    }

    @Override
    public void putAside(JournalException why) {
        receiver().putAside(why);
    }

    @Override
    public void damaged(JournalException what) {
        Receiver<K, V> present = receiver;
        if (present != null) {
            present.damaged(what);
        }
    }

    @Override
    public void drop(Queued<K, V> operation) {
        Tenure tenure = operation.tenure();
        if (tenure != null) {
            tenure.drop(operation.operation().number());
        }
    }

    @Override
    public boolean isOurs(Queued<K, V> operation) {
        Tenure tenure = operation.tenure();
        return tenure != null && tenure.isHeld();
    }

    @Override
    public void awaitDropped(List<Pending<K, V>> being) {
        Set<Tenure> tenures = new LinkedHashSet<>();
        for (Pending<K, V> pending : being) {
            Tenure tenure = pending.writing().tenure();
            if (tenure != null) {
                tenures.add(tenure);
            }
        }
        // Where a tenure ends before, others will write it again.
        tenures.forEach(tenure -> Waiting.forEnd(tenure.dropped().toCompletableFuture()));
    }

    @Override
    public PutStamp stamp(Queued<K, V> operation) {
        Sent<K, V> mine = mine(operation);
        return mine == null ? PutStamp.NONE : mine.stamp;
    }

    @Override
    public CacheTracer.@Nullable Origin caller(Queued<K, V> operation) {
        Sent<K, V> mine = mine(operation);
        return mine == null ? null : mine.caller;
    }

    private @Nullable Sent<K, V> mine(Queued<K, V> operation) {
        Sent<K, V> mine = sent.get(operation.operation().key());
        return mine != null && mine.operation.number() == operation.operation().number() ? mine : null;
    }

    @Override
    public SharedQueue<K, V> shared() {
        return this;
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
        throw new IllegalStateException("the log gives numbers when it has the record");
    }

    @Override
    public void awaitDurable(long number) {}

    @Override
    public List<StoreOperation<K, V>> recovered() {
        return List.of();
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
