package dev.terrace.cache.strategy;

import dev.terrace.cache.AsyncCache;
import dev.terrace.cache.CacheTracer;
import dev.terrace.cache.PutStamp;
import dev.terrace.cache.strategy.PendingWrites.Batch;
import dev.terrace.cache.strategy.PendingWrites.Pending;
import dev.terrace.cache.strategy.PendingWrites.Queued;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Writes batches of one share of the keys. What the store has acknowledged is settled with the cache before reads stop seeing
 * it as pending; what failed is tried again in smaller company, so that what never succeeds is alone before it is given up.
 */
final class Flusher<K, V> {

    private final PendingWrites<K, V> pending;
    private final QueueSettings<K, V> settings;
    private final Surroundings<K, V> around;
    /** What a failure of the flusher's own has kept from its end; of the flusher's thread. */
    private @Nullable Batch<K, V> unended;

    /** Time, chance, the cache, and what is told of each end of an operation. */
    record Surroundings<K, V>(
            LongSupplier nanoTime,
            DoubleSupplier chance,
            AsyncCache<K, V> cache,
            OperationLog<K, V> log,
            QueueReports reports,
            QueueTracing tracing) {}

    Flusher(PendingWrites<K, V> pending, QueueSettings<K, V> settings, Surroundings<K, V> around) {
        this.pending = pending;
        this.settings = settings;
        this.around = around;
    }

    /** Writes what is due. Returns whether anything was. */
    boolean runDue() {
        tryUnendedAgain();
        Batch<K, V> batch = pending.take(around.nanoTime.getAsLong());
        if (batch != null) {
            write(batch);
        }
        return batch != null;
    }

    /** Writes what is due, or waits for it a while. */
    void runNext() throws InterruptedException {
        tryUnendedAgain();
        Batch<K, V> batch = pending.await(around.nanoTime.getAsLong());
        if (batch != null) {
            write(batch);
        }
    }

    private void write(Batch<K, V> taken) {
        try {
            writeOurs(taken);
        } catch (Throwable thrown) {
            // Not the writer's, and whatever it was, nobody but this thread could write these keys.
            unended = taken;
            around.reports.defect(thrown);
            tryUnendedAgain();
        }
    }

    private void tryUnendedAgain() {
        Batch<K, V> left = unended;
        if (left != null) {
            tryAgain(left);
            unended = null;
        }
    }

    /** Queues again what of a batch has not ended, in smaller company. The store may have some of it, and get it twice. */
    void tryAgain(Batch<K, V> batch) {
        for (Pending<K, V> key : batch.keys()) {
            if (pending.isBeingWritten(key)) {
                queueAgain(key, batch.size());
            }
        }
    }

    private void writeOurs(Batch<K, V> taken) {
        // What these replace must not come back after them.
        around.log.awaitDropped(taken.keys());
        Batch<K, V> batch = ours(taken);
        if (batch.size() > 0) {
            // Before, too: a store that hangs must not look as if nothing waited for it.
            around.reports.changed();
            around.tracing.flush(() -> callers(batch), () -> flush(batch));
        }
    }

    private List<CacheTracer.Origin> callers(Batch<K, V> batch) {
        List<CacheTracer.Origin> callers = new ArrayList<>(batch.size());
        for (Pending<K, V> key : batch.keys()) {
            CacheTracer.Origin caller = around.log.caller(key.writing());
            if (caller != null) {
                callers.add(caller);
            }
        }
        return callers;
    }

    /** Returns why the store did not take all of it, or null. */
    private @Nullable Throwable flush(Batch<K, V> batch) {
        long start = around.nanoTime.getAsLong();
        Throwable failure = named(call(batch), batch);
        Map<Object, Throwable> failed = failed(batch, failure);
        long end = around.nanoTime.getAsLong();
        around.reports.written(
                batch.size() - failed.size(), batch.size(), Duration.ofNanos(end - start), lag(batch, end), failure);
        List<Pending<K, V>> stored = new ArrayList<>();
        for (Pending<K, V> key : batch.keys()) {
            Throwable its = failed.get(key.key);
            if (its == null) {
                stored.add(key);
            } else {
                // Whoever is named by the writer has failed alone.
                failed(key, failure instanceof PartialWriteException ? 1 : batch.size(), its);
            }
        }
        end(stored);
        around.reports.changed();
        return failure;
    }

    /** What a writer threw; where it names keys that the batch does not have, nobody knows what it has stored. */
    private static @Nullable Throwable named(@Nullable Throwable failure, Batch<?, ?> batch) {
        if (!(failure instanceof PartialWriteException partial)) {
            return failure;
        }
        Set<Object> strange = new HashSet<>(partial.failed().keySet());
        batch.keys().forEach(key -> strange.remove(key.key));
        return strange.isEmpty()
                ? failure
                : new IllegalArgumentException(
                        "the writer named " + strange.size() + " keys of failed operations that its batch of "
                                + batch.size() + " does not have: all of it is tried again",
                        partial);
    }

