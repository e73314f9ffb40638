package dev.terrace.cache.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheClosedException;
import dev.terrace.cache.EntryOptions;
import dev.terrace.cache.Near;
import dev.terrace.cache.testkit.OwnThread;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Write-through and write-around: what each does, and what a failure leaves behind at each step. */
final class WriteStrategiesTest {

    private final Nodes nodes = new Nodes();
    private final Table table = new Table();

    @AfterEach
    void close() throws Exception {
        nodes.close();
    }

    @Test
    void writeThroughStoresThenCaches() {
        for (Cache<String, String> inner : List.of(nodes.nearOnly(), nodes.node())) {
            WriteThrough<String, String> cache = WriteThrough.around(inner, table);
            cache.put("k", "v1", EntryOptions.freshFor(Duration.ofMinutes(1)).withTags("t"));
            assertThat(table.row("k")).isEqualTo("v1");
            assertThat(inner.getIfPresent("k")).isEqualTo("v1");
            assertThat(inner.lookup("k").tags()).containsExactly("t");
            cache.putAll(Map.of("a", "1"));
            assertThat(table.row("a")).isEqualTo("1");
            cache.remove("k");
            assertThat(table.row("k")).isNull();
            assertThat(inner.getIfPresent("k")).isNull();
        }
    }

    @Test
    void nothingIsStoredThatTheCacheRefuses() {
        List<Function<Cache<String, String>, StoringCache<String, String>>> wrappers = List.of(
                cache -> WriteThrough.around(cache, table, Runnable::run),
                cache -> WriteAround.around(cache, table, Runnable::run));
        for (Function<Cache<String, String>, StoringCache<String, String>> wrapper : wrappers) {
            StoringCache<String, String> cache = wrapper.apply(nodes.nearOnly());
            table.set("k", "row");
            assertThatNullPointerException().isThrownBy(() -> cache.put("k", "v", null));
            assertThatNullPointerException().isThrownBy(() -> cache.async().put("k", "v", null));
            Map<String, String> values = new LinkedHashMap<>();
            values.put("k", "v");
            values.put("other", null);
            assertThatNullPointerException().isThrownBy(() -> cache.putAll(values));
            assertThatNullPointerException().isThrownBy(() -> cache.async().putAll(values));
            cache.close();
            assertThatThrownBy(() -> cache.put("k", "v")).isInstanceOf(CacheClosedException.class);
            assertThatThrownBy(() -> cache.remove("k")).isInstanceOf(CacheClosedException.class);
            assertThat(table.row("k")).isEqualTo("row");
        }
    }

    @Test
    void aPutAheadOfTheStoreIsOneOfTheStoreToo() {
        WriteThrough<String, String> cache = WriteThrough.around(nodes.nearOnly(), table, Runnable::run);
        cache.async().putAhead("k", "v", EntryOptions.DEFAULT).join();
        assertThat(table.row("k")).isEqualTo("v");
    }

    @Test
    void manyPutsReachTheStoreInTheirOrder() {
        Map<String, String> values = new LinkedHashMap<>();
        for (int i = 20; i > 0; i--) {
            values.put("k" + i, "v");
        }
        List<String> stored = new ArrayList<>();
        Cache<String, String> cache = WriteThrough.around(
                nodes.nearOnly(),
                new StoreWriter<String, String>() {
                    @Override
                    public void put(String key, String value) {
                        stored.add(key);
                    }

                    @Override
                    public void remove(String key) {}
                },
                Runnable::run);
        cache.async().putAll(values).join();
        assertThat(stored).containsExactlyElementsOf(values.keySet());
    }

    @Test
    void aStoreThatFailsLeavesTheCacheOfWriteThroughAsItWas() {
        Cache<String, String> inner = nodes.node();
        WriteThrough<String, String> cache = WriteThrough.around(inner, table);
        cache.put("k", "v1");
        IOException failure = new IOException("disk full");
        table.failure = failure;
        assertThatThrownBy(() -> cache.put("k", "v2"))
                .isInstanceOf(StoreFailedException.class)
                .hasCause(failure);
        assertThatThrownBy(() -> cache.remove("k")).isInstanceOf(StoreFailedException.class);
        IllegalStateException unchecked = new IllegalStateException("down");
        table.failure = unchecked;
        assertThatThrownBy(() -> cache.put("k", "v2")).isSameAs(unchecked);
        assertThat(inner.getIfPresent("k")).isEqualTo("v1");
        assertThat(table.row("k")).isEqualTo("v1");
    }

