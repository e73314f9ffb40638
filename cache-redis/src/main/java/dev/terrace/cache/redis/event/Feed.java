package dev.terrace.cache.redis.event;

import java.time.Duration;
import java.util.List;

/** Where the events of one subscription come from. Used by one thread, but for {@link #close}. */
interface Feed<E> {

    /**
     * Events that are to be handled before the next are asked for.
     *
     * @param missed whether there were others, of which nothing is known
     */
    record Batch<E>(List<E> events, boolean missed) {

        boolean isEmpty() {
            return events.isEmpty() && !missed;
        }
    }

    /** From now on nothing is to be lost without being told of. Blocks for a bounded time; may fail, and need not be repeated. */
    void begin();

    /** The next events, or nothing. Blocks for a bounded time. */
    Batch<E> next() throws InterruptedException;

    /** How long to wait where there was nothing. */
    Duration idle();

    /** The last events were handled. */
    void handled();

    void close();
}
