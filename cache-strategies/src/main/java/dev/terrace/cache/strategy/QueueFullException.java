package dev.terrace.cache.strategy;

import dev.terrace.cache.CacheException;

/** A write-behind queue has no room. The put or remove was not accepted, and changed nothing. */
public final class QueueFullException extends CacheException {

    private static final long serialVersionUID = 1L;

    QueueFullException(String message) {
        super(message);
    }
}
