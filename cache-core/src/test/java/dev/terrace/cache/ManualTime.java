package dev.terrace.cache;

import java.time.Duration;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Time that stands still until a test moves it: ticker and scheduler in one. Tasks run on the thread that calls
 * {@link #advance}, in the order of their times, and see their own time. Thread-safe.
 */
final class ManualTime implements Ticker, Scheduler {

    private static final Comparator<Task> BY_TIME =
            Comparator.<Task>comparingLong(task -> task.due).thenComparingLong(task -> task.number);

    /** Held while tasks run, so that two threads that advance do so one after the other. */
    private final ReentrantLock advancing = new ReentrantLock();

    private final ReentrantLock lock = new ReentrantLock();
    private final PriorityQueue<Task> tasks = new PriorityQueue<>(BY_TIME);
    private long issued;
    private volatile long now;

    @Override
    public long nanos() {
        return now;
    }

    @Override
    public Cancellable schedule(Runnable task, Duration delay) {
        lock.lock();
        try {
            Task scheduled = new Task(task, now + Math.max(0, delay.toNanos()), issued++);
            tasks.add(scheduled);
            return () -> remove(scheduled);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Moves time on and runs what falls due on the way, including what is scheduled meanwhile. A task that throws ends the
     * call at its own time.
     */
    void advance(Duration time) {
        advancing.lock();
        try {
            long end = now + time.toNanos();
            for (Task task = nextDue(end); task != null; task = nextDue(end)) {
                task.action.run();
            }
            moveTo(end);
        } finally {
            advancing.unlock();
        }
    }

    /** Runs what is due now. */
    void runDue() {
        advance(Duration.ZERO);
    }

    /** How many tasks wait for their time. */
    int scheduled() {
        lock.lock();
        try {
            return tasks.size();
        } finally {
            lock.unlock();
        }
    }

    private @Nullable Task nextDue(long end) {
        lock.lock();
        try {
            Task task = tasks.peek();
            if (task == null || task.due > end) {
                return null;
            }
            tasks.remove();
            now = Math.max(now, task.due);
            return task;
        } finally {
            lock.unlock();
        }
    }

    private void moveTo(long end) {
        lock.lock();
        try {
            now = Math.max(now, end);
        } finally {
            lock.unlock();
        }
    }

    private void remove(Task task) {
        lock.lock();
        try {
            tasks.remove(task);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public String toString() {
        return "ManualTime[" + Duration.ofNanos(now) + ", " + scheduled() + " scheduled]";
    }

    /** Identity matters: two tasks may share action and time. */
    private static final class Task {
        private final Runnable action;
        private final long due;
        private final long number;

        private Task(Runnable action, long due, long number) {
            this.action = action;
            this.due = due;
            this.number = number;
        }
    }
}
