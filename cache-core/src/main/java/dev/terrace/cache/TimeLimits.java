package dev.terrace.cache;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The same time limit for any number of calls, without a timer for each. As the limit is the same for all, calls fall due in
 * the order in which they began: they stand in a list in that order, each leaves it when it ends, and one task sweeps the late
 * ones off its head for as long as the list is not empty. So a call costs two short critical sections, and memory is that of
 * the calls under way.
 *
 * <p>A call is given up at the limit at the earliest, and later by at most a twentieth of the limit (1 ms at the least) and
 * the delays of ticker and scheduler.
 */
final class TimeLimits {

    private static final int SWEEPS_PER_LIMIT = 20;

    private final long limit;
    private final Duration pause;
    private final Ticker ticker;
    private final Scheduler scheduler;
    private final Supplier<? extends RuntimeException> failure;

    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable Limited<?> head; // guarded by lock, as are the links
    private @Nullable Limited<?> tail;
    private int pending;
    private boolean sweeping;
    private volatile @Nullable RuntimeException closed;

    /** @param failure makes what a late call ends with, one each */
    TimeLimits(Duration limit, Ticker ticker, Scheduler scheduler, Supplier<? extends RuntimeException> failure) {
        this.limit = limit.toNanos();
        this.pause = Duration.ofNanos(Math.max(CoarseTicker.RESOLUTION.toNanos(), this.limit / SWEEPS_PER_LIMIT));
        this.ticker = ticker;
        this.scheduler = scheduler;
        this.failure = failure;
    }

    /** A future that ends as the call does, or with the failure at the limit; what the call answers later is dropped. */
    <T> CompletableFuture<T> limit(CompletionStage<T> call) {
        Limited<T> limited = new Limited<>();
        if (add(limited)) {
            scheduler.schedule(this::sweep, Duration.ofNanos(limit));
        }
        call.whenComplete(limited);
        RuntimeException givenUp = closed;
        if (givenUp != null) {
            remove(limited);
            limited.completeExceptionally(givenUp);
        }
        return limited;
    }

    /** Gives up all calls with this failure, and all that begin from now on: there may be no time for them any more. */
    void close(RuntimeException failure) {
        List<Limited<?>> givenUp = new ArrayList<>();
        lock.lock();
        try {
            closed = failure;
            for (Limited<?> first = head; first != null; first = head) {
                unlink(first);
                givenUp.add(first);
            }
        } finally {
            lock.unlock();
        }
        givenUp.forEach(each -> each.completeExceptionally(failure));
    }

    /** How many calls are under way. */
    int pending() {
        lock.lock();
        try {
            return pending;
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether a sweep is to be scheduled. */
    private boolean add(Limited<?> limited) {
        lock.lock();
        try {
            limited.deadline = ticker.nanos() + limit;
            limited.previous = tail;
            if (tail == null) {
                head = limited;
            } else {
                tail.next = limited;
            }
            tail = limited;
            pending++;
            boolean first = !sweeping;
            sweeping = true;
            return first;
        } finally {
            lock.unlock();
        }
    }

    private void remove(Limited<?> limited) {
        lock.lock();
        try {
            unlink(limited);
        } finally {
            lock.unlock();
        }
    }

    private void sweep() {
        List<Limited<?>> late = new ArrayList<>();
        Duration next = takeLate(late);
        if (next != null) {
            scheduler.schedule(this::sweep, next);
        }
        late.forEach(each -> each.completeExceptionally(failure.get()));
    }

    /** Moves the late calls over and returns when to sweep next, or null if nothing is left. */
    private @Nullable Duration takeLate(List<? super Limited<?>> late) {
        lock.lock();
        try {
            long now = ticker.nanos();
            Limited<?> first = head;
            while (first != null && first.deadline <= now) {
                unlink(first);
                late.add(first);
                first = head;
            }
            sweeping = first != null;
            return first == null ? null : Duration.ofNanos(Math.max(pause.toNanos(), first.deadline - now));
        } finally {
            lock.unlock();
        }
    }

    /** Takes a call out of the list; one that has left it already is left alone. */
    private void unlink(Limited<?> limited) {
        if (limited.previous == null && head != limited) {
            return;
        }
        if (limited.previous == null) {
            head = limited.next;
        } else {
            limited.previous.next = limited.next;
        }
        if (limited.next == null) {
            tail = limited.previous;
        } else {
            limited.next.previous = limited.previous;
        }
        limited.previous = null;
        limited.next = null;
        pending--;
    }

    @Override
    public String toString() {
        return "time limit[" + Duration.ofNanos(limit) + "]";
    }

    /** A call's future, its place in the list and what is told of the call's end, in one object. */
    private final class Limited<T> extends CompletableFuture<T> implements BiConsumer<T, @Nullable Throwable> {

        private long deadline;
        private @Nullable Limited<?> previous;
        private @Nullable Limited<?> next;

        @Override
        public void accept(T value, @Nullable Throwable thrown) {
            remove(this);
            Completions.complete(this, value, Completions.unwrap(thrown));
        }

        @Override
        public <U> CompletableFuture<U> newIncompleteFuture() {
            return new CompletableFuture<>();
        }
    }
}
