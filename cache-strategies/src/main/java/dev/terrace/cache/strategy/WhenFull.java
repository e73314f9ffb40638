package dev.terrace.cache.strategy;

/** What a put or remove does when a write-behind queue is full and has nothing of its key to replace. */
public enum WhenFull {
    /** Waits for room, at most {@link WriteBehindBuilder#longestWait}; then {@link QueueFullException}. */
    BLOCK,
    /** {@link QueueFullException} at once. */
    REJECT,
    /** Writes the store itself, on the caller's thread and in the order of its key; the store's failure is the caller's. */
    WRITE_THROUGH
}
