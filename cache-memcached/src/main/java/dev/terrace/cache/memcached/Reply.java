package dev.terrace.cache.memcached;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a server answered. */
sealed interface Reply {

    /** Nothing is under the key. */
    Reply MISSING = new Missing();

    /** The item has another CAS id, or is there where none should be. */
    Reply CONFLICT = new Conflict();

    /** Deleted, touched, or nothing to say. */
    Reply DONE = new Done();

    /** Nothing is under the key. */
    record Missing() implements Reply {}

    /** The item has another CAS id, or is there where none should be. */
    record Conflict() implements Reply {}

    /** Deleted, touched, or nothing to say. */
    record Done() implements Reply {}

    /**
     * An item.
     *
     * @param value its bytes, or null where they were not asked for
     * @param secondsLeft its remaining time to live, or {@link #UNKNOWN}
     * @param won whether it is an empty one that this request left
     * @param stub whether it is an empty one that somebody left for a lease
     */
    record Item(long cas, int flags, byte @Nullable [] value, int secondsLeft, boolean won, boolean stub)
            implements Reply {
        /** Not asked for, not told, or without an end. */
        static final int UNKNOWN = -1;
    }

    /** Stored under a new CAS id. */
    record Stored(long cas) implements Reply {}

    /** The value is larger than the server takes. */
    record TooLarge() implements Reply {}

    /** The server refused the request. Of its reason only what a log may have: the beginning, on one line. */
    record Failed(String reason) implements Reply {
        private static final int LONGEST_REASON = 100;

        public Failed {
            reason = reason.substring(0, Math.min(reason.length(), LONGEST_REASON))
                    .replaceAll("[^ -~]", "?");
        }
    }

    /** What the server says of itself. */
    record Table(Map<String, String> entries) implements Reply {}
}
