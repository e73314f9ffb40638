package dev.terrace.cache.strategy;

import dev.terrace.cache.AsyncCache;
import dev.terrace.cache.CacheTracer;
import dev.terrace.cache.PutStamp;
import dev.terrace.cache.strategy.PendingWrites.Batch;
import dev.terrace.cache.strategy.PendingWrites.Pending;
import dev.terrace.cache.strategy.PendingWrites.Queued;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
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
        Batch<K, V> batch = pending.take(around.nanoTime.getAsLong());
        if (batch != null) {
            write(batch);
        }
        return batch != null;
    }

    /** Writes what is due, or waits for it a while. */
    void runNext() throws InterruptedException {
        Batch<K, V> batch = pending.await(around.nanoTime.getAsLong());
        if (batch != null) {
            write(batch);
        }
    }

    private void write(Batch<K, V> taken) {
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
        Map<K, Throwable> failed = new LinkedHashMap<>();
        Throwable failure = call(batch);
        if (failure instanceof PartialWriteException partial) {
            for (Pending<K, V> key : batch.keys()) {
                Throwable its = partial.failed().get(key.key);
                if (its != null) {
                    failed.put(key.key, its);
                }
            }
        } else if (failure != null) {
            for (Pending<K, V> key : batch.keys()) {
                failed.put(key.key, failure);
            }
        }
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

    /** Calls the writer on this thread, which is interrupted at the deadline. Returns what it threw. */
    @Nullable
    Throwable call(Batch<K, V> batch) {
        List<StoreOperation<K, V>> operations = new ArrayList<>(batch.size());
        batch.keys().forEach(key -> operations.add(key.writing().operation()));
        Thread here = Thread.currentThread();
        AtomicBoolean running = new AtomicBoolean(true);
        CompletableFuture<Void> deadline = new CompletableFuture<Void>()
                .orTimeout(settings.batching().writeDeadline().toNanos(), TimeUnit.NANOSECONDS);
        deadline.whenComplete((none, late) -> {
            if (late != null && running.compareAndSet(true, false)) {
                here.interrupt();
            }
        });
        try {
            settings.writer().write(List.copyOf(operations));
            return null;
        } catch (Throwable thrown) {
            return thrown;
        } finally {
            if (running.compareAndSet(true, false)) {
                deadline.complete(null);
            } else {
                Thread.interrupted();
            }
        }
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
                around.reports.failed(closed);
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
            around.reports.failed(thrown);
            return false;
        }
    }
}