    /** Which keys the store has not taken, and why. */
    private static Map<Object, Throwable> failed(Batch<?, ?> batch, @Nullable Throwable failure) {
        if (failure == null) {
            return Map.of();
        }
        if (failure instanceof PartialWriteException partial) {
            return partial.failed();
        }
        Map<Object, Throwable> all = new HashMap<>();
        batch.keys().forEach(key -> all.put(key.key, failure));
        return all;
    }

    /** Without what others have to write now. */
    private Batch<K, V> ours(Batch<K, V> taken) {
        List<Pending<K, V>> ours = new ArrayList<>(taken.size());
        for (Pending<K, V> key : taken.keys()) {
            if (around.log.isOurs(key.writing())) {
                ours.add(key);
            } else if (pending.end(key)) {
                around.reports.freed();
            }
        }
        return new Batch<>(ours, taken.oldest());
    }

    private static Duration lag(Batch<?, ?> batch, long end) {
        return Duration.ofNanos(Math.max(0, end - batch.oldest()));
    }

    /**
     * Calls the writer on this thread, which is interrupted at the deadline. Returns what it threw: {@link InterruptedException}
     * only where somebody else has interrupted it.
     */
    @Nullable
    Throwable call(Batch<K, V> batch) {
        Duration longest = settings.batching().writeDeadline();
        WriteDeadline deadline = null;
        Throwable failure = null;
        try {
            List<StoreOperation<K, V>> operations = new ArrayList<>(batch.size());
            batch.keys().forEach(key -> operations.add(key.writing().operation()));
            deadline = WriteDeadline.begin(longest);
            settings.writer().write(List.copyOf(operations));
        } catch (Throwable thrown) {
            failure = thrown;
        }
        boolean late = deadline != null && deadline.end();
        if (late && failure instanceof InterruptedException) {
            TimeoutException timeout =
                    new TimeoutException("the writer was interrupted at the write deadline " + longest);
            timeout.initCause(failure);
            return timeout;
        }
        return failure;
    }

    /** The store has these; the cache must hold nothing that was read from the store before, then they are no longer pending. */
    private void end(List<Pending<K, V>> stored) {
        Map<K, PutStamp> settled = new LinkedHashMap<>();
        for (Pending<K, V> key : stored) {
            Queued<K, V> written = key.writing();
            if (!pending.isReplaced(key)) {
                settled.put(key.key, written.operation().isRemove() ? PutStamp.NONE : around.log.stamp(written));
            }
        }
        settle(settled);
        forget(stored);
    }

    /** The store will not get this, or may have got it in spite of a failure: the cache must not go on holding it. */
    void giveUp(Pending<K, V> key) {
        settle(Map.of(key.key, PutStamp.NONE));
        forget(List.of(key));
    }

    private void forget(List<Pending<K, V>> keys) {
        keys.forEach(key -> around.log.drop(key.writing()));
        around.log.awaitDropped(keys);
        for (Pending<K, V> key : keys) {
            if (pending.end(key)) {
                around.reports.freed();
            }
        }
    }

    /** What the far tier does not acknowledge is counted, reported and repaired by the cache itself. */
    private void settle(Map<K, PutStamp> settled) {
        if (!settled.isEmpty()) {
            try {
                Waiting.forEnd(around.cache.settle(settled));
            } catch (RuntimeException closed) {
                around.reports.defect(closed);
            }
        }
    }

    private void failed(Pending<K, V> key, int company, Throwable cause) {
        boolean last =
                company == 1 && pending.failures(key) + 1 >= settings.retry().attempts();
        if (last && !pending.isReplaced(key) && isTakenOver(key, cause)) {
            around.reports.deadLetter(cause);
            giveUp(key);
            return;
        }
        queueAgain(key, company);
    }

    private void queueAgain(Pending<K, V> key, int company) {
        double chance = around.chance.getAsDouble();
        if (pending.retry(key, (company + 1) / 2, settings.retry(), chance, around.nanoTime.getAsLong())) {
            around.reports.retried();
        } else {
            around.reports.replaced();
        }
    }

    private boolean isTakenOver(Pending<K, V> key, Throwable cause) {
        try {
            settings.deadLetters().handle(key.writing().operation(), cause);
            return true;
        } catch (Throwable thrown) {
            around.reports.deadLetterHandlerThrew(thrown);
            return false;
        }
    }
}
