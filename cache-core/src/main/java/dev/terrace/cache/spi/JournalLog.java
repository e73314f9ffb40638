package dev.terrace.cache.spi;

import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * The log of one write-behind queue: records that are appended, and dropped once the store has them. What was appended and not
 * dropped is there after the process has died. Drops may be lost with the process, the last first: a record that was dropped
 * may come back, but never one without every later drop. Thread-safe.
 */
public interface JournalLog extends AutoCloseable {

    /** Names this log for ever: its numbers have a meaning within it. */
    long origin();

    /** What was there when it was opened, by rising numbers. */
    List<Entry> recovered();

    /**
     * Appends a record; does no I/O of its own. After that it survives the end of this process, and once {@link #durable}
     * completes as much as the log promises.
     *
     * @return its number, higher than every earlier one, also of earlier processes
     * @throws JournalException if there is no room, or the log has failed; nothing was appended then
     */
    long append(byte[] record);

    /** Completes when a record is as safe as this log makes records; fails with {@link JournalException} if that fails. */
    CompletionStage<Void> durable(long number);

    /** A record is no longer needed. Never fails: a drop that cannot be kept brings the record back after a restart. */
    void drop(long number);

    /** Makes everything safe and closes. Idempotent. */
    @Override
    void close();

    /**
     * A record that was appended.
     *
     * @param number its number
     * @param record its bytes
     */
    record Entry(long number, byte[] record) {}
}
