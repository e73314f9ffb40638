package dev.terrace.cache.spi;

import java.util.concurrent.CompletionStage;
import java.util.function.Function;

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
     * @param handler handles an event; does not block, does not throw. An event is acknowledged to where it came from only when
     *     the stage has completed; where it fails, the source delivers it again if it can, after a pause
     */
    Subscription subscribe(String name, Function<? super E, ? extends CompletionStage<?>> handler);

    /** Ends the delivery. */
    @FunctionalInterface
    interface Subscription extends AutoCloseable {

        /** Delivers nothing more. What is being handled is not waited for. Idempotent. */
        @Override
        void close();
    }
}
