package dev.terrace.cache.spi;

import org.jspecify.annotations.Nullable;

/**
 * The one server that has what was asked for cannot be asked now, while others of the same far tier can. A failure like any
 * other, but no reason to stop calls to those: a cache's circuit breaker, which is for all of a far tier, does not count it.
 * Cheap to make: while a server is down there are many.
 */
public final class ServerLostException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /**
     * Without a stack trace.
     *
     * @param message names the server
     * @param cause why it cannot be asked, or null
     */
    public ServerLostException(String message, @Nullable Throwable cause) {
        super(message, cause, false, false);
    }
}
