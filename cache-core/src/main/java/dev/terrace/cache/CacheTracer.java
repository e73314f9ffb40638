package dev.terrace.cache;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Follows the work that a caller of a cache causes, on whatever threads it goes on. Thread-safe; its methods must not block.
 * What they throw is counted and logged, and changes nothing for callers.
 */
public interface CacheTracer {

    /** Where this thread is: work that goes on elsewhere is gone on with from here. */
    Origin origin();

    /**
     * A load begins, on the thread that runs it.
     *
     * @param background whether no caller waits for it, because it replaces a value that can be served
     */
    Span load(String cache, boolean background);

    /** A call of the far tier begins; it may end on another thread. Heartbeats are not told. */
    Span farCall(String cache, FarOperation operation);

    /**
     * A write-behind queue begins to write a batch to its store, on the thread that does, in the background.
     *
     * @param callers from where the puts and removes in it were made, oldest first; without those that an earlier process, or
     *     another one, has made
     */
    default Span flush(String cache, List<Origin> callers) {
        return Span.NONE;
    }

    /** A place in a trace. */
    @FunctionalInterface
    interface Origin {
        /** Runs a task as if it were called from there. */
        void run(Runnable task);
    }

    /** Work under way. */
    interface Span {

        /** Does nothing. */
        Span NONE = new Span() {
            @Override
            public Scope enter() {
                return Scope.NONE;
            }

            @Override
            public void end(@Nullable Throwable failure) {}
        };

        /** What this thread does until the scope is closed belongs to this work. */
        Scope enter();

        /**
         * The work ended. Called once, on any thread.
         *
         * @param failure why it failed, or null
         */
        void end(@Nullable Throwable failure);
    }

    /** A thread's part in work. */
    @FunctionalInterface
    interface Scope extends AutoCloseable {

        /** Does nothing. */
        Scope NONE = () -> {};

        /** Called on the thread that entered. */
        @Override
        void close();
    }
}
