package dev.terrace.cache;

import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Listeners that may throw whatever they like: it is reported and changes nothing, above all not for a caller that waits for
 * the thread they were told on.
 */
final class GuardedListener implements CacheListener {

    private final Listeners listeners;
    private final FailureReports failures;

    GuardedListener(Listeners listeners, FailureReports failures) {
        this.listeners = listeners;
        this.failures = failures;
    }

    private void guarded(Consumer<CacheListener> event) {
        listeners.tell(event, thrown -> failures.report(FailureKind.LISTENER, thrown));
    }

    /** Tells this one too from now on, and first of the cache. */
    void add(CacheListener listener, Cache<?, ?> cache) {
        listeners.add(listener);
        Listeners.tell(listener, added -> added.onOpen(cache), thrown -> failures.report(FailureKind.LISTENER, thrown));
    }

    @Override
    public void onOpen(Cache<?, ?> cache) {
        guarded(listener -> listener.onOpen(cache));
    }

    @Override
    public void onClose(Cache<?, ?> cache) {
        guarded(listener -> listener.onClose(cache));
    }

    @Override
    public void onLoad(String cache, Duration took, @Nullable Throwable failure) {
        guarded(listener -> listener.onLoad(cache, took, failure));
    }

    @Override
    public void onFarOperation(String cache, FarOperation operation, Duration took, @Nullable Throwable failure) {
        guarded(listener -> listener.onFarOperation(cache, operation, took, failure));
    }

    @Override
    public void onStaleServed(String cache, StaleReason reason) {
        guarded(listener -> listener.onStaleServed(cache, reason));
    }

    @Override
    public void onHit(String cache, Duration age) {
        guarded(listener -> listener.onHit(cache, age));
    }

    @Override
    public void onEviction(String cache, EvictionCause cause) {
        guarded(listener -> listener.onEviction(cache, cause));
    }

    @Override
    public void onFailure(String cache, FailureKind kind, Throwable failure) {
        guarded(listener -> listener.onFailure(cache, kind, failure));
    }

    @Override
    public void onBreaker(String cache, BreakerState state) {
        guarded(listener -> listener.onBreaker(cache, state));
    }

    @Override
    public void onLink(String cache, LinkState state) {
        guarded(listener -> listener.onLink(cache, state));
    }

    @Override
    public void onRecovery(String cache, int queued) {
        guarded(listener -> listener.onRecovery(cache, queued));
    }

    @Override
    public void onCommand(String kind, String operation, Duration took, @Nullable Throwable failure) {
        guarded(listener -> listener.onCommand(kind, operation, took, failure));
    }

    @Override
    public void onStoreWrite(String cache, int operations, Duration took, Duration lag, @Nullable Throwable failure) {
        guarded(listener -> listener.onStoreWrite(cache, operations, took, lag, failure));
    }

    @Override
    public void onPendingWrites(String cache, int pending, Duration oldest) {
        guarded(listener -> listener.onPendingWrites(cache, pending, oldest));
    }

    @Override
    public void onDeadLetter(String cache, Throwable cause) {
        guarded(listener -> listener.onDeadLetter(cache, cause));
    }
}
