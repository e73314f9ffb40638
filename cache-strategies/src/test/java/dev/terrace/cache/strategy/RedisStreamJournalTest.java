package dev.terrace.cache.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheListener;
import dev.terrace.cache.FailureKind;
import dev.terrace.cache.Near;
import dev.terrace.cache.codec.NumberCodec;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.redis.RedisFarTier;
import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.redis.journal.RedisStreamJournal;
import dev.terrace.cache.spi.JournalException;
import dev.terrace.cache.testkit.RedisServer;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Write-behind over a journal that several processes share. */
final class RedisStreamJournalTest extends JournalContract {

    private static final Duration BOUND = Duration.ofSeconds(40);

    private final RedisServer server = RedisServer.start();
    private final SharedRedis redis = SharedRedis.connect(server.uri()).withBudget(Duration.ofSeconds(10));

    @AfterEach
    void close() {
        redis.close();
        server.close();
    }

    private RedisStreamJournal streams(SharedRedis over) {
        return RedisStreamJournal.on(over).partitions(3).lease(Duration.ofSeconds(2));
    }

    @Override
    void journal(WriteBehindBuilder<String, String> builder) {
        builder.journal(streams(redis), StringCodec.utf8(), StringCodec.utf8());
    }

    private WriteBehindBuilder<String, String> builder(String name) {
        Cache<String, String> cache = Cache.<String, String>builder(name)
                .near(Near.maximumSize(1_000))
                .freshFor(Duration.ofMinutes(1))
                .loader(store::load)
                .build();
        WriteBehindBuilder<String, String> builder =
                WriteBehind.around(cache, store).maxDelay(Duration.ofMillis(1)).closeDeadline(Duration.ofMillis(500));
        journal(builder);
        return builder;
    }

