package dev.terrace.cache.strategy;

import java.time.Duration;

/**
 * A write-behind queue: counts since it was built, and a few present values. A snapshot, not of one instant.
 *
 * @param pending keys whose last put or remove is not in the store
 * @param oldest age of the oldest of them
 * @param accepted puts and removes taken
 * @param coalesced of those, replaced by a later one of their key before they were written
 * @param written operations that the store has acknowledged
 * @param batches calls of the writer
 * @param retries operations that failed and were queued again
 * @param deadLetters operations given to the dead-letter handler
 * @param listenerFailures what the queue's listener and tracer have thrown, and messages of failures that could not be logged
 * @param lag of the last batch that was written: from its oldest operation to the store's acknowledgement
 */
public record WriteBehindStats(
        int pending,
        Duration oldest,
        long accepted,
        long coalesced,
        long written,
        long batches,
        long retries,
        long deadLetters,
        long listenerFailures,
        Duration lag) {}
