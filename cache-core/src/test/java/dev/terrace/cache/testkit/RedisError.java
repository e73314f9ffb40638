package dev.terrace.cache.testkit;

/** An error that a Redis server answered. */
public final class RedisError extends RuntimeException {

    private static final long serialVersionUID = 1L;

    RedisError(String message) {
        super(message);
    }
}
