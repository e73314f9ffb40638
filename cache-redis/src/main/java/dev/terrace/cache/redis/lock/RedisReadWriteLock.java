package dev.terrace.cache.redis.lock;

import dev.terrace.cache.redis.SharedRedis;

/**
 * A lock that any number of readers have together, or one writer alone. What is said of {@link RedisLock} holds of both parts;
 * only the fencing number of a writer is of use. A reader does not become a writer: it waits for itself. Thread-safe.
 */
public final class RedisReadWriteLock {

    private final RedisLock reading;
    private final RedisLock writing;

    private RedisReadWriteLock(Ledger ledger) {
        this.reading = new RedisLock(ledger, Share.READING, new Owner.Known(), Owner.NOBODY);
        this.writing = new RedisLock(ledger, Share.ALONE, new Owner.Known(), Owner.NOBODY);
    }

    /** The lock of this name, fair, so that readers that come later do not keep a writer waiting for ever. */
    public static RedisReadWriteLock on(SharedRedis redis, String name) {
        return on(redis, name, LockOptions.defaults().fair());
    }

    /**
     * The lock of this name. All processes should give it the same options.
     *
     * @param name of printable ASCII without spaces and braces
     */
    public static RedisReadWriteLock on(SharedRedis redis, String name, LockOptions options) {
        return new RedisReadWriteLock(new Ledger(redis, "rwlock", name, options));
    }

    /** The part that many can have. */
    public RedisLock reading() {
        return reading;
    }

    /** The part that one has alone. */
    public RedisLock writing() {
        return writing;
    }
}
