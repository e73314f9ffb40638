package dev.terrace.cache.testkit;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Starts what takes seconds to start and is wanted again and again: from the second time on, the next one is started while the
 * present one is in use. Who takes one has it alone. Thread-safe.
 */
final class Spare<T> {

    private final String name;
    private final Supplier<T> start;
    private @Nullable CompletableFuture<T> next; // guarded by this
    private boolean isWantedAgain; // guarded by this

    /**
     * @param name of the thread that starts it
     * @param start used by several threads
     */
    Spare(String name, Supplier<T> start) {
        this.name = name;
        this.start = start;
    }

    T take() {
        CompletableFuture<T> ready;
        synchronized (this) {
            ready = next;
            next = isWantedAgain ? begun() : null;
            isWantedAgain = true;
        }
        if (ready == null) {
            return start.get();
        }
        try {
            return ready.join();
        } catch (CompletionException failed) {
            // Whatever it was, it may have passed; else it is thrown here, where somebody sees it.
            return start.get();
        }
    }

    private CompletableFuture<T> begun() {
        CompletableFuture<T> started = new CompletableFuture<>();
        Thread thread = new Thread(
                () -> {
                    try {
                        started.complete(start.get());
                    } catch (RuntimeException | Error e) {
                        started.completeExceptionally(e);
                    }
                },
                name);
        thread.setDaemon(true);
        thread.start();
        return started;
    }
}
