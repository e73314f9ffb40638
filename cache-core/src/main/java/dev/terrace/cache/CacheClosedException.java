package dev.terrace.cache;

/** The cache was closed. */
public final class CacheClosedException extends CacheException {

    private static final long serialVersionUID = 1L;

    /** @param message names the cache */
    public CacheClosedException(String message) {
        super(message);
    }
}
