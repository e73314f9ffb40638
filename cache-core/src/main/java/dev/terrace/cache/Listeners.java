package dev.terrace.cache;

import java.util.Collection;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/** Who is told what a cache does: each, whatever the others throw. Thread-safe. */
final class Listeners {

    private final CopyOnWriteArrayList<CacheListener> listeners;

    Listeners(Collection<? extends CacheListener> listeners) {
        this.listeners = new CopyOnWriteArrayList<>(listeners);
    }

    static Listeners of(CacheListener... listeners) {
        return new Listeners(List.of(listeners));
    }

    /** Tells this one too from now on. */
    void add(CacheListener listener) {
        listeners.add(listener);
    }

    /** @param thrown is given what a listener threw */
    void tell(Consumer<? super CacheListener> event, Consumer<? super Throwable> thrown) {
        for (CacheListener listener : listeners) {
            tell(listener, event, thrown);
        }
    }

    static void tell(
            CacheListener listener, Consumer<? super CacheListener> event, Consumer<? super Throwable> thrown) {
        try {
            event.accept(listener);
        } catch (Throwable t) {
            thrown.accept(t);
        }
    }
}
