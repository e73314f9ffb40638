package dev.terrace.cache.strategy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The slow store behind a write-behind queue. Called by the queue's flushers, of which there may be several at a time for
 * different keys, never for one key.
 *
 * <p>A call that returns has stored everything. One that throws has, for all that the queue knows, stored nothing of it, and
 * everything is tried again; unless it throws {@link PartialWriteException}, which names what failed, by keys of the batch. It is interrupted at the
 * write deadline; a writer that ignores that holds up the keys of its flusher until it returns.
 */
@FunctionalInterface
public interface BatchWriter<K, V> {

    /** Stores a batch: at most one operation of each key, oldest first. */
    void write(List<StoreOperation<K, V>> batch) throws Exception;

    /** A writer that stores one by one, and knows of each whether it failed. */
    static <K, V> BatchWriter<K, V> each(StoreWriter<? super K, ? super V> store) {
        return batch -> {
            Map<Object, Throwable> failed = new LinkedHashMap<>();
            for (StoreOperation<K, V> operation : batch) {
                V value = operation.value();
                try {
                    if (value == null) {
                        store.remove(operation.key());
                    } else {
                        store.put(operation.key(), value);
                    }
                } catch (InterruptedException e) {
                    throw e;
                } catch (Exception e) {
                    failed.put(operation.key(), e);
                }
            }
            if (!failed.isEmpty()) {
                throw new PartialWriteException(failed);
            }
        };
    }
}
