package dev.terrace.cache;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Runs loads on the thread of a caller that waits for them: for {@link LoadOn#CALLER}, and for a load within a load, which
 * must not wait for a second thread of the same pool. For one call of one thread; {@link #start} is thread-safe.
 */
final class CallerRunner implements Caller {

    @SuppressWarnings("UnnecessaryLambda") // Known by its identity.
    private static final Runnable WAKE = () -> {};

    private final ArrayBlockingQueue<Runnable> tasks;
    private final LoadRunner afterwards;
    private final ReentrantLock lock = new ReentrantLock();
    private boolean left;

    /**
     * @param loads how many loads the call can start
     * @param afterwards runs what comes once the caller has stopped waiting
     */
    CallerRunner(int loads, LoadRunner afterwards) {
        this.tasks = new ArrayBlockingQueue<>(loads + 1);
        this.afterwards = afterwards;
    }

    @Override
    public RunningLoad start(Runnable task) {
        InterruptibleTask interruptible = new InterruptibleTask(task);
        return offered(interruptible) ? interruptible : afterwards.start(task);
    }

    private boolean offered(Runnable task) {
        lock.lock();
        try {
            return !left && tasks.offer(task);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public boolean runUntilDone(CompletableFuture<?> future, long nanos) throws InterruptedException {
        long deadline = System.nanoTime() + nanos;
        future.whenComplete((result, failure) -> tasks.offer(WAKE));
        try {
            while (!future.isDone()) {
                Runnable task = tasks.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
                if (task == null) {
                    return future.isDone();
                }
                task.run();
            }
            return true;
        } finally {
            leave();
        }
    }

    /** What was offered and not run is run elsewhere: others may wait for it. */
    private void leave() {
        lock.lock();
        try {
            left = true;
        } finally {
            lock.unlock();
        }
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            if (task != WAKE) {
                afterwards.start(task);
            }
        }
    }
}
