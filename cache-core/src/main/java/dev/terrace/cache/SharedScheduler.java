package dev.terrace.cache;

import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The real scheduler: one daemon thread for all caches of the process, which runs while anybody holds it. Every cache
 * schedules through a {@link Hold} of its own, so that none runs anything after it was closed.
 */
final class SharedScheduler {

    private static final Logger LOG = LoggerFactory.getLogger("dev.terrace.cache");
    private static final Scheduler.Cancellable NOTHING = () -> {};
    private static final SharedScheduler SHARED = new SharedScheduler();

    private final ReentrantLock lock = new ReentrantLock();
    private int holds; // guarded by lock
    private @Nullable ScheduledThreadPoolExecutor executor; // guarded by lock

    /** The one scheduler of this process. */
    static SharedScheduler shared() {
        return SHARED;
    }

    /** Keeps the thread until the hold is closed. */
    Hold acquire() {
        lock.lock();
        try {
            ScheduledThreadPoolExecutor running = executor;
            if (running == null) {
                running = new ScheduledThreadPoolExecutor(1, new DaemonThreads("terrace-scheduler-"));
                running.setRemoveOnCancelPolicy(true);
                running.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
                executor = running;
            }
            holds++;
            return new Hold(running);
        } finally {
            lock.unlock();
        }
    }

    private void release() {
        lock.lock();
        try {
            holds--;
            if (holds == 0 && executor != null) {
                executor.shutdown();
                executor = null;
            }
        } finally {
            lock.unlock();
        }
    }

    /** One cache's claim. Once it is closed nothing it scheduled starts any more, and what is scheduled then is dropped. */
    final class Hold implements Scheduler, AutoCloseable {

        private final ScheduledThreadPoolExecutor running;
        private volatile boolean closed;

        private Hold(ScheduledThreadPoolExecutor running) {
            this.running = running;
        }

        @Override
        public Cancellable schedule(Runnable task, Duration delay) {
            if (closed) {
                return NOTHING;
            }
            try {
                Future<?> scheduled = running.schedule(() -> run(task), delay.toNanos(), TimeUnit.NANOSECONDS);
                return () -> scheduled.cancel(false);
            } catch (RejectedExecutionException closedMeanwhile) {
                return NOTHING;
            }
        }

        private void run(Runnable task) {
            if (closed) {
                return;
            }
            try {
                task.run();
            } catch (Throwable e) {
                LOG.error("A scheduled task failed: {}", task, e);
            }
        }

        @Override
        public void close() {
            lock.lock();
            try {
                if (!closed) {
                    closed = true;
                    release();
                }
            } finally {
                lock.unlock();
            }
        }
    }
}
