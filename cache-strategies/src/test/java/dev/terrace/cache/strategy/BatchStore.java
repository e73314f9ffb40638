package dev.terrace.cache.strategy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A store that takes batches, remembers in which order it got the operations of each key, and can be made to fail. */
final class BatchStore implements BatchWriter<String, String> {

    final Map<String, String> rows = new ConcurrentHashMap<>();
    final List<List<StoreOperation<String, String>>> batches = Collections.synchronizedList(new ArrayList<>());
    private final Map<String, Long> last = new ConcurrentHashMap<>();
    final List<String> disorder = Collections.synchronizedList(new ArrayList<>());
    /** Why an operation fails before it is stored, and its batch with it. */
    volatile Function<StoreOperation<String, String>, @Nullable Exception> failure = operation -> null;
    /** What is thrown after a batch was stored. */
    volatile @Nullable Exception afterwards;
    /** Whether only what fails is refused, and named. */
    volatile boolean partial;

    @Override
    public void write(List<StoreOperation<String, String>> batch) throws Exception {
        batches.add(batch);
        Map<Object, Throwable> failed = new LinkedHashMap<>();
        for (StoreOperation<String, String> operation : batch) {
            Exception its = failure.apply(operation);
            if (its != null && !partial) {
                throw its;
            }
            if (its != null) {
                failed.put(operation.key(), its);
            }
        }
        batch.stream().filter(operation -> !failed.containsKey(operation.key())).forEach(this::store);
        if (!failed.isEmpty()) {
            throw new PartialWriteException(failed);
        }
        Exception late = afterwards;
        if (late != null) {
            throw late;
        }
    }

    private void store(StoreOperation<String, String> operation) {
        Long before = last.put(operation.key(), operation.number());
        if (before != null && before > operation.number()) {
            disorder.add(operation.key() + ": " + before + " before " + operation.number());
        }
        String value = operation.value();
        if (value == null) {
            rows.remove(operation.key());
        } else {
            rows.put(operation.key(), value);
        }
    }

    @Nullable
    String load(String key) {
        return rows.get(key);
    }
}
