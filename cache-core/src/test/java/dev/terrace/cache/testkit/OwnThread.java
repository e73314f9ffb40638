package dev.terrace.cache.testkit;

import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Runs what may block on a thread of its own: with two processors the common pool has one for all. */
public final class OwnThread {

    private OwnThread() {}

    /** Starts the task; the future fails with what the task throws. */
    public static CompletableFuture<Void> run(Runnable task) {
        return CompletableFuture.runAsync(task, OwnThread::start);
    }

    /** Starts the task; the future fails with what the task throws. */
    public static <T extends @Nullable Object> CompletableFuture<T> supply(Supplier<T> task) {
        return CompletableFuture.supplyAsync(task, OwnThread::start);
    }

    private static void start(Runnable task) {
        Thread thread = new Thread(task, "own-thread");
        thread.setDaemon(true);
        thread.start();
    }
}
