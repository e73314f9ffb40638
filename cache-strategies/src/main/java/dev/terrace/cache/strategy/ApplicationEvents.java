package dev.terrace.cache.strategy;

import dev.terrace.cache.spi.InvalidationSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Events that the application publishes in this process, such as those of its domain or of its framework. Nothing is kept: an
 * event that a subscriber could not handle is the publisher's to publish again. Thread-safe.
 *
 * @param <E> the type of event
 */
public final class ApplicationEvents<E> implements InvalidationSource<E> {

    private final List<Handler<? super E>> handlers = new CopyOnWriteArrayList<>();

    /** A source without subscribers. */
    public ApplicationEvents() {}

    /**
     * Tells all subscribers, on this thread.
     *
     * @return completes when all have handled it; fails if one has not
     */
    public CompletableFuture<Void> publish(E event) {
        List<CompletableFuture<?>> handled = new ArrayList<>();
        for (Handler<? super E> handler : handlers) {
            handled.add(handled(handler, event));
        }
        return CompletableFuture.allOf(handled.toArray(CompletableFuture[]::new));
    }

    /** One that throws keeps the others from nothing. */
    private static <E> CompletableFuture<?> handled(Handler<? super E> handler, E event) {
        try {
            return handler.changed(event).toCompletableFuture();
        } catch (Throwable thrown) {
            return CompletableFuture.failedFuture(thrown);
        }
    }

    @Override
    public Subscription subscribe(String name, Handler<? super E> handler) {
        handlers.add(handler);
        return () -> handlers.remove(handler);
    }
}