    private static void eventually(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + BOUND.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - end).as("in good time: " + what).isNegative();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
        }
    }

    @Test
    void twoProcessesWriteAKeyInTheOrderInWhichTheyPutIt() {
        try (WriteBehind<String, String> one = queue();
                WriteBehind<String, String> other = queue()) {
            for (int i = 0; i < 100; i++) {
                (i % 2 == 0 ? one : other).put("k" + i % 3, "v" + i);
            }
            assertThat(one.flush(BOUND)).isTrue();
            assertThat(other.flush(BOUND)).isTrue();
            assertThat(store.disorder).isEmpty();
            assertThat(store.rows)
                    .containsEntry("k0", "v99")
                    .containsEntry("k1", "v97")
                    .containsEntry("k2", "v98");
            // Who has written what another has put is told a moment after that one that it is written.
            eventually(
                    "nothing is pending",
                    () -> one.pendingWrites().pending() == 0
                            && other.pendingWrites().pending() == 0);
        }
    }

    @Test
    void whatAnotherProcessHasLeftIsWrittenByOneThatIsRunning() {
        try (WriteBehind<String, String> next = builder("orders").build()) {
            try (WriteBehind<String, String> first =
                    builder("orders").attempts(1_000_000).build()) {
                store.failure = operation -> new IOException("down");
                first.put("a", "1");
                next.put("b", "1");
                assertThat(first.get("a")).isEqualTo("1");
                assertThat(next.get("b")).isEqualTo("1");
            }
            store.failure = operation -> null;
            eventually("both are written", () -> store.rows.size() == 2);
            assertThat(next.flush(BOUND)).isTrue();
            assertThat(store.disorder).isEmpty();
        }
    }

    @Test
    void theWriterIsToldTheFenceUnderWhichItWrites() {
        try (WriteBehind<String, String> first = queue()) {
            first.put("a", "1");
            assertThat(first.flush(BOUND)).isTrue();
        }
        long fence = store.batches.get(0).get(0).fence();
        assertThat(fence).isPositive();
        try (WriteBehind<String, String> next = queue()) {
            next.put("a", "2");
            assertThat(next.flush(BOUND)).isTrue();
        }
        assertThat(store.batches.get(1).get(0).fence()).isGreaterThan(fence);
    }

    @Test
    void whatNobodyCanReadIsPutAsideAndCounted() {
        List<Throwable> told = new CopyOnWriteArrayList<>();
        Cache<Long, Long> longs = Cache.<Long, Long>builder("orders")
                .near(Near.maximumSize(10))
                .freshFor(Duration.ofMinutes(1))
                .build();
        try (WriteBehind<Long, Long> other = WriteBehind.around(longs, (BatchWriter<Long, Long>) batch -> {
                    throw new IOException("down");
                })
                .closeDeadline(Duration.ofMillis(1))
                .journal(streams(redis), NumberCodec.longs(), NumberCodec.longs())
                .build()) {
            other.put(Long.MIN_VALUE, -1L);
        }
        try (WriteBehind<String, String> cache = builder("orders")
                .listener(new CacheListener() {
                    @Override
                    public void onDeadLetter(String name, Throwable cause) {
                        told.add(cause);
                    }
                })
                .build()) {
            eventually("it is told", () -> !told.isEmpty());
            assertThat(told.get(0)).isInstanceOf(JournalException.class).hasMessageContaining(":aside");
            assertThat(cache.pendingWrites().deadLetters()).isEqualTo(1);
            cache.put("a", "1");
            assertThat(cache.flush(BOUND)).isTrue();
        }
    }

    @Test
    void aPutThatRedisDoesNotTakeIsRefusedAndNothingOfItStays() {
        List<FailureKind> failures = new CopyOnWriteArrayList<>();
        SharedRedis impatient = redis.withBudget(Duration.ofMillis(300));
        WriteBehindBuilder<String, String> builder = builder("orders");
        builder.journal(streams(impatient), StringCodec.utf8(), StringCodec.utf8());
        try (WriteBehind<String, String> cache = builder.listener(new CacheListener() {
                    @Override
                    public void onFailure(String name, FailureKind kind, Throwable failure) {
                        failures.add(kind);
                    }
                })
                .build()) {
            cache.put("a", "1");
            assertThat(cache.flush(BOUND)).isTrue();
            server.kill();
            assertThatThrownBy(() -> cache.put("a", "2")).isInstanceOf(JournalException.class);
            assertThat(cache.get("a")).isEqualTo("1");
            assertThat(cache.async().put("a", "2")).isCompletedExceptionally();
            server.restart();
            eventually("puts are taken again", () -> {
                try {
                    cache.put("a", "3");
                    return true;
                } catch (JournalException notYet) {
                    return false;
                }
            });
            eventually("it is written", () -> "3".equals(store.rows.get("a")));
            assertThat(failures).contains(FailureKind.JOURNAL);
        }
    }

    @Test
    void aFullQueueRefusesUntilWhatThisProcessHasPutIsWritten() {
        store.failure = operation -> new IOException("down");
        try (WriteBehind<String, String> cache = builder("orders")
                .capacity(3)
                .batchSize(2)
                .whenFull(WhenFull.REJECT)
                .attempts(1_000_000)
                .retryAtMost(Duration.ofMillis(50))
                .build()) {
            cache.put("a", "1");
            cache.put("a", "2");
            cache.put("b", "1");
            // Each put is a record: even where it replaces another, that is known when it was read.
            eventually("what was replaced makes room or not", () -> {
                try {
                    cache.put("c", "1");
                    cache.put("d", "1");
                    return false;
                } catch (QueueFullException full) {
                    return true;
                }
            });
            store.failure = operation -> null;
            assertThat(cache.flush(BOUND)).isTrue();
            cache.put("e", "1");
            assertThat(cache.flush(BOUND)).isTrue();
        }
        assertThat(store.rows).containsEntry("a", "2").containsEntry("b", "1").containsEntry("e", "1");
    }

    @Test
    void writingThroughIsRefusedWhereOthersMayWrite() {
        assertThatThrownBy(
                        () -> builder("orders").whenFull(WhenFull.WRITE_THROUGH).build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("WRITE_THROUGH");
    }

    @Test
    void whatTheFarTierHoldsStaysWhenItsPutIsWrittenAndNothingElseDoes() {
        try (RedisFarTier far = RedisFarTier.connect(server.uri())) {
            Cache<String, String> cache = Cache.<String, String>builder("orders")
                    .near(Near.maximumSize(1_000))
                    .far(far, StringCodec.utf8())
                    .farBudget(Duration.ofSeconds(10))
                    .freshFor(Duration.ofMinutes(1))
                    .loader(store::load)
                    .build();
            WriteBehindBuilder<String, String> builder =
                    WriteBehind.around(cache, store).maxDelay(Duration.ofMillis(1));
            journal(builder);
            try (WriteBehind<String, String> queue = builder.build()) {
                queue.put("a", "1");
                assertThat(queue.flush(BOUND)).isTrue();
                assertThat(cache.get("a")).isEqualTo("1");
                store.failure = operation -> new IOException("down");
                queue.put("a", "2");
                // A row that was read from the store in between.
                cache.invalidate("a");
                assertThat(cache.get("a")).isEqualTo("1");
                assertThat(queue.get("a")).isEqualTo("2");
                store.failure = operation -> null;
                assertThat(queue.flush(BOUND)).isTrue();
                assertThat(cache.get("a")).isEqualTo("2");
            }
        }
    }
}
