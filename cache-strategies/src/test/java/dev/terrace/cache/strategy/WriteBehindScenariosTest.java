package dev.terrace.cache.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheBuilder;
import dev.terrace.cache.Near;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.redis.RedisFarTier;
import dev.terrace.cache.testkit.RedisServer;
import dev.terrace.cache.testkit.ScenarioReport;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The scenarios of write-behind, in process and over a real Redis. */
@Tag("scenario")
final class WriteBehindScenariosTest {

    private static final Duration BOUND = Duration.ofSeconds(30);

    private final RedisServer redis = RedisServer.start();
    private final RedisFarTier far = RedisFarTier.connect(redis.uri());

    @AfterEach
    void close() {
        far.close();
        redis.close();
    }

    private void eachVariant(BiConsumer<String, CacheBuilder<String, String>> scenario) {
        Map<String, CacheBuilder<String, String>> variants = new LinkedHashMap<>();
        variants.put("near only", Cache.<String, String>builder("orders").near(Near.maximumSize(10_000)));
        variants.put(
                "near and redis",
                Cache.<String, String>builder("orders")
                        .near(Near.maximumSize(10_000))
                        .far(far, StringCodec.utf8())
                        .farBudget(Duration.ofSeconds(10)));
        variants.forEach((variant, builder) -> scenario.accept(variant, builder.freshFor(Duration.ofMinutes(10))));
    }

    @Test
    void X09_aRemoveIsNotOvertakenByAnEarlierPut() {
        eachVariant((variant, builder) -> {
            BatchStore store = new BatchStore();
            int rows = 1_000;
            try (WriteBehind<String, String> cache = WriteBehind.around(
                            builder.loader(store::load).build(), store)
                    .maxDelay(Duration.ofMillis(20))
                    .build()) {
                for (int i = 0; i < rows; i++) {
                    cache.put("k" + i, "v");
                    cache.remove("k" + i);
                }
                assertThat(cache.flush(BOUND)).isTrue();
                assertThat(store.rows).isEmpty();
                assertThat(cache.get("k0")).isNull();
            }
            ScenarioReport.figure("X09", variant, "0 of " + rows + " rows back after put and remove in one window");
        });
    }

    @Test
    void X10_aWriteThatFailsOnceIsWrittenAndOneThatAlwaysFailsIsADeadLetter() {
        eachVariant((variant, builder) -> {
            BatchStore store = new BatchStore();
            AtomicInteger failures = new AtomicInteger();
            List<String> deadLetters = Collections.synchronizedList(new ArrayList<>());
            try (WriteBehind<String, String> cache = WriteBehind.around(
                            builder.loader(store::load).build(), store)
                    .maxDelay(Duration.ofMillis(5))
                    .retryAfter(Duration.ofMillis(5))
                    .retryAtMost(Duration.ofMillis(20))
                    .attempts(10)
                    .deadLetters((operation, cause) -> deadLetters.add(operation.key() + ": " + cause.getMessage()))
                    .build()) {
                store.failure =
                        operation -> failures.getAndIncrement() == 0 ? new IOException("connection reset") : null;
                cache.put("once", "v");
                assertThat(cache.flush(BOUND)).isTrue();
                assertThat(store.rows).containsEntry("once", "v");

                store.failure =
                        operation -> operation.key().equals("poison") ? new IOException("value too long") : null;
                cache.put("poison", "v");
                int others = 500;
                for (int i = 0; i < others; i++) {
                    cache.put("k" + i, "v" + i);
                }
                assertThat(cache.flush(BOUND)).isTrue();
                assertThat(deadLetters).containsExactly("poison: value too long");
                assertThat(store.rows).hasSize(others + 1).doesNotContainKey("poison");
                assertThat(cache.get("poison")).isNull();
                ScenarioReport.figure(
                        "X10",
                        variant,
                        "written after 1 failure; 1 dead letter with its cause, " + others + " of " + others
                                + " others written, in " + store.batches.size() + " batches");
            }
        });
    }

    @Test
    void X11_anEvictedEntryIsReadFromTheQueueNotFromTheStore() {
        eachVariant((variant, builder) -> {
            BatchStore store = new BatchStore();
            int rounds = 100;
            Cache<String, String> inner = builder.loader(store::load).build();
            try (WriteBehind<String, String> cache = WriteBehind.around(inner, store)
                    .maxDelay(Duration.ofHours(1))
                    .build()) {
                int right = 0;
                for (int i = 0; i < rounds; i++) {
                    String key = "k" + i;
                    cache.put(key, "v1");
                    assertThat(cache.flush(BOUND)).isTrue();
                    cache.put(key, "v2");
                    assertThat(store.rows).containsEntry(key, "v1");
                    inner.invalidate(key);
                    right += "v2".equals(cache.get(key)) ? 1 : 0;
                    assertThat(cache.flush(BOUND)).isTrue();
                    assertThat(inner.get(key)).isEqualTo("v2");
                }
                assertThat(right).isEqualTo(rounds);
                ScenarioReport.figure("X11", variant, "v2 in " + right + " of " + rounds + " reads before its flush");
            }
        });
    }
}
