package dev.terrace.cache.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrace.cache.Cache;
import dev.terrace.cache.EarlyRefresh;
import dev.terrace.cache.LoadFailedException;
import dev.terrace.cache.LoadOn;
import dev.terrace.cache.Loader;
import dev.terrace.cache.Near;
import dev.terrace.cache.testkit.OwnThread;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Cache-aside, read-through, refresh-ahead and stampede protection: what each does, and what a failure leaves behind. */
final class ReadStrategiesTest {

    private final Nodes nodes = new Nodes();
    private final Table table = new Table();

    @AfterEach
    void close() throws Exception {
        nodes.close();
    }

    private static void eventually(BooleanSupplier condition) {
        long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - start > Duration.ofSeconds(20).toNanos()) {
                throw new AssertionError("not within 20 s");
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    // Cache-aside

    @Test
    void cacheAsideSharesOneLoad() {
        CacheAside<String, String> aside = CacheAside.around(nodes.nearOnly());
        table.set("k", "row");
        Table.Gate gate = table.holdNext("k");
        List<CompletableFuture<String>> callers = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            callers.add(OwnThread.supply(() -> aside.get("k", table::load)));
        }
        gate.awaitReached();
        gate.open();
        assertThat(callers).allSatisfy(caller -> assertThat(caller.join()).isEqualTo("row"));
        assertThat(table.reads).hasValue(1);
    }

    @Test
    void cacheAsideForgetsAfterAChange() throws Exception {
        CacheAside<String, String> aside = CacheAside.around(nodes.node());
        table.set("k", "old");
        assertThat(aside.get("k", table::load)).isEqualTo("old");
        aside.change("k", () -> {
            table.put("k", "new");
            return null;
        });
        assertThat(aside.get("k", table::load)).isEqualTo("new");
    }

    @Test
    void cacheAsideForgetsAfterAChangeThatFailedButWasStored() {
        CacheAside<String, String> aside = CacheAside.around(nodes.node());
        table.set("k", "old");
        aside.get("k", table::load);
        IOException lost = new IOException("connection lost");
        table.failureAfterStoring = lost;
        assertThatThrownBy(() -> aside.change("k", () -> {
                    table.put("k", "new");
                    return null;
                }))
                .isSameAs(lost);
        assertThat(aside.get("k", table::load)).isEqualTo("new");
    }

    @Test
    void cacheAsideNeverStoresARowReadBeforeAChange() throws Exception {
        CacheAside<String, String> aside = CacheAside.around(nodes.node());
        table.set("k", "old");
        Table.Gate gate = table.holdNext("k");
        CompletableFuture<String> slow = OwnThread.supply(() -> aside.get("k", table::load));
        gate.awaitReached();
        aside.change("k", () -> {
            table.set("k", "new");
            return null;
        });
        gate.open();
        slow.join();
        assertThat(aside.get("k", table::load)).isEqualTo("new");
        assertThat(CacheAside.around(nodes.node()).get("k", table::load)).isEqualTo("new");
    }

    @Test
    void cacheAsideLeavesTheOldValueWhereTheCrashComesBeforeTheInvalidation() {
        Cache<String, String> cache = nodes.node();
        CacheAside<String, String> aside = CacheAside.around(cache);
        table.set("k", "old");
        aside.get("k", table::load);
        // A process that dies after its change has done this and nothing more.
        table.set("k", "new");
        assertThat(CacheAside.around(nodes.node()).get("k", table::load)).isEqualTo("old");
    }

    @Test
    void cacheAsideReadsMissingValuesTogether() {
        CacheAside<String, String> aside = CacheAside.around(nodes.node());
        table.set("a", "1");
        table.set("b", "2");
        assertThat(aside.getAll(List.of("b", "none", "a"), table::loadAll))
                .containsExactly(Map.entry("b", "2"), Map.entry("a", "1"));
        assertThat(table.reads).hasValue(1);
    }

    // Read-through

    @Test
    void readThroughLoadsByItself() {
        Cache<String, String> cache = ReadThrough.around(nodes.nearOnly(), table::load);
        table.set("k", "row");
        assertThat(cache.get("k")).isEqualTo("row");
        assertThat(cache.async().get("k").join()).isEqualTo("row");
        assertThat(table.reads).hasValue(1);
        table.set("k", "row 2");
        assertThat(cache.refresh("k")).isEqualTo("row 2");
        assertThat(cache.async().refresh("k").join()).isEqualTo("row 2");
    }

