package dev.terrace.cache.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.Cache;
import dev.terrace.cache.Near;
import dev.terrace.cache.testkit.OwnThread;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What holds of write-behind with any journal: what was accepted outlives its queue and reaches the store in order. */
abstract class JournalContract {

    private static final Duration BOUND = Duration.ofSeconds(40);

    final BatchStore store = new BatchStore();

    /** Gives a queue the journal, which is the same one for all of a test. */
    abstract void journal(WriteBehindBuilder<String, String> builder);

    /** A queue as a process has it that starts. */
    WriteBehind<String, String> queue() {
        Cache<String, String> cache = Cache.<String, String>builder("orders")
                .near(Near.maximumSize(1_000))
                .freshFor(Duration.ofMinutes(1))
                .loader(store::load)
                .build();
        WriteBehindBuilder<String, String> builder = WriteBehind.around(cache, store)
                .batchSize(7)
                .maxDelay(Duration.ofMillis(1))
                .retryAfter(Duration.ofMillis(1))
                .retryAtMost(Duration.ofMillis(20))
                .attempts(1_000_000)
                .closeDeadline(Duration.ofMillis(50));
        journal(builder);
        return builder.build();
    }

    private void down() {
        store.failure = operation -> new IOException("down");
    }

    private void up() {
        store.failure = operation -> null;
    }

    private static void eventually(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + BOUND.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - end).as("in good time: " + what).isNegative();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
        }
    }

    @Test
    void whatWasPendingIsReadAndWrittenByTheNext() {
        store.rows.put("gone", "old");
        down();
        try (WriteBehind<String, String> cache = queue()) {
            cache.put("a", "1");
            cache.put("b", "1");
            cache.put("a", "2");
            cache.remove("gone");
            assertThat(cache.get("a")).isEqualTo("2");
            assertThat(cache.get("gone")).isNull();
        }
        assertThat(store.rows).containsOnly(Map.entry("gone", "old"));
        try (WriteBehind<String, String> cache = queue()) {
            eventually("what was left is pending", () -> cache.pendingWrites().pending() == 3);
            assertThat(cache.get("a")).isEqualTo("2");
            assertThat(cache.get("gone")).isNull();
            cache.put("b", "3");
            up();
            eventually("all is written", () -> store.rows.equals(Map.of("a", "2", "b", "3")));
            assertThat(cache.flush(BOUND)).isTrue();
            assertThat(store.disorder).isEmpty();
        }
    }

    @Test
    void whatWasWrittenDoesNotComeBack() {
        try (WriteBehind<String, String> cache = queue()) {
            IntStream.range(0, 100).forEach(i -> cache.put("k" + i % 10, "v" + i));
            assertThat(cache.flush(BOUND)).isTrue();
            cache.put("last", "1");
            assertThat(cache.flush(BOUND)).isTrue();
        }
        assertThat(store.rows).hasSize(11);
        int batches = store.batches.size();
        try (WriteBehind<String, String> cache = queue()) {
            cache.put("next", "1");
            assertThat(cache.flush(BOUND)).isTrue();
            assertThat(cache.pendingWrites().pending()).isZero();
        }
        assertThat(store.batches.subList(batches, store.batches.size())).hasSize(1);
    }

    @Test
    void anOperationKeepsItsNameAndLaterOnesHaveHigherNumbers() {
        Map<String, Set<StoreOperation<String, String>>> tried = new ConcurrentHashMap<>();
        store.failure = operation -> {
            tried.computeIfAbsent(operation.key(), first -> ConcurrentHashMap.newKeySet())
                    .add(operation);
            return new IOException("down");
        };
        try (WriteBehind<String, String> cache = queue()) {
            cache.put("a", "1");
            eventually("it is tried", () -> tried.containsKey("a"));
        }
        try (WriteBehind<String, String> cache = queue()) {
            eventually("it is tried", () -> cache.pendingWrites().retries() > 0);
            cache.put("b", "1");
            eventually("it is tried", () -> tried.containsKey("b"));
        }
        Set<String> names = new HashSet<>();
        tried.get("a").forEach(operation -> names.add(operation.toString()));
        assertThat(names).hasSize(1);
        StoreOperation<String, String> first = tried.get("a").iterator().next();
        assertThat(tried.get("b")).allSatisfy(later -> {
            assertThat(later.origin()).isEqualTo(first.origin());
            assertThat(later.number()).isGreaterThan(first.number());
        });
        up();
    }

    @Test
    void manyThreadsPutWhileTheStoreFailsAndNothingIsLostOrOutOfOrder() {
        store.partial = true;
        Random chance = new Random(7);
        store.failure = operation -> chance.nextInt(5) == 0 ? new IOException("sometimes") : null;
        try (WriteBehind<String, String> cache = queue()) {
            List<CompletableFuture<Void>> threads = IntStream.range(0, 4)
                    .mapToObj(thread -> OwnThread.run(() -> {
                        for (int i = 0; i < 200; i++) {
                            cache.put("k" + thread + "-" + i % 20, "v" + i);
                        }
                    }))
                    .toList();
            threads.forEach(CompletableFuture::join);
            assertThat(cache.flush(BOUND)).isTrue();
        }
        assertThat(store.disorder).isEmpty();
        assertThat(store.rows).hasSize(80);
        store.rows.forEach((key, value) ->
                assertThat(value).isEqualTo("v" + (180 + Integer.parseInt(key.substring(key.indexOf('-') + 1)))));
    }

    @Test
    void randomHistoriesWithRestartsLoseNothing() {
        long seed = Long.getLong("terrace.journal.seed", System.nanoTime());
        Random random = new Random(seed);
        Map<String, @Nullable String> said = new HashMap<>();
        for (int restart = 0; restart < 6; restart++) {
            if (random.nextBoolean()) {
                down();
            } else {
                up();
            }
            try (WriteBehind<String, String> cache = queue()) {
                for (int i = 0; i < 60; i++) {
                    String key = "k" + random.nextInt(15);
                    if (random.nextInt(4) == 0) {
                        cache.remove(key);
                        said.put(key, null);
                    } else {
                        cache.put(key, restart + "-" + i);
                        said.put(key, restart + "-" + i);
                    }
                    assertThat(cache.get(key)).as("seed " + seed).isEqualTo(said.get(key));
                }
            }
        }
        up();
        try (WriteBehind<String, String> cache = queue()) {
            Map<String, String> expected = new HashMap<>();
            said.forEach((key, value) -> {
                if (value != null) {
                    expected.put(key, value);
                }
            });
            eventually("seed " + seed + ": all is written", () -> store.rows.equals(expected));
            assertThat(cache.flush(BOUND)).isTrue();
            assertThat(store.disorder).as("seed " + seed).isEmpty();
        }
    }
}
