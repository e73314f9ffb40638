package dev.terrace.cache.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.Cache;
import dev.terrace.cache.Near;
import dev.terrace.cache.codec.StringCodec;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Random histories of puts, removes, reads, expiry, flushes, failures of the writer and crashes, against a simple specification:
 * what a key's last accepted operation said is read until a dead letter says that the store does not have it, also after a crash
 * where there is a journal; the store gets each key's operations in order; and when everything is written, store and cache hold
 * what was said last. {@code -Dterrace.writebehind.seed} runs one history, {@code …histories} more of them.
 */
final class WriteBehindModelTest {

    private static final int STEPS = 150;
    private static final int KEYS = 12;

    @Test
    void everyHistoryIsOneOfASimpleMap() {
        Long seed = Long.getLong("terrace.writebehind.seed");
        int histories = Integer.getInteger("terrace.writebehind.histories", 2_000);
        long first = seed == null ? 1 : seed;
        long last = seed == null ? histories : seed;
        int refused = 0;
        int deadLetters = 0;
        int crashes = 0;
        int recovered = 0;
        for (long each = first; each <= last; each++) {
            History history = new History(each);
            try {
                history.run();
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + each + ": " + e.getMessage(), e);
            }
            refused += history.refused;
            deadLetters += history.deadLetters;
            crashes += history.crashes;
            recovered += history.recovered;
        }
        if (seed == null) {
            // Histories that meet no fault would prove little.
            assertThat(refused).isPositive();
            assertThat(deadLetters).isPositive();
            assertThat(crashes).isPositive();
            assertThat(recovered).isPositive();
        }
    }

    private static final class History {

        private final Random random;
        private final BatchStore store = new BatchStore();
        private final Map<String, @Nullable String> said = new HashMap<>();
        private final Map<String, Long> numbers = new HashMap<>();
        private final @Nullable CrashingJournal journal;
        private Cache<String, String> inner;
        private WriteBehind<String, String> cache;
        private long now = 1;
        private int written;
        int refused;
        int deadLetters;
        int crashes;
        int recovered;

        History(long seed) {
            random = new Random(seed);
            journal = random.nextBoolean() ? new CrashingJournal() : null;
            inner = cached();
            cache = opened();
        }

        private Cache<String, String> cached() {
            return Cache.<String, String>builder("model")
                    .near(Near.maximumSize(1_000))
                    .freshFor(Duration.ofHours(1))
                    .staleFor(Duration.ofHours(1))
                    .loader(store::load)
                    .build();
        }

        private WriteBehind<String, String> opened() {
            WriteBehindBuilder<String, String> builder = WriteBehind.around(inner, store)
                    .flushers(1 + random.nextInt(3))
                    .batchSize(1 + random.nextInt(5))
                    .capacity(5 + random.nextInt(10))
                    .attempts(1 + random.nextInt(6))
                    .whenFull(random.nextBoolean() ? WhenFull.REJECT : WhenFull.WRITE_THROUGH)
                    .retryAfter(Duration.ofMillis(10))
                    .deadLetters(this::given);
            if (journal != null) {
                builder.journal(journal, StringCodec.utf8(), StringCodec.utf8());
            }
            builder.threads = false;
            builder.nanoTime = () -> now;
            builder.chance = random::nextDouble;
            return builder.build();
        }

        private void given(StoreOperation<String, String> operation, Throwable cause) {
            deadLetters++;
            if (operation.number() == numbers.getOrDefault(operation.key(), 0L)) {
                said.remove(operation.key());
            }
        }

        void run() {
            for (int i = 0; i < STEPS; i++) {
                step();
            }
            healthy();
            for (int i = 0; i < 20; i++) {
                now += Duration.ofSeconds(60).toNanos();
                drain();
            }
            assertThat(cache.pendingWrites().pending()).isZero();
            assertThat(store.disorder).isEmpty();
            for (String key : said.keySet()) {
                assertThat(store.rows.get(key)).as("row " + key).isEqualTo(said.get(key));
                assertThat(inner.get(key)).as("cached " + key).isEqualTo(said.get(key));
            }
            inner.close();
        }

        private void step() {
            String key = "k" + random.nextInt(KEYS);
            switch (random.nextInt(journal == null ? 14 : 15)) {
                case 0, 1, 2 -> write(key, "v" + ++written);
                case 3 -> write(key, null);
                case 4, 5, 6 -> read(key);
                case 7 -> inner.invalidate(key);
                case 8 -> {
                    // A row of the store gets into the cache behind the queue's back.
                    inner.invalidate(key);
                    inner.get(key);
                }
                case 9 -> now += Duration.ofMillis(random.nextInt(300)).toNanos();
                case 10 -> fault();
                case 11 -> inner.expire(key);
                case 12 -> {
                    now += Duration.ofMillis(200).toNanos();
                    drain();
                }
                case 14 -> {
                    if (random.nextInt(4) == 0) {
                        crash();
                    }
                }
                default -> cache.runDue();
            }
        }

        /** The process dies, and another one opens its journal. */
        private void crash() {
            crashes++;
            Objects.requireNonNull(journal).crash(random);
            inner.close();
            inner = cached();
            cache = opened();
            for (int i = 0; i < KEYS; i++) {
                String key = "k" + i;
                long number = cache.pendingNumber(key);
                if (number == 0) {
                    if (said.containsKey(key)) {
                        assertThat(store.rows.get(key))
                                .as("row, nothing pending, " + key)
                                .isEqualTo(said.get(key));
                    }
                } else {
                    recovered++;
                    String value = cache.get(key);
                    if (said.containsKey(key)) {
                        assertThat(value).as("recovered " + key).isEqualTo(said.get(key));
                    }
                    // What was given up, or failed when its caller wrote it, may come back: the last drops are lost.
                    said.put(key, value);
                    numbers.put(key, number);
                }
            }
        }

        private void write(String key, @Nullable String value) {
            try {
                if (value == null) {
                    cache.remove(key);
                } else {
                    cache.put(key, value);
                }
            } catch (QueueFullException e) {
                refused++;
                return;
            } catch (StoreFailedException | PartialWriteException e) {
                // Written through, and perhaps stored: the cache holds nothing of it, and reads see what the store has.
                refused++;
                said.remove(key);
                return;
            }
            said.put(key, value);
            long number = cache.pendingNumber(key);
            numbers.put(key, number);
        }

        private void read(String key) {
            String expected = said.containsKey(key) ? said.get(key) : store.rows.get(key);
            switch (random.nextInt(4)) {
                case 0 -> assertThat(cache.get(key)).as("get " + key).isEqualTo(expected);
                case 1 ->
                    assertThat(cache.getAll(List.of(key)).get(key))
                            .as("getAll " + key)
                            .isEqualTo(expected);
                case 2 -> assertThat(cache.refresh(key)).as("refresh " + key).isEqualTo(expected);
                default ->
                    assertThat(cache.async().get(key).join()).as("async " + key).isEqualTo(expected);
            }
        }

        private void fault() {
            store.partial = random.nextBoolean();
            switch (random.nextInt(4)) {
                case 0 -> store.failure = operation -> new IOException("down");
                case 1 -> {
                    String poison = "k" + random.nextInt(KEYS);
                    store.failure = operation -> operation.key().equals(poison) ? new IOException("poison") : null;
                }
                case 2 -> store.afterwards = new IOException("connection lost");
                default -> healthy();
            }
        }

        private void healthy() {
            store.failure = operation -> null;
            store.afterwards = null;
        }

        private void drain() {
            while (cache.runDue()) {
                // One batch after the other.
            }
        }
    }
}
