package dev.terrace.cache;

/** A loader threw a checked exception, which is the cause. */
public final class LoadFailedException extends CacheException {

    private static final long serialVersionUID = 1L;

    LoadFailedException(String message, Throwable cause) {
        super(message, cause);
    }
}