    @Test
    void readThroughLoadsManyOneByOneOrTogether() {
        table.set("a", "1");
        table.set("b", "2");
        Cache<String, String> oneByOne = ReadThrough.around(nodes.nearOnly(), table::load);
        oneByOne.get("a");
        assertThat(oneByOne.getAll(List.of("b", "none", "a")))
                .containsExactly(Map.entry("b", "2"), Map.entry("a", "1"));
        assertThat(table.reads).hasValue(3);
        table.reads.set(0);
        Cache<String, String> together = ReadThrough.around(nodes.nearOnly(), table::load, table::loadAll);
        assertThat(together.getAll(List.of("b", "none", "a"))).hasSize(2);
        assertThat(together.async().getAll(List.of("b", "a")).join()).hasSize(2);
        assertThat(table.reads).hasValue(1);
    }

    @Test
    void readThroughLoadsManyAsTheCacheItselfDoes() {
        List<String> keys = new ArrayList<>();
        for (int i = 0; i < 5_000; i++) {
            keys.add("k" + i);
            table.set("k" + i, "v" + i);
        }
        Cache<String, String> few = ReadThrough.around(
                nodes.opened(nodes.builder().maxConcurrentLoads(2).build()), table::load);
        assertThat(few.getAll(keys)).as("more than there is room for loads").hasSize(5_000);
        List<Thread> threads = new CopyOnWriteArrayList<>();
        Cache<String, String> onCaller = ReadThrough.around(
                nodes.opened(Cache.<String, String>builder("caller")
                        .near(Near.maximumSize(100))
                        .freshFor(Duration.ofMinutes(1))
                        .loadOn(LoadOn.CALLER)
                        .build()),
                key -> {
                    threads.add(Thread.currentThread());
                    return key;
                });
        assertThat(onCaller.getAll(List.of("a", "b"))).hasSize(2);
        assertThat(threads).containsExactly(Thread.currentThread(), Thread.currentThread());
    }

    @Test
    void readThroughStoresNothingOfALoadThatFails() {
        Cache<String, String> inner = nodes.node();
        IllegalStateException unchecked = new IllegalStateException("no connection");
        Cache<String, String> cache = ReadThrough.around(inner, key -> {
            throw unchecked;
        });
        assertThatThrownBy(() -> cache.get("k")).isSameAs(unchecked);
        assertThat(inner.getIfPresent("k")).isNull();
        inner.put("k", "before");
        assertThatThrownBy(() -> cache.refresh("k")).isSameAs(unchecked);
        assertThat(inner.getIfPresent("k")).isEqualTo("before");
        Cache<String, String> checked = ReadThrough.around(inner, key -> {
            throw new IOException("disk");
        });
        assertThatThrownBy(() -> checked.get("other"))
                .isInstanceOf(LoadFailedException.class)
                .hasCauseInstanceOf(IOException.class);
    }

    // Refresh-ahead

    /** A cache whose values are an hour fresh, with a ticker of its own for what refresh-ahead measures. */
    private Cache<String, String> ahead(Loader<String, String> loader, EarlyRefresh when, double chance, long[] now) {
        Cache<String, String> cache = nodes.opened(Cache.<String, String>builder("ahead")
                .near(Near.maximumSize(100))
                .freshFor(Duration.ofSeconds(2))
                .jitter(0)
                .build());
        return new RefreshAhead<>(cache, loader, when, () -> now[0], () -> chance);
    }

    @Test
    void refreshAheadServesTheOldValueAndRefreshesInTheBackground() {
        table.set("k", "v1");
        Cache<String, String> cache = ahead(table::load, EarlyRefresh.threshold(0.000_001), 0.5, new long[1]);
        assertThat(cache.get("k")).isEqualTo("v1");
        table.set("k", "v2");
        eventually(() -> cache.get("k").equals("v2"));
        assertThat(table.reads.get()).isGreaterThanOrEqualTo(2);
    }

    @Test
    void refreshAheadRefreshesNothingThatIsFarFromItsEnd() {
        table.set("k", "v1");
        Cache<String, String> threshold = ahead(table::load, EarlyRefresh.threshold(0.99), 0.5, new long[1]);
        Cache<String, String> xfetch = ahead(table::load, EarlyRefresh.xfetch(), 0.000_1, new long[1]);
        for (int i = 0; i < 5; i++) {
            threshold.get("k");
            xfetch.get("k");
            xfetch.async().get("k").join();
        }
        assertThat(table.reads).hasValue(2);
    }

    @Test
    void refreshAheadLoadsManyTogetherAndRefreshesEachByItself() {
        table.set("a", "1");
        table.set("b", "2");
        Cache<String, String> cache = RefreshAhead.around(
                nodes.nearOnly(), table::load, table::loadAll, EarlyRefresh.threshold(0.000_000_001));
        assertThat(cache.getAll(List.of("b", "none", "a"))).containsExactly(Map.entry("b", "2"), Map.entry("a", "1"));
        assertThat(cache.async().getAll(List.of("a", "b")).join()).hasSize(2);
        assertThat(table.reads).as("one bulk load, and nothing ahead").hasValue(1);
        table.set("a", "3");
        eventually(() -> cache.get("a").equals("3"));
        assertThat(cache.getAll(List.of("b"))).containsEntry("b", "2");
    }

