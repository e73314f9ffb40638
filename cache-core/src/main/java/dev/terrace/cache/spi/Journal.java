package dev.terrace.cache.spi;

/**
 * A place for logs of what write-behind queues have accepted and their stores have not written. Thread-safe.
 */
public interface Journal {

    /**
     * Opens the log of one queue and recovers what it holds. Blocks while it reads.
     *
     * @param queue of {@code [A-Za-z0-9._-]+}
     * @throws JournalException if it cannot be read or written, is open elsewhere, or is damaged in a way that could lose what
     *     was acknowledged; the message says what and where
     */
    JournalLog open(String queue);
}
