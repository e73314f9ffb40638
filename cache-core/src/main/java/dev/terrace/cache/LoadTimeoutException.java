package dev.terrace.cache;

/** A load did not end within its deadline, and nothing stale could be served. */
public final class LoadTimeoutException extends CacheException {

    private static final long serialVersionUID = 1L;

    LoadTimeoutException(String message) {
        super(message);
    }
}
