package dev.terrace.cache;

import java.util.ArrayDeque;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The loads that this thread is running: so that a loader that asks for its own key is told so, and a load within a load runs
 * here and does not wait for a second thread of a pool that may be full.
 */
final class LoadScope {

    private static final ThreadLocal<@Nullable ArrayDeque<Loading>> RUNNING = new ThreadLocal<>();

    private record Loading(Object cache, Set<?> keys) {}

    private LoadScope() {}

    /** A load begins on this thread; {@link #exit} must follow on it, after those of the loads that begin meanwhile. */
    static void enter(Object cache, Set<?> keys) {
        ArrayDeque<Loading> running = RUNNING.get();
        if (running == null) {
            running = new ArrayDeque<>(4);
            RUNNING.set(running);
        }
        running.push(new Loading(cache, keys));
    }

    /** The load that began last on this thread has ended. */
    static void exit() {
        ArrayDeque<Loading> running = RUNNING.get();
        if (running != null) {
            running.poll();
            if (running.isEmpty()) {
                RUNNING.remove();
            }
        }
    }

    static boolean isLoadThread() {
        return RUNNING.get() != null;
    }

    static boolean isLoading(Object cache, Object key) {
        ArrayDeque<Loading> running = RUNNING.get();
        return running != null
                && running.stream()
                        .anyMatch(loading ->
                                loading.cache() == cache && loading.keys().contains(key));
    }
}
