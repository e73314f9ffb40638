package dev.terrace.cache;

import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** A task that can be stopped by an interrupt that never hits what its thread does afterwards. */
final class InterruptibleTask implements Runnable, RunningLoad {

    private final Runnable task;
    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable Thread runner;
    private boolean cancelled;

    InterruptibleTask(Runnable task) {
        this.task = task;
    }

    @Override
    public void run() {
        if (!begin()) {
            return;
        }
        try {
            task.run();
        } finally {
            end();
        }
    }

    private boolean begin() {
        lock.lock();
        try {
            if (cancelled) {
                return false;
            }
            runner = Thread.currentThread();
            return true;
        } finally {
            lock.unlock();
        }
    }

    private void end() {
        lock.lock();
        try {
            runner = null;
            if (cancelled) {
                Thread.interrupted();
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void cancel() {
        lock.lock();
        try {
            cancelled = true;
            if (runner != null) {
                runner.interrupt();
            }
        } finally {
            lock.unlock();
        }
    }
}
