package dev.terrace.cache;

/** Failures that are not thrown to a caller, and so are counted, reported and logged instead. */
public enum FailureKind {
    /** A read of the far tier failed or took longer than the budget. */
    FAR_READ,
    /** Asking for a lease or giving it back failed. */
    FAR_LEASE,
    /** Storing a loaded value in the far tier failed. */
    FAR_FILL,
    /** A put, invalidation, tag invalidation or clear was not acknowledged by the far tier; it is queued for repair. */
    FAR_WRITE,
    /** Reading markers or the heartbeat failed. */
    FAR_HEARTBEAT,
    /** Bytes in the far tier could not be decoded, or were written by another codec. */
    DECODE,
    /** A loaded value could not be encoded, or was over the size limit, and stays out of the far tier. */
    ENCODE,
    /** A load failed while a stale value was served, or in the background. */
    LOAD,
    /** A background load found no room; or there was no thread for callbacks, which then run elsewhere. */
    LOAD_REJECTED,
    /** The recovery queue was full and became one clear. */
    RECOVERY_OVERFLOW,
    /** A write-behind batch failed and is tried again. */
    STORE_WRITE,
    /** The dead-letter handler of a write-behind queue threw; the put or remove stays in the queue, unless that closes. */
    DEAD_LETTER,
    /** The journal of a write-behind queue failed. */
    JOURNAL,
    /** A source of invalidations failed, or what it told could not be applied yet. */
    INVALIDATION_SOURCE,
    /** A lock, limiter or other structure in Redis had a failure that no caller is told of, such as of a renewal. */
    REDIS_CALL,
    /** Other nodes could not be told of a change on the bus; they see it within {@code maxStaleness}. */
    INVALIDATION_BUS,
    /** A listener threw. */
    LISTENER,
    /** A copier, weigher, context hook or other function of the application threw in the background. */
    APPLICATION
}
