package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.spi.FarTier;
import dev.terrace.cache.testkit.FaultyFarTier;
import dev.terrace.cache.testkit.InMemoryFarTier;
import dev.terrace.cache.testkit.InMemoryServer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A value that is cached before its source has it, and what happens once the source does. */
final class PutAheadTest {

    private final InMemoryServer server = new InMemoryServer(() -> TimeUnit.NANOSECONDS.toMicros(System.nanoTime()));
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private final Rows rows = new Rows();

    @AfterEach
    void closeAll() throws Exception {
        while (!opened.isEmpty()) {
            opened.pop().close();
        }
    }

    private Cache<String, String> nearOnly() {
        return open(Cache.<String, String>builder("near").near(Near.maximumSize(100)));
    }

    private Cache<String, String> node() {
        return node(new InMemoryFarTier(server));
    }

    private Cache<String, String> node(FarTier far) {
        return open(Cache.<String, String>builder("shared")
                .near(Near.maximumSize(100))
                .far(far, StringCodec.utf8())
                .farBudget(Duration.ofSeconds(10)));
    }

    private Cache<String, String> open(CacheBuilder<String, String> builder) {
        Cache<String, String> cache =
                builder.freshFor(Duration.ofMinutes(10)).loader(rows::read).build();
        opened.push(cache);
        return cache;
    }

    private static PutStamp putAhead(Cache<String, String> cache, String value) {
        return cache.async().putAhead("k", value, EntryOptions.DEFAULT).join();
    }

    private static void settle(Cache<String, String> cache, PutStamp stamp) {
        cache.async().settle(Map.of("k", stamp)).join();
    }

    @Test
    void aValueThatIsStillThePutsStays() {
        for (Cache<String, String> cache : List.of(nearOnly(), node())) {
            PutStamp stamp = putAhead(cache, "v1");
            assertThat(stamp).isNotEqualTo(PutStamp.NONE);
            settle(cache, stamp);
            assertThat(cache.getIfPresent("k")).isEqualTo("v1");
            assertThat(rows.reads()).isZero();
        }
    }

    @Test
    void aValueOfAnotherPutGoes() {
        for (Cache<String, String> cache : List.of(nearOnly(), node())) {
            PutStamp stamp = putAhead(cache, "v1");
            putAhead(cache, "v2");
            settle(cache, stamp);
            assertThat(cache.getIfPresent("k")).isNull();
        }
    }

    @Test
    void aRowReadFromTheSourceInBetweenGoes() {
        for (Cache<String, String> cache : List.of(nearOnly(), node())) {
            rows.set("k", "old");
            PutStamp stamp = putAhead(cache, "v1");
            cache.invalidate("k");
            assertThat(cache.get("k")).isEqualTo("old");
            rows.set("k", "v1");
            settle(cache, stamp);
            assertThat(cache.get("k")).isEqualTo("v1");
        }
    }

    @Test
    void aLoadOfTheOldRowThatIsUnderWayIsNotStoredAfterwards() {
        for (Cache<String, String> cache : List.of(nearOnly(), node())) {
            rows.set("k", "old");
            PutStamp stamp = putAhead(cache, "v1");
            Rows.Held held = rows.holdNext("k");
            CompletableFuture<String> refreshed = cache.async().refresh("k");
            held.awaitRead();
            rows.set("k", "v1");
            settle(cache, stamp);
            held.release();
            refreshed.join();
            assertThat(cache.get("k")).isEqualTo("v1");
        }
    }

    @Test
    void aLoadOfAnotherNodeThatIsUnderWayIsNotStoredAfterwards() {
        Cache<String, String> a = node();
        Cache<String, String> b = node();
        rows.set("k", "old");
        PutStamp stamp = putAhead(a, "v1");
        Rows.Held held = rows.holdNext("k");
        CompletableFuture<String> refreshed = b.async().refresh("k");
        held.awaitRead();
        rows.set("k", "v1");
        settle(a, stamp);
        held.release();
        refreshed.join();
        assertThat(node().get("k")).isEqualTo("v1");
    }

    @Test
    void aSettledKeyCanBeLoadedAtOnce() {
        Cache<String, String> a = node();
        rows.set("k", "row");
        settle(a, putAhead(a, "v1"));
        assertThat(node().refresh("k")).isEqualTo("row");
        assertThat(a.stats().far().leasesBusy()).isZero();
    }

    @Test
    void aPutOfWhichNobodyKnowsWhatBecameOfItIsInvalidatedWhenItSettles() {
        FaultyFarTier far = FaultyFarTier.around(new InMemoryFarTier(server));
        Cache<String, String> cache = node(far);
        PutStamp stamp = putAhead(cache, "v1");
        rows.set("k", "row");
        far.next(FaultyFarTier.Call.LEASE, FaultyFarTier.Fault.fail());
        settle(cache, stamp);
        assertThat(node().get("k")).isEqualTo("row");
    }

    @Test
    void aPutThatNoTierHoldsIsInvalidatedWhenItSettles() {
        Cache<String, String> cache = open(Cache.<String, String>builder("small")
                .near(Near.maximumSize(100))
                .far(new InMemoryFarTier(server), StringCodec.utf8())
                .maxValueBytes(2));
        PutStamp stamp = putAhead(cache, "too long");
        assertThat(stamp).isSameAs(PutStamp.NONE);
        assertThat(cache.stats().failures()).containsKey(FailureKind.ENCODE);
        rows.set("k", "v1");
        settle(cache, stamp);
        assertThat(cache.get("k")).isEqualTo("v1");
    }

    @Test
    void aLoadOfACallMayGiveItsValuesALifeAndTags() {
        for (Cache<String, String> cache : List.of(nearOnly(), node())) {
            EntryOptions options = EntryOptions.freshFor(Duration.ofSeconds(7)).withTags("a");
            cache.get("one", key -> "v", options);
            cache.getAll(List.of("two", "three"), keys -> Map.of("two", "v", "three", "v"), options);
            for (String key : List.of("one", "two", "three")) {
                assertThat(cache.lookup(key).freshFor()).isLessThanOrEqualTo(Duration.ofSeconds(7));
                assertThat(cache.lookup(key).tags()).containsExactly("a");
            }
        }
    }

    @Test
    void aLoadOfACallMayCacheThatThereIsNothing() {
        Cache<String, String> cache = nearOnly();
        EntryOptions options = EntryOptions.DEFAULT.withNegativeFor(Duration.ofMinutes(1));
        assertThat(cache.get("k", rows::read, options)).isNull();
        assertThat(cache.get("k", rows::read, options)).isNull();
        assertThat(rows.reads()).isEqualTo(1);
    }

    @Test
    void aRefreshMayBringItsLoader() {
        for (Cache<String, String> cache : List.of(nearOnly(), node())) {
            cache.put("k", "v1");
            assertThat(cache.refresh("k", key -> "v2")).isEqualTo("v2");
            assertThat(cache.getIfPresent("k")).isEqualTo("v2");
            assertThat(cache.async().refresh("k", key -> "v3").join()).isEqualTo("v3");
        }
    }

    @Test
    void whatFollowsASettleWaitsForNothing() throws Exception {
        Cache<String, String> cache = node();
        settle(cache, putAhead(cache, "v1"));
        CountDownLatch loaded = new CountDownLatch(1);
        cache.async().refresh("k", key -> "v2").thenRun(loaded::countDown);
        assertThat(loaded.await(5, TimeUnit.SECONDS)).isTrue();
    }
}
