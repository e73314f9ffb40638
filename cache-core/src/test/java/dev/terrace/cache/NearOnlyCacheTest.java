package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A cache in process, without a far tier, in manual time. */
final class NearOnlyCacheTest {

    private final ManualTime time = new ManualTime();
    private final AtomicInteger loads = new AtomicInteger();
    private @Nullable Cache<Integer, String> cache;

    private CacheBuilder<Integer, String> builder() {
        CacheBuilder<Integer, String> builder = Cache.<Integer, String>builder("test")
                .near(Near.maximumSize(1_000))
                .freshFor(Duration.ofMinutes(1))
                .jitter(0)
                .loader(key -> "v" + key + "." + loads.incrementAndGet());
        builder.parts().ticker = time;
        builder.parts().scheduler = time;
        return builder;
    }

    private Cache<Integer, String> built(CacheBuilder<Integer, String> builder) {
        Cache<Integer, String> built = builder.build();
        cache = built;
        return built;
    }

    @AfterEach
    void close() {
        if (cache != null) {
            cache.close();
        }
    }

    @Test
    void aValueIsLoadedOnceAndServedFromThenOn() {
        Cache<Integer, String> cache = built(builder());
        assertThat(cache.get(1)).isEqualTo("v1.1");
        assertThat(cache.get(1)).isEqualTo("v1.1");
        assertThat(cache.getIfPresent(1)).isEqualTo("v1.1");
        assertThat(cache.getIfPresent(2)).isNull();
        assertThat(loads).hasValue(1);
        assertThat(cache.stats().near().hits()).isEqualTo(2);
    }

    @Test
    void aValueIsGoneAtTheEndOfItsLife() {
        Cache<Integer, String> cache = built(builder());
        cache.get(1);
        time.advance(Duration.ofSeconds(59));
        assertThat(cache.getIfPresent(1)).isEqualTo("v1.1");
        time.advance(Duration.ofSeconds(1));
        assertThat(cache.getIfPresent(1)).isNull();
        assertThat(cache.get(1)).isEqualTo("v1.2");
    }

    @Test
    void aPutIsReadByItsWriterAndAnInvalidateIsToo() {
        Cache<Integer, String> cache = built(builder());
        cache.put(1, "mine");
        assertThat(cache.get(1)).isEqualTo("mine");
        cache.invalidate(1);
        assertThat(cache.getIfPresent(1)).isNull();
        cache.put(1, "tagged", EntryOptions.tags("t"));
        cache.invalidateTag("other");
        assertThat(cache.get(1)).isEqualTo("tagged");
        cache.invalidateTag("t");
        assertThat(cache.getIfPresent(1)).isNull();
        cache.put(1, "again");
        cache.clear();
        assertThat(cache.getIfPresent(1)).isNull();
        cache.put(1, "after the clear");
        assertThat(cache.getIfPresent(1)).isEqualTo("after the clear");
    }

    @Test
    void allWaitersOfAFailedLoadGetTheSameFailure() throws Exception {
        CountDownLatch release = new CountDownLatch(1);
        IllegalStateException failure = new IllegalStateException("no row");
        Cache<Integer, String> cache = built(builder().loader(key -> {
            loads.incrementAndGet();
            release.await();
            throw failure;
        }));
        ExecutorService callers = Executors.newFixedThreadPool(20);
        try {
            List<Future<Throwable>> waiting = IntStream.range(0, 20)
                    .mapToObj(i -> callers.submit(() -> catching(() -> cache.get(1))))
                    .toList();
            while (cache.stats().loads().coalesced() < 19) {
                Thread.onSpinWait();
            }
            release.countDown();
            for (Future<Throwable> one : waiting) {
                assertThat(one.get(10, TimeUnit.SECONDS)).isSameAs(failure);
            }
            assertThat(loads).hasValue(1);
        } finally {
            callers.shutdownNow();
        }
    }

