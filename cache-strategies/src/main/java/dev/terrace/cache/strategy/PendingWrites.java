package dev.terrace.cache.strategy;

import dev.terrace.cache.CacheTracer;
import dev.terrace.cache.PutStamp;
import dev.terrace.cache.spi.SharedLog.Tenure;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The operations of one share of the keys that the store does not have yet. A key is in one of three places: ready, in the
 * order in which keys became pending; waiting for a retry; or being written, when what comes meanwhile waits behind it. So of
 * one key nothing overtakes anything, and a later operation replaces an earlier one that is not being written.
 *
 * <p>Reads take no lock. The lock is held for bookkeeping alone.
 */
final class PendingWrites<K, V> {

    /**
     * An operation, and which put of the cache it goes with.
     *
     * @param tenure under which a shared log has handed it out; null where the log is this process' own
     * @param caller where it was made; null where nobody follows that, or the log knows
     */
    record Queued<K, V>(
            StoreOperation<K, V> operation,
            PutStamp stamp,
            @Nullable Tenure tenure,
            CacheTracer.@Nullable Origin caller) {}

    /** What is to be written together. */
    record Batch<K, V>(List<Pending<K, V>> keys, long oldest) {

        int size() {
            return keys.size();
        }
    }

    /** What is pending of one key. Guarded by the lock, but for {@code newest}. */
    static final class Pending<K, V> {

        final K key;
        private volatile Queued<K, V> newest;
        private @Nullable Queued<K, V> queued;
        private @Nullable Queued<K, V> writing;
        /** Since when {@code queued} waits, and the number under which a flush counts it. */
        private long since;

        private long born;
        private long writingSince;
        private long writingBorn;
        private int failures;
        /** How many may be written together with it: halved when a batch fails, until it is alone. */
        private int company = Integer.MAX_VALUE;

        private long retryToken;

        private Pending(K key, Queued<K, V> first, long since, long born) {
            this.key = key;
            this.newest = first;
            this.since = since;
            this.born = born;
        }

        /** What is being written; of a key in a batch. */
        Queued<K, V> writing() {
            Queued<K, V> present = writing;
            if (present == null) {
                throw new IllegalStateException("nothing of this key is being written");
            }
            return present;
        }
    }

    private record RetryAt<K, V>(Pending<K, V> pending, long at, long token) {}

    private final QueueSettings.Batching batching;
    private final OperationLog<K, V> log;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition workOrCalm = lock.newCondition();
    private final Map<K, Pending<K, V>> byKey = new ConcurrentHashMap<>();
    private final Deque<Pending<K, V>> ready = new ArrayDeque<>();
    private final PriorityQueue<RetryAt<K, V>> retries =
            new PriorityQueue<>(Comparator.<RetryAt<K, V>>comparingLong(RetryAt::at));
    private final List<Flush> flushes = new ArrayList<>();
    private long born;
    private boolean paused;
    private boolean closed;

    private static final class Flush {
        private final long mark;
        private int left;

        private Flush(long mark, int left) {
            this.mark = mark;
            this.left = left;
        }
    }

    PendingWrites(QueueSettings.Batching batching, OperationLog<K, V> log) {
        this.batching = batching;
        this.log = log;
    }

    /** The newest operation of a key that the store does not have, or null. */
    @Nullable
    StoreOperation<K, V> newest(K key) {
        Pending<K, V> pending = byKey.get(key);
        return pending == null ? null : pending.newest.operation();
    }

    boolean isPending(K key) {
        return byKey.containsKey(key);
    }

    int size() {
        return byKey.size();
    }

    /** An operation before it has a number. */
    record Draft<K, V>(
            K key, @Nullable V value, byte @Nullable [] encoded, PutStamp stamp, CacheTracer.@Nullable Origin caller) {}

    /**
     * What adding an operation did.
     *
     * @param first whether nothing of its key was pending
     * @param replaced whether an earlier one will not be written for it
     */
    record Added(long number, boolean first, boolean replaced) {}

    /**
     * Adds an operation, which gets its number here, so that numbers are in the order of the key. What it replaces is dropped
     * from the log here, too: never after it was written itself, or a crash in between would bring the replaced one back alone.
     *
     * @return null where this is closed
     */
    @Nullable
    Added add(Draft<K, V> draft, long now) {
        lock.lock();
        try {
            return closed ? null : enqueue(numbered(draft), now);
        } finally {
            lock.unlock();
        }
    }

    /** Adds an operation that has its number, as {@link #add} does. */
    Added handOver(Queued<K, V> added, long now) {
        lock.lock();
        try {
            return enqueue(added, now);
        } finally {
            lock.unlock();
        }
    }

