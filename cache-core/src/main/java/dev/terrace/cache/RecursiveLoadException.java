package dev.terrace.cache;

/** A loader asked the cache for the key that it is loading. */
public final class RecursiveLoadException extends CacheException {

    private static final long serialVersionUID = 1L;

    RecursiveLoadException(String message) {
        super(message);
    }
}
