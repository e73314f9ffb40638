package dev.terrace.cache;

import dev.terrace.cache.spi.FarStore.MarkerReading;
import dev.terrace.cache.spi.FarStore.WriteReply;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Changes that the far tier did not acknowledge, to be repaired there as soon as it takes writes: each by an unconditional
 * invalidation, since a lost put costs a load and a lost invalidation would cost correctness. Until then their keys and tags
 * are suspect: this node does not believe the far tier about them. Bounded: a full queue becomes one clear. Lives in this
 * process only. Thread-safe.
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
    private final Map<FarKey, Waiting> keys = new LinkedHashMap<>();
    private final Map<String, Waiting> tags = new LinkedHashMap<>();
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

    /**
     * A change that waits.
     *
     * @param due when its repair may be sent; also tells two repairs of one key apart
     * @param since when the first change began to wait that this repair is for
     */
    private record Waiting(long due, long since) {}

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
            return clear != null || keys.containsKey(key);
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
            return names.stream().anyMatch(tags::containsKey);
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
        long oldest = clear == null ? now : Math.min(now, clear.since());
        for (Map<?, Waiting> waiting : List.of(keys, tags)) {
            for (Waiting each : waiting.values()) {
                oldest = Math.min(oldest, each.since());
            }
        }
        return oldest;
    }

    void addKeys(Collection<FarKey> changed) {
        add(() -> changed.forEach(key -> {
            Waiting before = keys.remove(key);
            keys.put(key, waiting(before));
        }));
    }

    void addTags(Collection<String> names) {
        add(() -> names.forEach(name -> {
            Waiting before = tags.remove(name);
            tags.put(name, waiting(before));
        }));
    }

    void addClear() {
        add(() -> clear = waiting(clear));
    }

    /** @param before what it is for, too */
    private Waiting waiting(@Nullable Waiting before) {
        long now = ticker.nanos();
        return waiting(now, before == null ? now : before.since());
    }

    private Waiting waiting(long now, long since) {
        return new Waiting(now + bounds.budget().toNanos() + 1, since);
    }

    private void add(Runnable change) {
        boolean overflow = false;
        boolean start;
        int queued;
        lock.lock();
        try {
            change.run();
            if (keys.size() + tags.size() > bounds.capacity()) {
                overflow = clear == null;
                long now = ticker.nanos();
                clear = waiting(now, oldest(now));
            }
            if (clear != null) {
                // The clear covers what is there; keys and tags need no repair of their own.
                keys.clear();
                tags.clear();
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

    private void replay() {
        if (closed) {
            return;
        }
        if (!watch.farOn().getAsBoolean()) {
            scheduleReplay();
            return;
        }
        long now = ticker.nanos();
        Map<FarKey, Waiting> dueKeys = new LinkedHashMap<>();
        Map<String, Waiting> dueTags = new LinkedHashMap<>();
        @Nullable Waiting dueClear;
        lock.lock();
        try {
            dueClear = clear != null && clear.due() <= now ? clear : null;
            take(keys, dueKeys, now);
            take(tags, dueTags, now);
        } finally {
            lock.unlock();
        }
        if (dueClear != null) {
            Waiting sent = dueClear;
            far.raise(List.of(MarkerReading.ALL))
                    .whenComplete((done, failure) -> replayed(failure == null, () -> cleared(sent)));
        } else if (!dueTags.isEmpty()) {
            far.raise(dueTags.keySet())
                    .whenComplete((done, failure) -> replayed(failure == null, () -> dueTags.forEach(tags::remove)));
        } else if (!dueKeys.isEmpty()) {
            List<FarKey> sent = new ArrayList<>(dueKeys.keySet());
            far.invalidate(sent)
                    .whenComplete((replies, failure) -> replayed(failure == null, () -> {
                        for (int i = 0; i < sent.size(); i++) {
                            if (!(replies.answers().get(i) instanceof WriteReply.Late)) {
                                keys.remove(sent.get(i), dueKeys.get(sent.get(i)));
                            }
                        }
                    }));
        } else {
            replayed(false, () -> {});
        }
    }

    private static <T> void take(Map<T, Waiting> waiting, Map<T, Waiting> due, long now) {
        for (Map.Entry<T, Waiting> entry : waiting.entrySet()) {
            if (due.size() == BATCH) {
                return;
            }
            if (entry.getValue().due() <= now) {
                due.put(entry.getKey(), entry.getValue());
            }
        }
    }

    private void cleared(Waiting sent) {
        if (sent.equals(clear)) {
            clear = null;
        }
    }

    private void replayed(boolean acknowledged, Runnable removal) {
        boolean more;
        boolean fewer;
        int queued;
        lock.lock();
        try {
            int before = size;
            if (acknowledged) {
                removal.run();
            }
            queued = resized();
            more = queued > 0;
            // Else the server found it late, or it changed meanwhile: at once it would be no other.
            fewer = queued < before;
            replaying = more;
        } finally {
            lock.unlock();
        }
        if (acknowledged) {
            watch.queued().accept(queued);
        }
        if (!more) {
            return;
        }
        if (fewer) {
            replay();
        } else {
            scheduleReplay();
        }
    }
}
