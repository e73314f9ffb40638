package dev.terrace.cache.examples.storefront;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Runs tasks at the same time, each on a thread of its own. */
final class Workers {

    private static final long MILLIS_BETWEEN_UPDATES = 200;

    private Workers() {}

    /**
     * Runs all tasks and waits for them, which must end by themselves.
     *
     * @param meanwhile run now and then while waiting
     * @return their results, in their order
     */
    static <T> List<T> runAll(List<? extends Callable<T>> tasks, Runnable meanwhile) {
        ExecutorService threads = Executors.newFixedThreadPool(tasks.size());
        try {
            List<Future<T>> running = new ArrayList<>();
            for (Callable<T> task : tasks) {
                running.add(threads.submit(task));
            }
            List<T> results = new ArrayList<>();
            for (Future<T> task : running) {
                results.add(result(task, meanwhile));
            }
            return results;
        } finally {
            threads.shutdownNow();
        }
    }

    private static <T> T result(Future<T> task, Runnable meanwhile) {
        while (true) {
            try {
                return task.get(MILLIS_BETWEEN_UPDATES, TimeUnit.MILLISECONDS);
            } catch (TimeoutException stillRunning) {
                meanwhile.run();
            } catch (ExecutionException e) {
                throw new IllegalStateException("A worker failed: " + e.getCause(), e.getCause());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("Interrupted while workers were running", e);
            }
        }
    }
}
