package dev.terrace.cache;

import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The threads that run loads: a bounded number at once, a bounded number waiting, more rejected. */
final class LoadExecutor implements LoadRunner, Executor {

    private final Executor executor;
    private final @Nullable ThreadPoolExecutor owned;
    private final String cacheName;
    private final Settings.LoadThreads settings;

    LoadExecutor(String cacheName, Settings.LoadThreads settings) {
        this.cacheName = cacheName;
        this.settings = settings;
        Executor given = settings.executor();
        if (given != null) {
            owned = null;
            executor = given;
        } else {
            owned = new ThreadPoolExecutor(
                    settings.maxConcurrent(),
                    settings.maxConcurrent(),
                    5,
                    TimeUnit.SECONDS,
                    new ArrayBlockingQueue<>(settings.maxWaiting()),
                    threads("terrace-load-" + cacheName + "-"));
            owned.allowCoreThreadTimeOut(true);
            executor = owned;
        }
    }

    /** Virtual threads where the JVM has them, else daemon threads. */
    private static ThreadFactory threads(String prefix) {
        try {
            Object builder = Thread.class.getMethod("ofVirtual").invoke(null);
            Class<?> type = Class.forName("java.lang.Thread$Builder");
            builder = type.getMethod("name", String.class, long.class).invoke(builder, prefix, 0L);
            return (ThreadFactory) type.getMethod("factory").invoke(builder);
        } catch (ReflectiveOperationException before21) {
            return task -> {
                Thread thread = new Thread(task, prefix + "pool");
                thread.setDaemon(true);
                return thread;
            };
        }
    }

    @Override
    public RunningLoad start(Runnable task) {
        InterruptibleTask interruptible = new InterruptibleTask(task);
        execute(interruptible);
        return interruptible;
    }

    @Override
    public void execute(Runnable task) {
        try {
            executor.execute(task);
        } catch (RejectedExecutionException e) {
            throw new LoadRejectedException(
                    "cache \"" + cacheName + "\": maxConcurrentLoads " + settings.maxConcurrent()
                            + " are running and maxWaitingLoads " + settings.maxWaiting() + " are waiting");
        }
    }

    void close(Duration deadline) {
        if (owned != null) {
            owned.shutdownNow();
        }
    }
}
