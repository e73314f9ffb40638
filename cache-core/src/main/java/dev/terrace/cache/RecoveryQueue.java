package dev.terrace.cache;

import dev.terrace.cache.Repairs.Waiting;
import dev.terrace.cache.spi.FarStore.MarkerReading;
import dev.terrace.cache.spi.FarStore.WriteReply;
import dev.terrace.cache.spi.ServerLostException;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Changes that the far tier did not acknowledge, to be repaired there as soon as it takes writes: each by an unconditional
 * invalidation, since a lost put costs a load and a lost invalidation would cost correctness. Until then their keys and tags
 * are suspect: this node does not believe the far tier about them. Those of a server that is lost do not hold up others, whose
 * server takes them. Bounded: a full queue becomes one clear. Lives in this process only. Thread-safe.
 */
final class RecoveryQueue {

    private static final int BATCH = 100;
    private static final Duration PAUSE = Duration.ofMillis(100);

    private final FarAccess<?> far;
    private final Bounds bounds;
    private final Ticker ticker;
    private final Scheduler scheduler;
    private final Watch watch;

    private final ReentrantLock lock = new ReentrantLock();
    private final Repairs<FarKey> keys = new Repairs<>();
    private final Repairs<String> tags = new Repairs<>();
    /** Whether tags are tried before keys: not while they are refused. */
    private boolean tagsFirst = true;

    private @Nullable Waiting clear;
    private volatile int size;
    private boolean replaying;
    private volatile boolean closed;
    private volatile Scheduler.@Nullable Cancellable timer;

    /**
     * How much may wait, and how long a write that was not acknowledged may still take effect: a repair is not sent before
     * that, or the write would undo it.
     */
    record Bounds(int capacity, Duration budget) {}

    /** Who is told, and whether the far tier may be used. */
    record Watch(IntConsumer queued, FailureReports failures, BooleanSupplier farOn) {}

    RecoveryQueue(FarAccess<?> far, Bounds bounds, Ticker ticker, Scheduler scheduler, Watch watch) {
        this.far = far;
        this.bounds = bounds;
        this.ticker = ticker;
        this.scheduler = scheduler;
        this.watch = watch;
    }

    /** Whether a change of this key waits here. */
    boolean isSuspect(FarKey key) {
        if (size == 0) {
            return false;
        }
        lock.lock();
        try {
            return clear != null || keys.contains(key);
        } finally {
            lock.unlock();
        }
    }

    /** Whether an invalidation of one of these tags waits here. */
    boolean isSuspectTag(List<String> names) {
        if (size == 0 || names.isEmpty()) {
            return false;
        }
        lock.lock();
        try {
            return names.stream().anyMatch(tags::contains);
        } finally {
            lock.unlock();
        }
    }

    int size() {
        return size;
    }

    /** How long the oldest change has waited; zero where none does. */
    Duration age() {
        if (size == 0) {
            return Duration.ZERO;
        }
        lock.lock();
        try {
            long now = ticker.nanos();
            return Duration.ofNanos(Math.max(0, now - oldest(now)));
        } finally {
            lock.unlock();
        }
    }

    /** Since when the oldest change waits; now where none does. */
    private long oldest(long now) {
        long oldest = Math.min(keys.oldest(now), tags.oldest(now));
        return clear == null ? oldest : Math.min(oldest, clear.since());
    }

    void addKeys(Collection<FarKey> changed) {
        add(now -> changed.forEach(key -> keys.add(key, now, due(now))));
    }

    void addTags(Collection<String> names) {
        add(now -> names.forEach(name -> tags.add(name, now, due(now))));
    }

    void addClear() {
        add(this::coverAll);
    }

    private long due(long now) {
        return now + bounds.budget().toNanos() + 1;
    }

    private void add(LongConsumer change) {
        boolean overflow = false;
        boolean start;
        int queued;
        lock.lock();
        try {
            long now = ticker.nanos();
            change.accept(now);
            if (keys.size() + tags.size() > bounds.capacity()) {
                overflow = clear == null;
                coverAll(now);
            }
            start = !replaying;
            replaying = true;
            queued = resized();
        } finally {
            lock.unlock();
        }
        watch.queued().accept(queued);
        if (overflow) {
            watch.failures()
                    .report(
                            FailureKind.RECOVERY_OVERFLOW,
                            new IllegalStateException("recoveryCapacity " + bounds.capacity()
                                    + " is used up: the far tier will be cleared"));
        }
        if (start) {
            scheduleReplay();
        }
    }

    /** One clear for all that waits. What comes later is not covered: the server may have cleared already. */
    private void coverAll(long now) {
        clear = new Waiting(due(now), oldest(now));
        keys.clear();
        tags.clear();
    }

