package dev.terrace.cache.spi;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Tells of changes that were made elsewhere: by the application's own events, a stream, a database's change feed. Thread-safe.
 *
 * @param <E> the type of event
 */
@FunctionalInterface
public interface InvalidationSource<E> {

    /**
     * Begins to deliver events, from where the last subscription under the same name was acknowledged where the source knows
     * that. The next event may be delivered before the last one is handled.
     *
     * @param name of the subscription
     */
    Subscription subscribe(String name, Handler<? super E> handler);

    /**
     * Handles events; does not block, does not throw.
     *
     * @param <E> the type of event
     */
    @FunctionalInterface
    interface Handler<E> {

        /**
         * Something has changed.
         *
         * @return the event is acknowledged to where it came from only when this has completed; where it fails, the source
         *     delivers the event again if it can, after a pause; with {@link IllegalArgumentException} where the event cannot be
         *     understood, so that this would be of no use
         */
        CompletionStage<?> changed(E event);

        /**
         * Something may have changed of which the source knows nothing: events were lost, or could not be understood.
         * A source that keeps events goes on with what comes after only when this has completed.
         */
        default CompletionStage<?> missed() {
            return CompletableFuture.completedFuture(null);
        }
    }

    /** Ends the delivery. */
    @FunctionalInterface
    interface Subscription extends AutoCloseable {

        /** Delivers nothing more. What is being handled is not waited for. Idempotent. */
        @Override
        void close();
    }
}