    private Added enqueue(Queued<K, V> added, long now) {
        K key = added.operation().key();
        long number = added.operation().number();
        Pending<K, V> pending = byKey.get(key);
        if (pending == null) {
            pending = new Pending<>(key, added, now, ++born);
            pending.queued = added;
            byKey.put(key, pending);
            toReady(pending);
            return new Added(number, true, false);
        }
        Queued<K, V> replaced = pending.queued;
        pending.queued = added;
        pending.newest = added;
        if (replaced == null) {
            pending.since = now;
            pending.born = ++born;
            return new Added(number, false, false);
        }
        log.drop(replaced);
        if (pending.failures > 0 && pending.writing == null) {
            // What failed is no longer to be written; while it is, this waits behind it.
            forgetFailures(pending);
            toReady(pending);
        }
        return new Added(number, false, true);
    }

    /** Forgets what was handed out under a tenure and is not being written. */
    void forsake(Tenure tenure) {
        lock.lock();
        try {
            for (Pending<K, V> pending : List.copyOf(byKey.values())) {
                Queued<K, V> queued = pending.queued;
                if (queued != null && queued.tenure() == tenure) {
                    forsake(pending);
                }
            }
            ready.removeIf(pending -> pending.queued == null);
        } finally {
            lock.unlock();
        }
    }

    private void forsake(Pending<K, V> pending) {
        pending.queued = null;
        // A retry of it is not to be found any more.
        pending.retryToken++;
        flushed(pending.born);
        Queued<K, V> writing = pending.writing;
        if (writing == null) {
            byKey.remove(pending.key);
        } else {
            pending.newest = writing;
        }
    }

    private Queued<K, V> numbered(Draft<K, V> draft) {
        long number = log.append(draft.encoded());
        return new Queued<>(
                new StoreOperation<>(draft.key(), draft.value(), log.origin(), number, 0),
                draft.stamp(),
                null,
                draft.caller());
    }