    @Test
    void aStoreThatFailsAfterItHasStoredLeavesTheOldValueOfWriteThroughUntilTheKeyIsInvalidated() {
        Cache<String, String> inner = nodes.node();
        WriteThrough<String, String> cache = WriteThrough.around(inner, table);
        cache.put("k", "v1");
        table.failureAfterStoring = new IOException("connection lost");
        assertThatThrownBy(() -> cache.put("k", "v2")).isInstanceOf(StoreFailedException.class);
        assertThat(cache.get("k", table::load)).isEqualTo("v1");
        cache.invalidate("k");
        assertThat(cache.get("k", table::load)).isEqualTo("v2");
    }

    @Test
    void aCrashBetweenStoreAndCacheLeavesTheOldValue() {
        Cache<String, String> inner = nodes.node();
        WriteThrough.around(inner, table).put("k", "v1");
        // A process that dies after its store has done this and nothing more.
        table.set("k", "v2");
        assertThat(nodes.node().get("k", table::load)).isEqualTo("v1");
    }

    @Test
    void overlappingPutsOfOneKeyLeaveNothingThatTheStoreDoesNotHave() {
        for (Cache<String, String> inner : List.of(nodes.nearOnly(), nodes.node())) {
            WriteThrough<String, String> cache = WriteThrough.around(inner, table);
            Table.Gate gate = table.holdNext("k");
            CompletableFuture<Void> first = OwnThread.run(() -> cache.put("k", "v1"));
            gate.awaitReached();
            cache.put("k", "v2");
            gate.open();
            first.join();
            assertThat(table.row("k")).isEqualTo("v2");
            assertThat(cache.get("k", table::load)).isEqualTo("v2");
        }
    }

    @Test
    void aPutThatOverlapsARemoveLeavesNothingThatTheStoreDoesNotHave() {
        Cache<String, String> inner = nodes.node();
        WriteThrough<String, String> cache = WriteThrough.around(inner, table);
        Table.Gate gate = table.holdNext("k");
        CompletableFuture<Void> put = OwnThread.run(() -> cache.put("k", "v1"));
        gate.awaitReached();
        cache.remove("k");
        gate.open();
        put.join();
        assertThat(table.row("k")).isNull();
        assertThat(cache.get("k", table::load)).isNull();
    }

    @Test
    void aCacheThatFailsAfterTheStoreHasStoredDoesNotGoOnServingTheOldValue() {
        IllegalStateException failure = new IllegalStateException("weigher");
        AtomicBoolean fails = new AtomicBoolean();
        Cache<String, String> inner = nodes.opened(Cache.<String, String>builder("weighed")
                .near(Near.maximumWeight(1_000, (String key, String value) -> {
                    if (fails.get()) {
                        throw failure;
                    }
                    return 1;
                }))
                .freshFor(Duration.ofMinutes(10))
                .build());
        WriteThrough<String, String> cache = WriteThrough.around(inner, table);
        cache.put("k", "v1");
        fails.set(true);
        assertThatThrownBy(() -> cache.put("k", "v2")).isSameAs(failure);
        fails.set(false);
        assertThat(cache.get("k", table::load)).isEqualTo("v2");

        assertThatThrownBy(() -> cache.put(
                        "k",
                        () -> {
                            table.set("k", "v3");
                            return "v3";
                        },
                        stored -> {
                            throw failure;
                        },
                        EntryOptions.DEFAULT))
                .isSameAs(failure);
        assertThat(cache.get("k", table::load)).isEqualTo("v3");

        fails.set(true);
        assertThatThrownBy(() -> stored(cache, "v4")).isSameAs(failure);
        fails.set(false);
        assertThat(cache.get("k", table::load)).isEqualTo("v4");
    }

    /** A store that says itself which key it has written. */
    private String stored(WriteThrough<String, String> cache, String value) throws Exception {
        return cache.putStored(
                () -> {
                    table.put("k", value);
                    return value;
                },
                row -> new WriteThrough.Row<>("k", row, EntryOptions.DEFAULT));
    }