    @Test
    void aRefreshAheadThatFailsLeavesTheValueAndTheKeyAloneForASecond() {
        AtomicInteger loads = new AtomicInteger();
        AtomicLong now = new AtomicLong();
        Cache<String, String> cache = nodes.opened(Cache.<String, String>builder("ahead")
                .near(Near.maximumSize(100))
                .freshFor(Duration.ofMinutes(2))
                .build());
        Cache<String, String> ahead = new RefreshAhead<>(
                cache,
                key -> {
                    loads.incrementAndGet();
                    throw new IllegalStateException("down");
                },
                EarlyRefresh.threshold(0.000_000_001),
                now::get,
                () -> 0.5);
        cache.put("k", "v1");
        eventually(() -> {
            assertThat(ahead.get("k")).isEqualTo("v1");
            return cache.stats().loads().failures() == 1;
        });
        for (int i = 0; i < 100; i++) {
            assertThat(ahead.get("k")).isEqualTo("v1");
        }
        assertThat(loads).hasValue(1);
        eventually(() -> {
            now.addAndGet(Duration.ofMillis(10).toNanos());
            assertThat(ahead.get("k")).isEqualTo("v1");
            return loads.get() == 2;
        });
    }

    // Stampede protection

    @Test
    void stampedeProtectionSharesARunAcrossCaches() throws Exception {
        table.set("k", "row");
        StampedeProtection<String, String> loader = StampedeProtection.of(table::load);
        Cache<String, String> one = ReadThrough.around(nodes.nearOnly(), loader);
        Cache<String, String> two = ReadThrough.around(nodes.nearOnly(), loader);
        Table.Gate gate = table.holdNext("k");
        CompletableFuture<String> first = one.async().get("k");
        gate.awaitReached();
        CompletableFuture<String> second = two.async().get("k");
        eventually(() -> two.stats().loads().running() == 1);
        gate.open();
        assertThat(first.join()).isEqualTo("row");
        assertThat(second.join()).isEqualTo("row");
        assertThat(table.reads.get()).isLessThanOrEqualTo(2);
    }

    @Test
    void aSharedRunThatFailsFailsForAllAndTheNextLoadsAnew() throws Exception {
        IllegalStateException failure = new IllegalStateException("down");
        AtomicInteger runs = new AtomicInteger();
        StampedeProtection<String, String> loader = StampedeProtection.of(key -> {
            if (runs.incrementAndGet() == 1) {
                throw failure;
            }
            return "row";
        });
        assertThatThrownBy(() -> loader.load("k")).isSameAs(failure);
        assertThat(loader.load("k")).isEqualTo("row");
    }

    @Test
    void whoWaitsForARunThatDoesNotEndGivesUp() throws Exception {
        table.set("k", "row");
        StampedeProtection<String, String> loader = StampedeProtection.of(table::load, Duration.ofMillis(20));
        Table.Gate gate = table.holdNext("k");
        CompletableFuture<String> stuck = OwnThread.supply(() -> {
            try {
                return loader.load("k");
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        gate.awaitReached();
        assertThatThrownBy(() -> loader.load("k")).isInstanceOf(TimeoutException.class);
        gate.open();
        assertThat(stuck.join()).isEqualTo("row");
        assertThat(loader.load("k")).isEqualTo("row");
    }

    @Test
    void aLoaderThatAsksForItsOwnKeyIsToldSo() {
        List<StampedeProtection<String, String>> self = new ArrayList<>();
        StampedeProtection<String, String> loader =
                StampedeProtection.of(key -> self.get(0).load(key));
        self.add(loader);
        assertThatThrownBy(() -> loader.load("k")).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void stampedeProtectionOnTwoNodesLoadsOnce() {
        table.set("k", "row");
        Cache<String, String> a = StampedeProtection.around(nodes.node(), table::load);
        Cache<String, String> b = StampedeProtection.around(nodes.node(), table::load);
        Table.Gate gate = table.holdNext("k");
        CompletableFuture<String> first = a.async().get("k");
        gate.awaitReached();
        CompletableFuture<String> second = b.async().get("k");
        eventually(() -> b.stats().far().leasesBusy() > 0);
        gate.open();
        assertThat(first.join()).isEqualTo("row");
        assertThat(second.join()).isEqualTo("row");
        assertThat(table.reads).hasValue(1);
    }
}
