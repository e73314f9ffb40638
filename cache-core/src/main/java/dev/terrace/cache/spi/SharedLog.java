package dev.terrace.cache.spi;

import java.util.concurrent.CompletionStage;

/**
 * The log that write-behind queues of several processes share. Records of one key are handed out in the order in which they were
 * appended, whoever appended them, to one process at a time: the one whose {@link Tenure} of the key's part of the log lasts.
 * A record is there until its tenure has dropped it; when a tenure ends, what it has not dropped is handed to the next.
 * Thread-safe.
 */
public interface SharedLog extends AutoCloseable {

    /** Names this log for ever: its numbers have a meaning within it. */
    long origin();

    /** Begins to take tenures and to hand out records. */
    void start();

    /**
     * Appends a record.
     *
     * @param key what decides on the order: records of equal keys are handed out one after the other
     * @return completes when the record is as safe as this log makes records, in bounded time; fails with
     *     {@link JournalException} if there is no room, or the log could not be reached, when it may be there all the same if the
     *     message says so
     */
    CompletionStage<Appended> append(byte[] key, byte[] record);

    /** Ends all tenures and leaves the log, which goes on without this process. Blocks for a bounded time. Idempotent. */
    @Override
    void close();

    /**
     * A record that was appended.
     *
     * @param number higher than that of every earlier record of its key
     * @param gone completes when the record is no longer in the log, and so was dropped; some time after that. Fails with
     *     {@link JournalException} if nobody can say what became of it
     */
    record Appended(long number, CompletionStage<Void> gone) {}

    /** A time during which this process alone is handed the records of a part of the log. */
    interface Tenure {

        /** Higher than that of every earlier tenure of the same part: a store that checks it keeps out an owner that was paused. */
        long fence();

        /** Whether it lasts, as far as can be known here. */
        boolean isHeld();

        /** A record is no longer needed. Does no I/O. */
        void drop(long number);

        /**
         * Completes when every drop so far is kept, so that none of these records will be handed out again; fails when the tenure
         * has ended before that.
         */
        CompletionStage<Void> dropped();
    }

    /** Gets what this process is to write. Its methods do not block; what they throw is reported. */
    interface Reader {

        /**
         * The next record of a tenure.
         *
         * @throws RuntimeException if it cannot be understood: the log puts it aside, where it is kept
         */
        void record(Tenure tenure, long number, byte[] record);

        /** A tenure has ended: nothing that it has handed out is to be written any more. */
        void ended(Tenure tenure);

        /** A record was put aside; the message says where, and the cause why. */
        void putAside(JournalException why);

        /** The log has lost records, or is not as this process has left it; the message says what happened. */
        void damaged(JournalException what);
    }
}
