package dev.terrace.cache;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
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

    /**
     * A call begins.
     *
     * @param end told of the call's end, or of the failure at the limit
     * @return to be told of the call's end; what it is told later than the limit is dropped
     */
    <T> CallEnd<T> limit(CallEnd<T> end) {
        Limited<T> limited = new Limited<>(end);
        if (add(limited)) {
            scheduler.schedule(this::sweep, Duration.ofNanos(limit));
        }
        RuntimeException givenUp = closed;
        if (givenUp != null) {
            limited.ended(null, givenUp);
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
        givenUp.forEach(each -> each.end.ended(null, failure));
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

    /** Returns whether the call had not been given up. */
    private boolean remove(Limited<?> limited) {
        lock.lock();
        try {
            return unlink(limited);
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
        late.forEach(each -> each.end.ended(null, failure.get()));
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

    /** Takes a call out of the list, unless it has left it already. */
    private boolean unlink(Limited<?> limited) {
        if (limited.previous == null && head != limited) {
            return false;
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
        return true;
    }

    @Override
    public String toString() {
        return "time limit[" + Duration.ofNanos(limit) + "]";
    }

    /** A call's place in the list, and what is told of its end. */
    private final class Limited<T> implements CallEnd<T> {

        private final CallEnd<T> end;
        private long deadline;
        private @Nullable Limited<?> previous;
        private @Nullable Limited<?> next;

        private Limited(CallEnd<T> end) {
            this.end = end;
        }

        @Override
        public void ended(@Nullable T answer, @Nullable Throwable thrown) {
            if (remove(this)) {
                end.ended(answer, thrown);
            }
        }
    }
}
