package dev.terrace.cache.redis;

import org.jspecify.annotations.Nullable;

/**
 * An operation was not sent, or will not be answered, since there is no connection to Redis. Names the server without
 * credentials. Made for every operation while a server is down, so it has no stack trace of its own.
 */
final class RedisUnreachableException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** Deeper causes than any driver makes; a chain that goes in a circle ends here. */
    private static final int DEEPEST = 20;

    /** @param cause why the last attempt to connect failed, or null where none has ended yet */
    RedisUnreachableException(String server, @Nullable Throwable cause) {
        super("no connection to " + server + reason(cause), cause, false, false);
    }

    /** The innermost message: what a server says of a password or a protocol is there. */
    private static String reason(@Nullable Throwable cause) {
        Throwable innermost = cause;
        for (int depth = 0; depth < DEEPEST && innermost != null && innermost.getCause() != null; depth++) {
            innermost = innermost.getCause();
        }
        return innermost == null ? "" : ": " + innermost.getMessage();
    }
}
