package dev.terrace.cache;

/** A thread was interrupted while it waited for the cache. Its interrupt status is set again. */
public final class CallerInterruptedException extends CacheException {

    private static final long serialVersionUID = 1L;

    CallerInterruptedException(String message, Throwable cause) {
        super(message, cause);
    }
}
