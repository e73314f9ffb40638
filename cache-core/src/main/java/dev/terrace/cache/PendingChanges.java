package dev.terrace.cache;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** See {@link Changes}. */
final class PendingChanges<K, V> implements Changes<K, V> {

    private final WritePath<K, V> writes;
    private final Consumer<CompletableFuture<Void>> waiting;

    private final Map<K, WritePath.Write<V>> puts = new LinkedHashMap<>();
    private final Set<K> invalidations = new LinkedHashSet<>();
    private final Set<String> tags = new LinkedHashSet<>();
    private boolean clear;
    private boolean over;

    /** @param waiting waits for a write as the cache's blocking writes do */
    PendingChanges(WritePath<K, V> writes, Consumer<CompletableFuture<Void>> waiting) {
        this.writes = writes;
        this.waiting = waiting;
    }

    @Override
    public Changes<K, V> put(K key, V value) {
        return put(key, value, EntryOptions.DEFAULT);
    }

    @Override
    public Changes<K, V> put(K key, V value, EntryOptions options) {
        checkCollecting();
        Objects.requireNonNull(key, "key");
        WritePath.Write<V> write = new WritePath.Write<>(
                Objects.requireNonNull(value, "value"), Objects.requireNonNull(options, "options"));
        invalidations.remove(key);
        puts.put(key, write);
        return this;
    }

    @Override
    public Changes<K, V> invalidate(K key) {
        checkCollecting();
        Objects.requireNonNull(key, "key");
        puts.remove(key);
        invalidations.add(key);
        return this;
    }

    @Override
    public Changes<K, V> invalidateTag(String tag) {
        checkCollecting();
        tags.add(Checks.tag(tag));
        return this;
    }

    @Override
    public Changes<K, V> clear() {
        checkCollecting();
        puts.clear();
        invalidations.clear();
        tags.clear();
        clear = true;
        return this;
    }

    @Override
    public void apply() {
        checkCollecting();
        over = true;
        // A value that is put must be younger than the markers; keys and puts do not overlap.
        List<RuntimeException> failures = new ArrayList<>();
        if (clear) {
            attempt(failures, () -> waiting.accept(writes.clear()));
        }
        if (!tags.isEmpty()) {
            attempt(failures, () -> waiting.accept(writes.invalidateTags(List.copyOf(tags))));
        }
        if (!invalidations.isEmpty()) {
            attempt(failures, () -> waiting.accept(writes.invalidate(List.copyOf(invalidations))));
        }
        if (!puts.isEmpty()) {
            attempt(failures, () -> waiting.accept(writes.put(Map.copyOf(puts))));
        }
        if (!failures.isEmpty()) {
            RuntimeException first = failures.get(0);
            failures.stream().skip(1).filter(other -> other != first).forEach(first::addSuppressed);
            throw first;
        }
    }

    private static void attempt(List<RuntimeException> failures, Runnable change) {
        try {
            change.run();
        } catch (RuntimeException e) {
            failures.add(e);
        }
    }

    private void checkCollecting() {
        if (over) {
            throw new IllegalStateException("these changes were applied or closed");
        }
    }

    @Override
    public void close() {
        over = true;
    }
}
