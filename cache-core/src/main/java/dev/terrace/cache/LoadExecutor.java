package dev.terrace.cache;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The bulkhead of loads: so many run at once, so many wait in the order in which they came, more are rejected. This holds on
 * whatever threads they run.
 *
 * <p>Threads are asked for one at a time, up to the number of loads that may run, and each runs loads until none waits.
 *
 * <p>As an {@link Executor}, for short work that must not wait behind loads, it runs a task now or rejects it.
 */
final class LoadExecutor implements LoadRunner, Executor {

    private static final Logger LOG = LoggerFactory.getLogger("dev.terrace.cache");

    private final String cacheName;
    private final int maxConcurrent;
    private final int maxWaiting;
    private final LoadThreads threads;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition idle = lock.newCondition();
    private final ArrayDeque<InterruptibleTask> waiting = new ArrayDeque<>(); // guarded by lock, as is what follows
    /** Each has a thread on its way. Others may wait for what they do, so that they run also after the close. */
    private final ArrayDeque<InterruptibleTask> shortTasks = new ArrayDeque<>();

    private final Set<InterruptibleTask> running = Collections.newSetFromMap(new IdentityHashMap<>());
    private int workers;
    private boolean closed;

    LoadExecutor(String cacheName, Settings.LoadThreads settings) {
        this(
                cacheName,
                settings.maxConcurrent(),
                settings.maxWaiting(),
                LoadThreads.of(cacheName, settings.executor()));
    }

    LoadExecutor(String cacheName, int maxConcurrent, int maxWaiting, LoadThreads threads) {
        this.cacheName = cacheName;
        this.maxConcurrent = maxConcurrent;
        this.maxWaiting = maxWaiting;
        this.threads = threads;
    }

    @Override
    public RunningLoad start(Runnable load) {
        InterruptibleTask task = new InterruptibleTask(load);
        run(task, waiting, (long) maxConcurrent + maxWaiting);
        return () -> cancel(task);
    }

    @Override
    public void execute(Runnable task) {
        run(new InterruptibleTask(task), shortTasks, maxConcurrent);
    }

    private void run(InterruptibleTask task, Deque<InterruptibleTask> queue, long room) {
        if (!enqueue(task, queue, room)) {
            return;
        }
        try {
            threads.execute(this::work);
        } catch (Throwable noThread) {
            if (!withdraw(task, queue)) {
                return;
            }
            if (noThread instanceof RejectedExecutionException) {
                throw rejected("the given executor rejected a load", noThread);
            }
            throw noThread;
        }
    }

    /** Returns whether a thread is to be asked for. */
    private boolean enqueue(InterruptibleTask task, Deque<InterruptibleTask> queue, long room) {
        lock.lock();
        try {
            if (closed) {
                throw rejected("it is closed", null);
            }
            if (running.size() + shortTasks.size() + waiting.size() >= room) {
                throw rejected(
                        "maxConcurrentLoads " + maxConcurrent + " are running and " + waiting.size()
                                + " are waiting, of maxWaitingLoads " + maxWaiting,
                        null);
            }
            queue.add(task);
            boolean another = workers < maxConcurrent;
            if (another) {
                workers++;
            }
            return another;
        } finally {
            lock.unlock();
        }
    }

    /** The thread that was asked for will not come. Returns whether no other has taken the task meanwhile. */
    private boolean withdraw(InterruptibleTask task, Deque<InterruptibleTask> queue) {
        lock.lock();
        try {
            workerEnded();
            return queue.remove(task);
        } finally {
            lock.unlock();
        }
    }

    private void work() {
        for (InterruptibleTask task = next(null); task != null; task = next(task)) {
            try {
                task.run();
            } catch (Throwable e) {
                LOG.error("cache {}: a load failed outside of the loader", cacheName, e);
            }
            if (threads.areOurs()) {
                // What a loader left behind is not for the next.
                Thread.interrupted();
            }
        }
    }

    private @Nullable InterruptibleTask next(@Nullable InterruptibleTask ended) {
        lock.lock();
        try {
            running.remove(ended);
            InterruptibleTask shortTask = shortTasks.poll();
            InterruptibleTask next = shortTask == null ? waiting.poll() : shortTask;
            if (next == null) {
                workerEnded();
            } else {
                running.add(next);
            }
            return next;
        } finally {
            lock.unlock();
        }
    }

    private void workerEnded() {
        workers--;
        if (workers == 0) {
            idle.signalAll();
        }
    }

    private void cancel(InterruptibleTask task) {
        lock.lock();
        try {
            waiting.remove(task);
        } finally {
            lock.unlock();
        }
        task.cancel();
    }

    /**
     * Takes no more loads, drops those that wait, interrupts those that run and waits for them, unless this is called by one.
     *
     * @return whether all have ended
     */
    boolean close(Duration deadline) {
        stop().forEach(InterruptibleTask::cancel);
        boolean ended = !LoadScope.isLoadThread() && awaitIdle(deadline);
        threads.close();
        return ended;
    }

    private List<InterruptibleTask> stop() {
        lock.lock();
        try {
            closed = true;
            waiting.clear();
            return List.copyOf(running);
        } finally {
            lock.unlock();
        }
    }

    private boolean awaitIdle(Duration deadline) {
        lock.lock();
        try {
            long left = deadline.toNanos();
            while (workers > 0 && left > 0) {
                left = idle.awaitNanos(left);
            }
            return workers == 0;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }

    private LoadRejectedException rejected(String why, @Nullable Throwable cause) {
        LoadRejectedException rejected = new LoadRejectedException("cache \"" + cacheName + "\": " + why);
        if (cause != null) {
            rejected.initCause(cause);
        }
        return rejected;
    }

    @Override
    public String toString() {
        return maxConcurrent + " loads on " + threads;
    }
}
