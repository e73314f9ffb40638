package dev.terrace.cache.strategy;

import dev.terrace.cache.CacheException;

/** A store threw a checked exception, which is the cause. */
public final class StoreFailedException extends CacheException {

    private static final long serialVersionUID = 1L;

    StoreFailedException(Throwable cause) {
        super("the store failed", cause);
    }
}
