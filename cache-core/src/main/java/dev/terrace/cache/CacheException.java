package dev.terrace.cache;

/** The root of what a cache throws by itself. Messages never contain values. */
public abstract class CacheException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** @param message without values and secrets */
    protected CacheException(String message) {
        super(message);
    }

    /** @param message without values and secrets */
    protected CacheException(String message, Throwable cause) {
        super(message, cause);
    }
}
