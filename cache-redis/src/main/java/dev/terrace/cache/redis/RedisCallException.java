package dev.terrace.cache.redis;

import org.jspecify.annotations.Nullable;

/** An operation on Redis failed. Messages contain neither values nor credentials. */
public final class RedisCallException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final Reason reason;

    /** A failure for a reason. */
    public RedisCallException(Reason reason, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    /** Why it failed. */
    public Reason reason() {
        return reason;
    }

    /** Whether Redis may have done it all the same. */
    public boolean mayHaveHappened() {
        return reason == Reason.TIMED_OUT || reason == Reason.UNREACHABLE || reason == Reason.INTERRUPTED;
    }

    /**
     * Whether it may succeed when it is tried again, with nothing changed here: there was no answer, or Redis cannot do it at
     * present.
     */
    public boolean mayPass() {
        return reason == Reason.TIMED_OUT || reason == Reason.UNREACHABLE || reason == Reason.UNAVAILABLE;
    }

    /** Why operations fail. */
    public enum Reason {
        /** There is no connection, or it was lost before the answer. */
        UNREACHABLE,
        /** There was no answer within the budget. */
        TIMED_OUT,
        /** Under the key is something of another type. */
        WRONG_TYPE,
        /**
         * Redis answered that it cannot do so at present, and has not: it is loading its data or running a script, it has become
         * a replica, its cluster is down, or the slot of the key is being moved.
         */
        UNAVAILABLE,
        /** Redis answered another error, such as that it is out of memory. */
        REFUSED,
        /** The thread that waited was interrupted. */
        INTERRUPTED
    }
}
