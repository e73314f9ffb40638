package dev.terrace.cache.spi;

/**
 * A place for logs that the write-behind queues of several processes share. A record is appended by any of them and handed to
 * one, which writes it; when that one dies, what it has left is handed to another. Thread-safe.
 */
public interface SharedJournal {

    /**
     * Joins the log of a queue. Blocks for a bounded time.
     *
     * @param queue of {@code [A-Za-z0-9._-]+}
     * @param reader gets what this process is to write; nothing before {@link SharedLog#start}
     * @throws JournalException if the log cannot be reached, or was made with other settings; the message says which
     */
    SharedLog open(String queue, SharedLog.Reader reader);
}
