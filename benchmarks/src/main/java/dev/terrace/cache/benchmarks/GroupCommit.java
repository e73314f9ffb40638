package dev.terrace.cache.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;

/** Makes records of many threads durable together, for engines that do not do so by themselves: one thread writes what waits. */
final class GroupCommit implements AutoCloseable {

    private static final int AT_ONCE = 1_000;

    /** Writes records, and returns when the disk has them. */
    @FunctionalInterface
    interface Batch {
        void write(List<byte[]> records) throws Exception;
    }

    private record Waiting(byte[] record, CompletableFuture<Void> done) {}

    private final BlockingQueue<Waiting> waiting = new LinkedBlockingQueue<>(AT_ONCE);
    private final Thread thread;

    GroupCommit(Batch batch) {
        thread = new Thread(() -> run(batch), "group-commit");
        thread.setDaemon(true);
        thread.start();
    }

    void append(byte[] record) throws InterruptedException {
        CompletableFuture<Void> done = new CompletableFuture<>();
        waiting.put(new Waiting(record, done));
        done.join();
    }

    private void run(Batch batch) {
        List<Waiting> together = new ArrayList<>();
        try {
            while (true) {
                together.add(waiting.take());
                waiting.drainTo(together, AT_ONCE - 1);
                try {
                    batch.write(together.stream().map(Waiting::record).toList());
                    together.forEach(each -> each.done.complete(null));
                } catch (Exception e) {
                    together.forEach(each -> each.done.completeExceptionally(e));
                }
                together.clear();
            }
        } catch (InterruptedException e) {
            together.forEach(each -> each.done.completeExceptionally(e));
        }
    }

    @Override
    public void close() {
        thread.interrupt();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
