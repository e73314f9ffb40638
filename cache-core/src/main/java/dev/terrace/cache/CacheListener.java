package dev.terrace.cache;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Is told what a cache does, except for hits and misses, which are counted ({@link CacheStats}) and not reported one by one.
 * Methods are called on the thread where the event happened and must not block. What they throw is counted and logged, and
 * changes nothing for callers.
 */
public interface CacheListener {

    /** Does nothing. */
    CacheListener NONE = new CacheListener() {};

    /**
     * The cache is built, or this listener is told of it from now on. A listener may be told of many caches, and may keep the
     * cache until {@link #onClose}, to read its {@link Cache#stats} for example.
     */
    default void onOpen(Cache<?, ?> cache) {}

    /** The cache is closed. May be told more than once, and of a cache that failed to be registered. */
    default void onClose(Cache<?, ?> cache) {}

    /**
     * A load ended.
     *
     * @param failure what the loader threw, or null
     */
    default void onLoad(String cache, Duration took, @Nullable Throwable failure) {}

    /**
     * An operation of the far tier ended.
     *
     * @param failure why it failed, or null
     */
    default void onFarOperation(String cache, FarOperation operation, Duration took, @Nullable Throwable failure) {}

    /** A stale value was served. */
    default void onStaleServed(String cache, StaleReason reason) {}

    /**
     * A hit of the near tier: a sample of them, a hundred a second at most.
     *
     * @param age of the value, since it was written
     */
    default void onHit(String cache, Duration age) {}

    /** The near tier gave up an entry. */
    default void onEviction(String cache, EvictionCause cause) {}

    /**
     * Something failed that no caller was told of.
     *
     * @param cache its name; of {@link FailureKind#REDIS_CALL}, which is of no cache, what failed, such as {@code lock}
     */
    default void onFailure(String cache, FailureKind kind, Throwable failure) {}

    /** The circuit breaker of the far tier changed. */
    default void onBreaker(String cache, BreakerState state) {}

    /** The link, on which the far tier tells of changes, began to tell or fell silent. */
    default void onLink(String cache, LinkState state) {}

    /** The recovery queue changed. */
    default void onRecovery(String cache, int queued) {}

    /**
     * A call of what shares the far tier's connection with the caches ended.
     *
     * @param kind such as {@code lock}; of few
     * @param operation such as {@code acquire}; of few
     * @param failure what its caller was told, or null
     */
    default void onCommand(String kind, String operation, Duration took, @Nullable Throwable failure) {}

    /**
     * A batch of a write-behind queue ended.
     *
     * @param operations how many puts and removes it held
     * @param took the writer's time
     * @param lag from the oldest put or remove in it to its end
     * @param failure why it failed and will be tried again, or null
     */
    default void onStoreWrite(String cache, int operations, Duration took, Duration lag, @Nullable Throwable failure) {}

    /**
     * A write-behind queue changed by a batch.
     *
     * @param pending keys whose last put or remove is not in the store
     * @param oldest age of the oldest of them
     */
    default void onPendingWrites(String cache, int pending, Duration oldest) {}

    /** A write-behind queue gave up a put or remove, which is now the dead-letter handler's. */
    default void onDeadLetter(String cache, Throwable cause) {}

    /** Why a stale value was served. */
    enum StaleReason {
        /** A load is running, here or on another node. */
        REVALIDATING,
        /** The load failed, or a failure was recent. */
        LOAD_FAILED,
        /** The load took longer than its soft deadline. */
        LOAD_SLOW,
        /** The load found no room. */
        LOAD_REJECTED
    }

    /** Why the near tier gave up an entry. */
    enum EvictionCause {
        SIZE,
        EXPIRED
    }

    /** Whether the far tier tells of changes. */
    enum LinkState {
        /** There is no far tier, or it cannot tell: near copies are compared with it. */
        NONE,
        /** It tells, and near copies are served without being compared. */
        ARMED,
        /** It could tell, and does not now: near copies are compared with it. */
        DOWN
    }

    /** States of the circuit breaker. */
    enum BreakerState {
        CLOSED,
        OPEN,
        HALF_OPEN
    }
}
