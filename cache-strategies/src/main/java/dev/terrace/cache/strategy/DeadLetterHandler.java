package dev.terrace.cache.strategy;

/**
 * Takes what a write-behind queue gives up: operations that failed alone as often as is allowed, and, without a journal, those
 * that were not written before the close deadline. Runs on a flusher, whose keys wait for it.
 */
@FunctionalInterface
public interface DeadLetterHandler<K, V> {

    /** Takes an operation over. If this throws, the operation stays in the queue and is tried again. */
    void handle(StoreOperation<K, V> operation, Throwable cause) throws Exception;
}
