package dev.terrace.cache.redis.lock;

import java.time.Duration;

/** A lock was held by others for as long as one was ready to wait. */
public final class LockTimeoutException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    LockTimeoutException(String lock, Duration waited) {
        super(lock + " was not to be had within " + waited);
    }
}