    @Test
    void aRowIsCachedUnderTheKeyThatTheStoreMadeUnlessAnotherWroteItMeanwhile() throws Exception {
        for (Cache<String, String> inner : List.of(nodes.nearOnly(), nodes.node())) {
            WriteThrough<String, String> cache = WriteThrough.around(inner, table);
            assertThat(stored(cache, "v1")).isEqualTo("v1");
            assertThat(inner.getIfPresent("k")).isEqualTo("v1");
            for (int order = 0; order < 3; order++) {
                Table.Gate gate = table.holdNext("k");
                CompletableFuture<Void> first = order == 0
                        ? OwnThread.run(() -> cache.put("k", "first"))
                        : OwnThread.run(() -> assertThat(put(cache)).isEqualTo("first"));
                gate.awaitReached();
                if (order == 1) {
                    cache.put("k", "second");
                } else {
                    stored(cache, "second");
                }
                gate.open();
                first.join();
                assertThat(cache.get("k", table::load)).as("order %d", order).isEqualTo("second");
            }
            assertThat(cache.<String>putStored(() -> "none", row -> null)).isEqualTo("none");
        }
    }

    private String put(WriteThrough<String, String> cache) {
        try {
            return stored(cache, "first");
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void anOlderRowVersionDoesNotReplaceANewerOneOfAnotherNode() {
        WriteThrough<String, String> a = WriteThrough.around(nodes.node(), table);
        WriteThrough<String, String> b = WriteThrough.around(nodes.node(), table);
        b.put("k", "v2", EntryOptions.DEFAULT.withSourceVersion(2));
        a.put("k", "v1", EntryOptions.DEFAULT.withSourceVersion(1));
        assertThat(nodes.node().getIfPresent("k")).isEqualTo("v2");
    }

    @Test
    void writeAroundStoresAndForgets() {
        for (Cache<String, String> inner : List.of(nodes.nearOnly(), nodes.node())) {
            WriteAround<String, String> cache = WriteAround.around(inner, table);
            inner.put("k", "old");
            cache.put("k", "v1");
            assertThat(inner.getIfPresent("k")).isNull();
            assertThat(cache.get("k", table::load)).isEqualTo("v1");
            cache.remove("k");
            assertThat(table.row("k")).isNull();
            assertThat(inner.getIfPresent("k")).isNull();
        }
    }

    @Test
    void aStoreThatFailsMakesWriteAroundForgetAllTheSame() {
        Cache<String, String> inner = nodes.node();
        WriteAround<String, String> cache = WriteAround.around(inner, table);
        inner.put("k", "old");
        IllegalStateException failure = new IllegalStateException("connection lost");
        table.failureAfterStoring = failure;
        assertThatThrownBy(() -> cache.put("k", "v1")).isSameAs(failure);
        assertThat(cache.get("k", table::load)).isEqualTo("v1");
    }

    @Test
    void aCrashBeforeTheInvalidationOfWriteAroundLeavesTheOldValue() {
        Cache<String, String> inner = nodes.node();
        inner.put("k", "v1");
        table.set("k", "v2");
        assertThat(nodes.node().get("k", table::load)).isEqualTo("v1");
    }

    @Test
    void putIfAbsentIsRefusedWhereAStoreIsWritten() {
        for (Cache<String, String> cache :
                List.of(WriteThrough.around(nodes.nearOnly(), table), WriteAround.around(nodes.nearOnly(), table))) {
            assertThatThrownBy(() -> cache.putIfAbsent("k", "v")).isInstanceOf(UnsupportedOperationException.class);
            assertThat(cache.async().putIfAbsent("k", "v")).isCompletedExceptionally();
        }
        assertThat(table.log()).isEmpty();
    }

    @Test
    void callersThatDoNotBlockNeedAnExecutorForTheStore() {
        Cache<String, String> inner = nodes.node();
        assertThat(WriteThrough.around(inner, table).async().put("k", "v")).isCompletedExceptionally();
        assertThat(table.log()).isEmpty();
        for (Cache<String, String> cache : List.of(
                WriteThrough.around(inner, table, Runnable::run), WriteAround.around(inner, table, Runnable::run))) {
            cache.async().put("k", "v").join();
            cache.async().putAll(Map.of("k2", "v")).join();
            table.failure = new IllegalStateException("down");
            assertThat(cache.async().put("k", "v2")).isCompletedExceptionally();
            table.failure = null;
        }
        assertThat(table.log()).hasSize(4);
    }
}
