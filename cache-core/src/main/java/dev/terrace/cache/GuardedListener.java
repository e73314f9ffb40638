package dev.terrace.cache;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A listener that may throw whatever it likes: it is reported and changes nothing, above all not for a caller that waits for
 * the thread it was told on.
 */
final class GuardedListener implements CacheListener {

    private final CacheListener listener;
    private final FailureReports failures;

    GuardedListener(CacheListener listener, FailureReports failures) {
        this.listener = listener;
        this.failures = failures;
    }

    private void guarded(Runnable event) {
        try {
            event.run();
        } catch (Throwable thrown) {
            failures.report(FailureKind.LISTENER, thrown);
        }
    }

    @Override
    public void onLoad(String cache, Duration took, @Nullable Throwable failure) {
        guarded(() -> listener.onLoad(cache, took, failure));
    }

    @Override
    public void onFarOperation(String cache, FarOperation operation, Duration took, @Nullable Throwable failure) {
        guarded(() -> listener.onFarOperation(cache, operation, took, failure));
    }

    @Override
    public void onStaleServed(String cache, StaleReason reason) {
        guarded(() -> listener.onStaleServed(cache, reason));
    }

    @Override
    public void onEviction(String cache, EvictionCause cause) {
        guarded(() -> listener.onEviction(cache, cause));
    }

    @Override
    public void onFailure(String cache, FailureKind kind, Throwable failure) {
        guarded(() -> listener.onFailure(cache, kind, failure));
    }

    @Override
    public void onBreaker(String cache, BreakerState state) {
        guarded(() -> listener.onBreaker(cache, state));
    }

    @Override
    public void onRecovery(String cache, int queued) {
        guarded(() -> listener.onRecovery(cache, queued));
    }

    @Override
    public void onCommand(String kind, String operation, Duration took, @Nullable Throwable failure) {
        guarded(() -> listener.onCommand(kind, operation, took, failure));
    }
}