    private int resized() {
        size = keys.size() + tags.size() + (clear == null ? 0 : 1);
        return size;
    }

    private void scheduleReplay() {
        if (!closed) {
            timer = scheduler.schedule(this::replay, PAUSE);
        }
    }

    /**
     * Repairs nothing any more.
     *
     * @return how many changes were not repaired
     */
    int close() {
        closed = true;
        Scheduler.Cancellable scheduled = timer;
        if (scheduled != null) {
            scheduled.cancel();
        }
        return size;
    }

    /** What to do after a repair. */
    private enum Next {
        NOTHING,
        AT_ONCE,
        LATER
    }

    private void replay() {
        Next next = Next.AT_ONCE;
        while (next == Next.AT_ONCE) {
            if (closed) {
                return;
            }
            CompletableFuture<Next> sent =
                    watch.farOn().getAsBoolean() ? send() : CompletableFuture.completedFuture(Next.LATER);
            if (!sent.isDone()) {
                sent.thenAccept(this::goOn);
                return;
            }
            next = sent.join();
        }
        goOn(next);
    }

    private void goOn(Next next) {
        if (next == Next.AT_ONCE) {
            replay();
        } else if (next == Next.LATER) {
            scheduleReplay();
        }
    }

    private CompletableFuture<Next> send() {
        Waiting dueClear;
        Map<String, Waiting> dueTags;
        Map<FarKey, Waiting> dueKeys;
        boolean tagsNow;
        lock.lock();
        try {
            long now = ticker.nanos();
            dueClear = clear != null && clear.due() <= now ? clear : null;
            // One by one where together they were refused: nobody says which of them it was for.
            dueTags = tags.due(now, BATCH, 1);
            dueKeys = keys.due(now, BATCH, BATCH);
            tagsNow = !dueTags.isEmpty() && (tagsFirst || dueKeys.isEmpty());
        } finally {
            lock.unlock();
        }
        if (dueClear != null) {
            return far.raise(List.of(MarkerReading.ALL))
                    .handle((done, failure) -> sent(() -> cleared(failure == null, dueClear)));
        }
        if (tagsNow) {
            return far.raise(dueTags.keySet()).handle((done, failure) -> sent(() -> raised(dueTags, failure)));
        }
        if (dueKeys.isEmpty()) {
            return CompletableFuture.completedFuture(Next.LATER);
        }
        List<FarKey> sent = List.copyOf(dueKeys.keySet());
        return far.invalidate(sent)
                .handle((replies, failure) -> sent(() ->
                        invalidated(dueKeys, failure == null ? replies.answers() : failed(sent.size(), failure))));
    }

    private static List<WriteReply> failed(int count, Throwable failure) {
        return Collections.nCopies(count, new WriteReply.Failed(Completions.cause(failure)));
    }

    private boolean cleared(boolean acknowledged, Waiting sent) {
        if (acknowledged && sent.equals(clear)) {
            clear = null;
        }
        return false;
    }

    private boolean raised(Map<String, Waiting> sent, @Nullable Throwable failure) {
        if (failure == null) {
            sent.forEach(tags::repaired);
            return false;
        }
        sent.forEach(tags::refused);
        tagsFirst = false;
        long now = ticker.nanos();
        return Completions.cause(failure) instanceof ServerLostException
                && (tags.hasUntried(now) || keys.hasUntried(now));
    }

    private boolean invalidated(Map<FarKey, Waiting> sent, List<WriteReply> replies) {
        boolean lost = false;
        int repaired = 0;
        int i = 0;
        for (Map.Entry<FarKey, Waiting> each : sent.entrySet()) {
            WriteReply reply = replies.get(i++);
            if (reply.isAcknowledged()) {
                keys.repaired(each.getKey(), each.getValue());
                repaired++;
            } else {
                keys.refused(each.getKey(), each.getValue());
                lost |= reply instanceof WriteReply.Failed failed && failed.cause() instanceof ServerLostException;
            }
        }
        tagsFirst = repaired == 0;
        return lost && keys.hasUntried(ticker.nanos());
    }

    /**
     * @param outcome takes note of what was answered, with the lock; whether others should be tried at once since what was
     *     refused was so by a server that is lost
     */
    private Next sent(BooleanSupplier outcome) {
        boolean others;
        boolean fewer;
        int queued;
        lock.lock();
        try {
            int before = size;
            others = outcome.getAsBoolean();
            queued = resized();
            // Else the server found it late, or it changed meanwhile: at once it would be no other.
            fewer = queued < before;
            replaying = queued > 0;
        } finally {
            lock.unlock();
        }
        if (fewer) {
            watch.queued().accept(queued);
        }
        if (queued == 0) {
            return Next.NOTHING;
        }
        return fewer || others ? Next.AT_ONCE : Next.LATER;
    }
}
