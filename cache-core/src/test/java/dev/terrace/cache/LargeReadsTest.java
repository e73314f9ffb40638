package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Reads of more keys than may be under way. */
final class LargeReadsTest {

    private static final List<Integer> MANY =
            IntStream.rangeClosed(0, Defaults.MAX_FLIGHTS + 1).boxed().toList();

    private final Fleet fleet = new Fleet();
    private final Deque<Runnable> loads = new ArrayDeque<>();
    private final List<Integer> together = new ArrayList<>();
    private final ThreadLocal<String> context = new ThreadLocal<>();
    private final List<String> contexts = new ArrayList<>();

    @AfterEach
    void close() {
        fleet.close();
    }

    private CacheBuilder<Integer, String> builder() {
        CacheBuilder<Integer, String> builder = Cache.<Integer, String>builder("large")
                .near(Near.maximumSize(10))
                .freshFor(Fleet.FRESH)
                .loader(String::valueOf);
        builder.parts().callbacks = Runnable::run;
        builder.parts().loads = load -> {
            loads.add(load);
            return () -> loads.remove(load);
        };
        return builder;
    }

    private Map<Integer, String> all(Collection<Integer> keys) {
        together.add(keys.size());
        contexts.add(context.get());
        Map<Integer, String> rows = new HashMap<>();
        keys.forEach(key -> rows.put(key, String.valueOf(key)));
        return rows;
    }

    private void runLoads() {
        while (!loads.isEmpty()) {
            loads.remove().run();
        }
    }

    private static void assertAll(Map<Integer, String> values) {
        assertThat(values).hasSize(MANY.size()).containsEntry(0, "0").containsEntry(Defaults.MAX_FLIGHTS + 1, "65537");
        assertThat(values.keySet().iterator().next()).isZero();
    }

    @Test
    void goInPortionsOneAfterTheOther() {
        try (Cache<Integer, String> cache = builder().bulkLoader(this::all).build()) {
            CompletableFuture<Map<Integer, String>> values = cache.async().getAll(MANY);
            assertThat(loads).hasSize(1);
            assertThat(values).isNotDone();
            runLoads();

            assertAll(values.join());
            assertThat(together).containsExactly(16_384, 16_384, 16_384, 16_384, 2);
        }
    }

    @Test
    void leaveRoomForTheLoadsOfOthersWhereEachKeyIsLoadedByItself() {
        try (Cache<Integer, String> cache = builder()
                .maxConcurrentLoads(4)
                .maxWaitingLoads(4_000)
                .loadOn(LoadOn.CALLER)
                .build()) {
            CompletableFuture<Map<Integer, String>> values = cache.async().getAll(MANY);
            assertThat(loads).hasSize(1_001);
            runLoads();

            assertAll(values.join());
            assertAll(cache.getAll(MANY));
        }
    }

    @Test
    void areThoseOfACallerThatBlocksToo() {
        try (Cache<Integer, String> cache =
                builder().bulkLoader(this::all).loadOn(LoadOn.CALLER).build()) {
            assertAll(cache.getAll(MANY));
        }
    }

    @Test
    void areLoadedInTheContextOfTheirCallerToTheEnd() {
        CacheBuilder<Integer, String> builder = builder().bulkLoader(this::all).contextHook(task -> {
            String here = context.get();
            return () -> {
                String there = context.get();
                context.set(here);
                task.run();
                context.set(there);
            };
        });
        try (Cache<Integer, String> cache = builder.build()) {
            context.set("caller");
            cache.async().getAll(MANY);
            context.remove();
            runLoads();

            assertThat(contexts).hasSize(5).containsOnly("caller");
        }
    }

    @Test
    void endWithThePortionThatFails() {
        CacheBuilder<Integer, String> builder = builder().bulkLoader(keys -> {
            Map<Integer, String> rows = all(keys);
            if (together.size() == 2) {
                throw new IllegalStateException("no more");
            }
            return rows;
        });
        try (Cache<Integer, String> cache = builder.build()) {
            CompletableFuture<Map<Integer, String>> values = cache.async().getAll(MANY);
            runLoads();

            assertThat(values).isCompletedExceptionally();
            assertThat(together).hasSize(2);
        }
    }

    @Test
    void endWithTheirCaller() {
        try (Cache<Integer, String> cache =
                builder().bulkLoader(this::all).completeAbandonedLoads(false).build()) {
            CompletableFuture<Map<Integer, String>> values = cache.async().getAll(MANY);
            loads.remove().run();
            assertThat(loads).hasSize(1);
            values.cancel(true);

            assertThat(loads).isEmpty();
            assertThat(together).hasSize(1);
        }
    }

    @Test
    void ofWhatTheTiersHaveGoInPortionsToo() {
        Fleet.Node node = fleet.node();
        node.cache.put(Defaults.MAX_FLIGHTS, "last");

        assertThat(node.cache.getAllPresent(MANY)).isEqualTo(Map.of(Defaults.MAX_FLIGHTS, "last"));
        assertThat(node.async().getAllPresent(MANY))
                .isCompletedWithValueMatching(Map.of(Defaults.MAX_FLIGHTS, "last")::equals);
    }
}
