package dev.terrace.cache.strategy;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/** Interrupts the thread that began it when its time is over, and never after its end. */
final class WriteDeadline {

    private final Thread thread = Thread.currentThread();
    private final boolean interruptedBefore = thread.isInterrupted();
    private final CompletableFuture<Void> timer = new CompletableFuture<>();
    private final ReentrantLock lock = new ReentrantLock();
    private boolean over;
    private boolean passed;

    private WriteDeadline() {}

    static WriteDeadline begin(Duration time) {
        WriteDeadline deadline = new WriteDeadline();
        deadline.timer.orTimeout(time.toNanos(), TimeUnit.NANOSECONDS).whenComplete((none, late) -> {
            if (late != null) {
                deadline.pass();
            }
        });
        return deadline;
    }

    private void pass() {
        lock.lock();
        try {
            if (!over) {
                passed = true;
                thread.interrupt();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Ends it, and leaves of interrupts what others have made. Returns whether it had passed. */
    boolean end() {
        boolean late;
        lock.lock();
        try {
            over = true;
            late = passed;
        } finally {
            lock.unlock();
        }
        timer.complete(null);
        if (late && interruptedBefore) {
            thread.interrupt();
        } else if (late) {
            Thread.interrupted();
        }
        return late;
    }
}