    /** Adds what an earlier process has left, in the order of its numbers; returns whether nothing of its key was pending. */
    boolean recover(StoreOperation<K, V> operation, long now) {
        lock.lock();
        try {
            Queued<K, V> added = new Queued<>(operation, PutStamp.NONE, null, null);
            Pending<K, V> pending = byKey.get(operation.key());
            if (pending == null) {
                pending = new Pending<>(operation.key(), added, now, ++born);
                byKey.put(operation.key(), pending);
                toReady(pending);
            } else {
                log.drop(pending.newest);
                pending.newest = added;
                pending.queued = added;
                return false;
            }
            pending.queued = added;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes a key to be written by the caller, unless something of it is pending.
     *
     * @return what is to be ended, or null where it is pending, or this is closed
     */
    @Nullable
    Batch<K, V> claim(Draft<K, V> draft, long now) {
        lock.lock();
        try {
            if (closed || byKey.containsKey(draft.key())) {
                return null;
            }
            Queued<K, V> operation = numbered(draft);
            Pending<K, V> pending = new Pending<>(draft.key(), operation, now, ++born);
            pending.writing = operation;
            pending.writingSince = now;
            pending.writingBorn = pending.born;
            byKey.put(draft.key(), pending);
            return new Batch<>(List.of(pending), now);
        } finally {
            lock.unlock();
        }
    }

    private void toReady(Pending<K, V> pending) {
        ready.addLast(pending);
        if (ready.size() == 1 || ready.size() == batching.size()) {
            workOrCalm.signalAll();
        }
    }

    private static void forgetFailures(Pending<?, ?> pending) {
        pending.failures = 0;
        pending.company = Integer.MAX_VALUE;
        pending.retryToken++;
    }

    /** The next batch that is due, or null. */
    @Nullable
    Batch<K, V> take(long now) {
        lock.lock();
        try {
            return paused ? null : due(now);
        } finally {
            lock.unlock();
        }
    }

    /** The next batch, once one is due; null where the thread was woken for something else. */
    @Nullable
    @SuppressWarnings("WaitNotInLoop") // The caller loops.
    Batch<K, V> await(long now) throws InterruptedException {
        lock.lock();
        try {
            Batch<K, V> batch = paused ? null : due(now);
            if (batch == null) {
                long nanos = paused ? Long.MAX_VALUE : untilDue(now);
                workOrCalm.await(Math.min(nanos, TimeUnit.SECONDS.toNanos(1)), TimeUnit.NANOSECONDS);
            }
            return batch;
        } finally {
            lock.unlock();
        }
    }

    private @Nullable Batch<K, V> due(long now) {
        List<Pending<K, V>> taken = new ArrayList<>();
        dropStaleRetries();
        RetryAt<K, V> first = retries.peek();
        if (first != null && first.at - now <= 0) {
            int company = first.pending.company;
            while (first != null
                    && first.at - now <= 0
                    && first.pending.company == company
                    && taken.size() < Math.min(company, batching.size())) {
                taken.add(retries.remove().pending);
                dropStaleRetries();
                first = retries.peek();
            }
        } else if (isReadyDue(now)) {
            while (taken.size() < batching.size() && !ready.isEmpty()) {
                taken.add(ready.removeFirst());
            }
        }
        if (taken.isEmpty()) {
            return null;
        }
        long oldest = Long.MAX_VALUE;
        for (Pending<K, V> pending : taken) {
            pending.writing = pending.queued;
            pending.queued = null;
            pending.writingSince = pending.since;
            pending.writingBorn = pending.born;
            oldest = Math.min(oldest, pending.since);
        }
        return new Batch<>(taken, oldest);
    }

    private boolean isReadyDue(long now) {
        Pending<K, V> oldest = ready.peekFirst();
        return oldest != null
                && (ready.size() >= batching.size()
                        || !flushes.isEmpty()
                        || oldest.since + batching.maxDelay().toNanos() - now <= 0);
    }

    private long untilDue(long now) {
        Pending<K, V> oldest = ready.peekFirst();
        long nanos = oldest == null
                ? Long.MAX_VALUE
                : oldest.since + batching.maxDelay().toNanos() - now;
        RetryAt<K, V> retry = retries.peek();
        return Math.max(1, retry == null ? nanos : Math.min(nanos, retry.at - now));
    }

    private void dropStaleRetries() {
        RetryAt<K, V> first = retries.peek();
        while (first != null && first.token != first.pending.retryToken) {
            retries.remove();
            first = retries.peek();
        }
    }

    /** Whether a later operation waits behind the one that is being written. */
    boolean isReplaced(Pending<K, V> pending) {
        lock.lock();
        try {
            return pending.queued != null;
        } finally {
            lock.unlock();
        }
    }

    /** What was being written is over: stored, given up or replaced. Returns whether nothing of the key is pending now. */
    boolean end(Pending<K, V> pending) {
        lock.lock();
        try {
            boolean last = pending.queued == null;
            if (last) {
                // First, since a key's own hash code may throw: it is still being written then.
                byKey.remove(pending.key);
            } else {
                toReady(pending);
            }
            pending.writing = null;
            forgetFailures(pending);
            flushed(pending.writingBorn);
            return last;
        } finally {
            lock.unlock();
        }
    }

    /**
     * What was being written is to be tried again, unless a later operation of its key waits behind it: that takes its place.
     *
     * @param company how many may be written together with it then
     * @return whether it is tried again
     */
    boolean retry(Pending<K, V> pending, int company, QueueSettings.Retry policy, double chance, long now) {
        lock.lock();
        try {
            if (pending.queued != null) {
                log.drop(pending.writing());
                end(pending);
                return false;
            }
            long pause = policy.pauseNanos(pending.failures + 1, chance);
            retries.add(new RetryAt<>(pending, now + pause, pending.retryToken + 1));
            pending.queued = pending.writing;
            pending.since = pending.writingSince;
            pending.born = pending.writingBorn;
            pending.writing = null;
            pending.company = Math.max(1, company);
            pending.failures++;
            pending.retryToken++;
            workOrCalm.signalAll();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Whether something of the key is being written, and has neither ended nor gone back to be tried again. */
    boolean isBeingWritten(Pending<K, V> pending) {
        lock.lock();
        try {
            return pending.writing != null;
        } finally {
            lock.unlock();
        }
    }

    /** How often the key's operation has failed before. */
    int failures(Pending<K, V> pending) {
        lock.lock();
        try {
            return pending.failures;
        } finally {
            lock.unlock();
        }
    }

    private void flushed(long ended) {
        for (Flush flush : flushes) {
            if (ended <= flush.mark) {
                flush.left--;
            }
        }
        if (!flushes.isEmpty() || byKey.size() <= 1) {
            workOrCalm.signalAll();
        }
    }

    /** Waits until what is pending now is not any more. Returns whether that was within the time. */
    boolean flush(long nanos) throws InterruptedException {
        lock.lock();
        try {
            int left = 0;
            for (Pending<K, V> pending : byKey.values()) {
                left += (pending.queued == null ? 0 : 1) + (pending.writing == null ? 0 : 1);
            }
            Flush flush = new Flush(born, left);
            flushes.add(flush);
            workOrCalm.signalAll();
            try {
                long end = nanos;
                while (flush.left > 0 && end > 0) {
                    end = workOrCalm.awaitNanos(end);
                }
                return flush.left <= 0;
            } finally {
                flushes.remove(flush);
            }
        } finally {
            lock.unlock();
        }
    }

    void pause(boolean pause) {
        lock.lock();
        try {
            paused = pause;
            workOrCalm.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** When the oldest pending operation was added, or {@code now}. */
    long oldest(long now) {
        lock.lock();
        try {
            long oldest = now;
            for (Pending<K, V> pending : byKey.values()) {
                oldest = Math.min(oldest, pending.writing == null ? pending.since : pending.writingSince);
            }
            return oldest;
        } finally {
            lock.unlock();
        }
    }

    /** Adds nothing more. Returns everything that is pending, each key's newest, oldest first. */
    List<StoreOperation<K, V>> close() {
        lock.lock();
        try {
            closed = true;
            return byKey.values().stream()
                    .map(pending -> pending.newest.operation())
                    .sorted(Comparator.comparingLong(StoreOperation::number))
                    .toList();
        } finally {
            lock.unlock();
        }
    }
}