    private static Throwable catching(Runnable call) {
        try {
            call.run();
            return new AssertionError("nothing was thrown");
        } catch (Throwable t) {
            return t;
        }
    }

    @Test
    void aCheckedFailureIsWrappedOnce() {
        Cache<Integer, String> cache = built(builder().loader(key -> {
            throw new IOException("down");
        }));
        assertThatThrownBy(() -> cache.get(1))
                .isInstanceOf(LoadFailedException.class)
                .hasCauseInstanceOf(IOException.class);
    }

    @Test
    void aStaleValueIsServedWhileItIsRevalidated() throws Exception {
        Cache<Integer, String> cache = built(builder().staleFor(Duration.ofMinutes(10)));
        cache.get(1);
        time.advance(Duration.ofSeconds(61));
        assertThat(cache.get(1)).isEqualTo("v1.1");
        while (cache.stats().loads().successes() < 2) {
            Thread.onSpinWait();
        }
        while (!"v1.2".equals(cache.get(1))) {
            Thread.onSpinWait();
        }
        assertThat(cache.stats().loads().staleServes()).isGreaterThanOrEqualTo(1);
        assertThat(loads).hasValue(2);
    }

    @Test
    void aLoaderThatAsksForItsOwnKeyIsToldSo() {
        Cache<Integer, String> cache = built(builder());
        assertThatThrownBy(() -> cache.get(1, key -> cache.get(key))).isInstanceOf(RecursiveLoadException.class);
    }

    @Test
    void aLoadWithinALoadRunsOnTheSameThread() {
        Cache<Integer, String> cache = built(builder().maxConcurrentLoads(1));
        assertThat(cache.get(1, key -> "outer of " + cache.get(2))).isEqualTo("outer of v2.1");
    }

    @Test
    void aLoadPastItsDeadlineReleasesItsCallers() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        Cache<Integer, String> cache =
                built(builder().loadDeadline(Duration.ofSeconds(5)).loader(key -> {
                    if (loads.incrementAndGet() == 1) {
                        never.await();
                    }
                    return "second";
                }));
        var waiting = cache.async().get(1);
        while (loads.get() == 0) {
            Thread.onSpinWait();
        }
        time.advance(Duration.ofSeconds(5));
        assertThatThrownBy(waiting::join).hasCauseInstanceOf(LoadTimeoutException.class);
        assertThat(cache.get(1)).isEqualTo("second");
    }

    @Test
    void manyKeysAreLoadedTogether() {
        AtomicInteger bulks = new AtomicInteger();
        Cache<Integer, String> cache = built(builder().bulkLoader(keys -> {
            bulks.incrementAndGet();
            return Map.of(2, "two", 3, "three");
        }));
        cache.put(1, "one");
        assertThat(cache.getAll(List.of(3, 1, 2, 4)))
                .containsExactly(Map.entry(3, "three"), Map.entry(1, "one"), Map.entry(2, "two"));
        assertThat(bulks).hasValue(1);
        assertThat(cache.getIfPresent(4)).isNull();
    }

    @Test
    void nothingFoundIsCachedOnlyWhenAskedFor() {
        Cache<Integer, String> cache =
                built(builder().negativeFor(Duration.ofSeconds(10)).loader(key -> {
                    loads.incrementAndGet();
                    return null;
                }));
        assertThat(cache.get(1)).isNull();
        assertThat(cache.get(1)).isNull();
        assertThat(loads).hasValue(1);
        assertThat(cache.lookup(1).isPresent()).isTrue();
        time.advance(Duration.ofSeconds(10));
        assertThat(cache.get(1)).isNull();
        assertThat(loads).hasValue(2);
    }

    @Test
    void aClosedCacheSaysSo() {
        Cache<Integer, String> cache = built(builder());
        cache.close();
        assertThatThrownBy(() -> cache.get(1)).isInstanceOf(CacheClosedException.class);
        assertThatThrownBy(() -> cache.put(1, "x")).isInstanceOf(CacheClosedException.class);
    }
}
