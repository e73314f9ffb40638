package dev.terrace.cache;

import java.util.ArrayDeque;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where futures are completed whose callers do not block, and so what these callers do next: never on a thread of a far tier's
 * driver or on the one that keeps deadlines, which many wait for.
 *
 * <p>These threads run no loads, since a load may wait for a callback. They are ours also where loads have a given executor:
 * one that is full, or runs its tasks at once, would do what is to be avoided here. No callback is refused, and none is after
 * the close. One thread each where threads are virtual; else as many as are needed up to a bound, and the callbacks behind
 * them wait for their turn.
 */
final class CallbackThreads implements Executor {

    private static final Logger LOG = LoggerFactory.getLogger("dev.terrace.cache");

    private final String cacheName;
    private final LoadThreads threads;
    private final int most;
    private final FailureReports failures;

    private final ReentrantLock lock = new ReentrantLock();
    /** As long as callers have futures that wait for it: they bound it. */
    private final ArrayDeque<Runnable> waiting = new ArrayDeque<>(); // guarded by lock, as is what follows

    private int workers;

    CallbackThreads(String cacheName, LoadThreads threads, int most, FailureReports failures) {
        this.cacheName = cacheName;
        this.threads = threads;
        this.most = most;
        this.failures = failures;
    }

    static CallbackThreads of(String cacheName, FailureReports failures) {
        String prefix = "terrace-callback-" + cacheName + "-";
        ThreadFactory virtual = VirtualThreads.factory(prefix);
        return virtual == null
                ? new CallbackThreads(cacheName, LoadThreads.platform(prefix), Defaults.MOST_CALLBACK_THREADS, failures)
                : new CallbackThreads(cacheName, new LoadThreads.PerTask(virtual), Integer.MAX_VALUE, failures);
    }

    @Override
    public void execute(Runnable callback) {
        if (!enqueue(callback)) {
            return;
        }
        try {
            threads.execute(this::work);
        } catch (Throwable noThread) {
            failures.report(FailureKind.LOAD_REJECTED, noThread);
            // Late, or on this thread, is better than never.
            if (isLastWorker()) {
                work();
            }
        }
    }

    /** Returns whether a thread is to be asked for. */
    private boolean enqueue(Runnable callback) {
        lock.lock();
        try {
            waiting.add(callback);
            boolean another = workers < most;
            if (another) {
                workers++;
            }
            return another;
        } finally {
            lock.unlock();
        }
    }

    /** The thread that was asked for will not come. Returns whether no other will; then this one takes its place. */
    private boolean isLastWorker() {
        lock.lock();
        try {
            boolean last = workers == 1;
            if (!last) {
                workers--;
            }
            return last;
        } finally {
            lock.unlock();
        }
    }

    private void work() {
        for (Runnable callback = next(); callback != null; callback = next()) {
            try {
                callback.run();
            } catch (Throwable e) {
                LOG.error("cache {}: a callback failed", cacheName, e);
            }
        }
    }

    private @Nullable Runnable next() {
        lock.lock();
        try {
            Runnable next = waiting.poll();
            if (next == null) {
                workers--;
            }
            return next;
        } finally {
            lock.unlock();
        }
    }

    /** Lets threads end that are idle. Callbacks that come later are still run. */
    void close() {
        threads.close();
    }

    @Override
    public String toString() {
        return "callbacks on " + threads;
    }
}
