package dev.terrace.cache.redis.limit;

import java.time.Duration;

/** A limit is spent. Thrown often, so it has no stack trace of its own. */
public final class RateLimitedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final Duration retryAfter;

    RateLimitedException(String limiter, Duration retryAfter) {
        super(limiter + " is spent; worth another try after " + retryAfter, null, false, false);
        this.retryAfter = retryAfter;
    }

    /** When it is worth another try at the earliest. */
    public Duration retryAfter() {
        return retryAfter;
    }
}
