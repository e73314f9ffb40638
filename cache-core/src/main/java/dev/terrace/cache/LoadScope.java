package dev.terrace.cache;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * The loads that this thread is running: so that a loader that asks for its own key is told so, and a load within a load runs
 * here and does not wait for a second thread of a pool that may be full.
 */
final class LoadScope {

    private static final ThreadLocal<@Nullable ArrayDeque<Loading>> RUNNING = new ThreadLocal<>();

    private record Loading(Object cache, Object key) {
        boolean is(Object otherCache, Object otherKey) {
            return cache == otherCache && key.equals(otherKey);
        }
    }

    private LoadScope() {}

    static void enter(Object cache, Object key) {
        ArrayDeque<Loading> running = RUNNING.get();
        if (running == null) {
            running = new ArrayDeque<>(4);
            RUNNING.set(running);
        }
        running.push(new Loading(cache, key));
    }

    static void exit(Object cache, Object key) {
        ArrayDeque<Loading> running = RUNNING.get();
        if (running != null) {
            running.removeIf(loading -> loading.is(cache, key));
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
        return running != null && running.stream().anyMatch(loading -> loading.is(cache, key));
    }
}
