package dev.terrace.cache.memcached;

import org.jspecify.annotations.Nullable;

/** A server cannot be asked now. Cheap to make: while a server is down there are many. */
final class MemcachedUnreachableException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    MemcachedUnreachableException(String message, @Nullable Throwable cause) {
        super(message, cause, false, false);
    }

    /** @param cause why the last attempt to connect failed, or null where none has ended yet */
    static MemcachedUnreachableException noConnection(String server, @Nullable Throwable cause) {
        String reason = cause == null ? "" : ": " + (cause.getMessage() == null ? cause : cause.getMessage());
        return new MemcachedUnreachableException("no connection to " + server + reason, cause);
    }
}
