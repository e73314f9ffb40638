package dev.terrace.cache.redis;

import org.jspecify.annotations.Nullable;

/** There is no connection to Redis. Names the server without credentials; the cause is the last attempt's. */
final class RedisUnreachableException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    RedisUnreachableException(String server, @Nullable Throwable cause) {
        super("no connection to " + server + reason(cause), cause, false, false);
    }

    /** The innermost message: what a server says of a password or a protocol is there. */
    private static String reason(@Nullable Throwable cause) {
        Throwable innermost = cause;
        while (innermost != null && innermost.getCause() != null && innermost.getCause() != innermost) {
            innermost = innermost.getCause();
        }
        return innermost == null ? "" : ": " + innermost.getMessage();
    }
}
