package dev.terrace.cache.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.terrace.cache.AsyncCache;
import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheClosedException;
import dev.terrace.cache.CacheListener;
import dev.terrace.cache.CacheTracer;
import dev.terrace.cache.EntryOptions;
import dev.terrace.cache.FailureKind;
import dev.terrace.cache.FarOperation;
import dev.terrace.cache.LoadOn;
import dev.terrace.cache.Lookup;
import dev.terrace.cache.Near;
import dev.terrace.cache.PutStamp;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.spi.Journal;
import dev.terrace.cache.spi.JournalException;
import dev.terrace.cache.spi.JournalLog;
import dev.terrace.cache.testkit.OwnThread;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Write-behind step by step, in time that the test moves; what needs threads of its own has them. */
final class WriteBehindTest {

    private static final Duration DELAY = Duration.ofMillis(200);

    private final Nodes nodes = new Nodes();
    private final BatchStore store = new BatchStore();
    private final List<String> deadLetters = Collections.synchronizedList(new ArrayList<>());
    private final List<WriteBehind<String, String>> built = new ArrayList<>();
    private long now = 1;
    private @Nullable Cache<String, String> inner;

    @AfterEach
    void close() throws Exception {
        built.forEach(WriteBehind::close);
        nodes.close();
    }

    private Cache<String, String> inner() {
        Cache<String, String> present = inner;
        if (present == null) {
            present = ReadThrough.around(nodes.node(), store::load);
            inner = present;
        }
        return present;
    }

    private WriteBehindBuilder<String, String> stepByStep() {
        return stepByStep(store);
    }

    private WriteBehindBuilder<String, String> stepByStep(BatchWriter<String, String> writer) {
        WriteBehindBuilder<String, String> builder = WriteBehind.around(inner(), writer)
                .maxDelay(DELAY)
                .flushers(1)
                .retryAfter(Duration.ofMillis(50))
                .deadLetters((operation, cause) -> deadLetters.add(operation.key() + " " + cause.getMessage()));
        builder.threads = false;
        builder.nanoTime = () -> now;
        builder.chance = () -> 0;
        return builder;
    }

    private WriteBehind<String, String> built(WriteBehindBuilder<String, String> builder) {
        WriteBehind<String, String> cache = builder.build();
        built.add(cache);
        return cache;
    }

    private void after(Duration time, WriteBehind<String, String> cache) {
        now += time.toNanos();
        while (cache.runDue()) {
            // One batch after the other.
        }
    }

    private List<String> written() {
        return store.batches.stream()
                .map(batch -> String.join(
                        " ",
                        batch.stream().map(one -> one.key() + "=" + one.value()).toList()))
                .toList();
    }

    @Test
    void whatWasPendingIsNotReadOfAClosedCache() {
        WriteBehind<String, String> cache = built(stepByStep());
        cache.put("k", "v");
        cache.close();
        assertThatThrownBy(() -> cache.getIfPresent("k")).isInstanceOf(CacheClosedException.class);
        assertThatThrownBy(() -> cache.getAll(List.of("k"))).isInstanceOf(CacheClosedException.class);
        assertThatThrownBy(() -> cache.put("k", "v")).isInstanceOf(CacheClosedException.class);
    }

    @Test
    void manyAreLoadedWhereTheCacheIsToldTo() {
        List<Thread> threads = new ArrayList<>();
        WriteBehind<String, String> cache = built(WriteBehind.around(
                nodes.opened(Cache.<String, String>builder("caller")
                        .near(Near.maximumSize(100))
                        .freshFor(Duration.ofMinutes(1))
                        .loadOn(LoadOn.CALLER)
                        .loader(key -> {
                            threads.add(Thread.currentThread());
                            return "row";
                        })
                        .build()),
                store));
        cache.put("a", "put");
        assertThat(cache.getAll(List.of("b", "a", "c")))
                .containsExactly(Map.entry("b", "row"), Map.entry("a", "put"), Map.entry("c", "row"));
        assertThat(threads).containsExactly(Thread.currentThread(), Thread.currentThread());
    }

    @Test
    void aPutIsReadAtOnceAndWrittenLater() {
        WriteBehind<String, String> cache = built(stepByStep());
        cache.put("k", "v1");
        assertThat(cache.get("k")).isEqualTo("v1");
        assertThat(inner().getIfPresent("k")).isEqualTo("v1");
        after(Duration.ofMillis(199), cache);
        assertThat(store.rows).isEmpty();
        after(Duration.ofMillis(1), cache);
        assertThat(store.rows).containsEntry("k", "v1");
        assertThat(cache.pendingWrites().pending()).isZero();
        assertThat(cache.get("k")).isEqualTo("v1");
    }

    @Test
    void operationsAreWrittenTogetherAndALaterOneReplacesAnEarlier() {
        WriteBehind<String, String> cache = built(stepByStep().batchSize(3));
        cache.put("a", "1");
        cache.put("b", "1");
        cache.put("a", "2");
        after(Duration.ZERO, cache);
        assertThat(written()).isEmpty();
        cache.put("c", "1");
        after(Duration.ZERO, cache);
        assertThat(written()).containsExactly("a=2 b=1 c=1");
        assertThat(cache.pendingWrites().coalesced()).isEqualTo(1);
        assertThat(cache.pendingWrites().accepted()).isEqualTo(4);
    }

    @Test
    void whatIsReplacedTwiceWhileItIsTriedAgainIsNotWrittenBesideItself() {
        WriteBehind<String, String> cache = built(stepByStep());
        store.failure = operation -> new IOException("down");
        cache.put("k", "v1");
        after(DELAY, cache);
        store.failure = operation -> {
            if ("v1".equals(operation.value())) {
                cache.put("k", "v2");
                cache.put("k", "v3");
                // Another flusher would look for work just now.
                assertThat(cache.runDue()).isFalse();
            }
            return null;
        };
        after(Duration.ofSeconds(1), cache);
        after(DELAY, cache);
        assertThat(written()).containsExactly("k=v1", "k=v1", "k=v3");
        assertThat(store.disorder).isEmpty();
        assertThat(cache.pendingWrites().pending()).isZero();
    }

    @Test
    void aRemoveReplacesAPutAndIsNotOvertakenByIt() {
        WriteBehind<String, String> cache = built(stepByStep());
        store.rows.put("k", "old");
        cache.put("k", "v1");
        cache.remove("k");
        assertThat(cache.get("k")).isNull();
        assertThat(cache.getIfPresent("k")).isNull();
        assertThat(cache.lookup("k").isPresent()).isFalse();
        after(DELAY, cache);
        assertThat(store.rows).isEmpty();
        assertThat(written()).containsExactly("k=null");
        assertThat(cache.get("k")).isNull();
    }

    @Test
    void whatIsPendingIsReadOnEveryPathAlsoWhenTheCacheHasLetGoOfIt() {
        WriteBehind<String, String> cache = built(stepByStep());
        store.rows.putAll(Map.of("k", "old", "gone", "old", "other", "row"));
        cache.put("k", "v1");
        cache.remove("gone");
        inner().clear();
        assertThat(cache.get("k")).isEqualTo("v1");
        assertThat(cache.get("k", key -> "loaded")).isEqualTo("v1");
        assertThat(cache.getIfPresent("k")).isEqualTo("v1");
        assertThat(cache.refresh("k")).isEqualTo("v1");
        assertThat(cache.lookup("k").status()).isEqualTo(Lookup.Status.FRESH);
        assertThat(cache.getAll(List.of("other", "gone", "k")))
                .containsExactly(Map.entry("other", "row"), Map.entry("k", "v1"));
        assertThat(cache.getAllPresent(List.of("gone", "k"))).containsExactly(Map.entry("k", "v1"));
        assertThat(cache.async().get("k").join()).isEqualTo("v1");
        assertThat(cache.async().getIfPresent("gone").join()).isNull();
        assertThat(cache.async().refresh("k").join()).isEqualTo("v1");
        assertThat(cache.async().lookup("k").join().value()).isEqualTo("v1");
    }

    @Test
    void aBatchThatFailsIsTriedAgainAfterAPauseThatGrows() {
        WriteBehind<String, String> cache = built(stepByStep());
        store.failure = operation -> new IOException("down");
        cache.put("k", "v1");
        after(DELAY, cache);
        assertThat(store.batches).hasSize(1);
        after(Duration.ofMillis(49), cache);
        assertThat(store.batches).hasSize(1);
        after(Duration.ofMillis(1), cache);
        assertThat(store.batches).hasSize(2);
        after(Duration.ofMillis(99), cache);
        assertThat(store.batches).hasSize(2);
        store.failure = operation -> null;
        after(Duration.ofMillis(1), cache);
        assertThat(store.rows).containsEntry("k", "v1");
        assertThat(cache.pendingWrites().retries()).isEqualTo(2);
        assertThat(store.batches.get(2)).isEqualTo(store.batches.get(0));
    }

    @Test
    void aPoisonRecordIsFoundByHalvingAndGivenUpWhileTheOthersGoOn() {
        WriteBehind<String, String> cache = built(stepByStep().batchSize(16).attempts(6));
        store.failure = operation -> operation.key().equals("k5") ? new IOException("k5 is too long") : null;
        store.rows.put("k5", "old");
        for (int i = 0; i < 16; i++) {
            cache.put("k" + i, "v" + i);
        }
        for (int i = 0; i < 8; i++) {
            after(Duration.ofSeconds(2), cache);
        }
        assertThat(deadLetters).containsExactly("k5 k5 is too long");
        assertThat(store.rows).hasSize(16).containsEntry("k5", "old").containsEntry("k15", "v15");
        assertThat(store.batches.size()).isLessThan(20);
        assertThat(cache.get("k5")).isEqualTo("old");
        assertThat(cache.pendingWrites().deadLetters()).isEqualTo(1);
        assertThat(cache.pendingWrites().pending()).isZero();
    }

    @Test
    void aWriterThatNamesWhatFailedHasTheRestAcknowledged() {
        WriteBehind<String, String> cache = built(stepByStep().attempts(2));
        store.partial = true;
        store.failure = operation -> operation.key().equals("b") ? new IOException("no") : null;
        cache.put("a", "1");
        cache.put("b", "1");
        after(DELAY, cache);
        assertThat(store.rows).containsOnlyKeys("a");
        assertThat(cache.pendingWrites().pending()).isEqualTo(1);
        after(Duration.ofSeconds(1), cache);
        assertThat(deadLetters).containsExactly("b no");
    }

    @Test
    void aWriterThatGivesNoReasonsHasNamedWhatFailedAllTheSame() {
        AtomicInteger calls = new AtomicInteger();
        WriteBehind<String, String> cache = built(stepByStep(batch -> {
            if (calls.incrementAndGet() == 1) {
                Map<String, Throwable> failed = new HashMap<>();
                failed.put("a", null);
                throw new PartialWriteException(failed);
            }
            store.write(batch);
        }));
        cache.put("a", "1");
        cache.put("b", "1");
        after(DELAY, cache);
        assertThat(cache.pendingWrites().pending()).isEqualTo(1);
        after(Duration.ofSeconds(1), cache);
        assertThat(written()).containsExactly("a=1");
        assertThat(cache.pendingWrites().pending()).isZero();
        assertThatThrownBy(() -> new PartialWriteException(Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("failed");
    }

    @Test
    void aWriterThatNamesKeysOfNoBatchHasStoredNothing() {
        AtomicInteger calls = new AtomicInteger();
        List<FailureKind> told = new ArrayList<>();
        WriteBehind<String, String> cache = built(stepByStep(batch -> {
                    if (calls.incrementAndGet() == 1) {
                        throw new PartialWriteException(
                                Map.of("a", new IOException("not stored"), "A", new IOException("not stored")));
                    }
                    store.write(batch);
                })
                .listener(new CacheListener() {
                    @Override
                    public void onFailure(String name, FailureKind kind, Throwable failure) {
                        told.add(kind);
                    }
                }));
        cache.put("a", "1");
        cache.put("b", "1");
        after(DELAY, cache);
        assertThat(cache.pendingWrites().pending()).isEqualTo(2);
        assertThat(cache.pendingWrites().written()).isZero();
        assertThat(cache.pendingWrites().retries()).isEqualTo(2);
        after(Duration.ofSeconds(1), cache);
        assertThat(store.rows).containsOnlyKeys("a", "b");
        assertThat(told).containsExactly(FailureKind.STORE_WRITE);
    }

    @Test
    void aFailureWhoseMessageCannotBeMadeIsAFailureLikeOthers() {
        store.failure = operation -> new IllegalStateException() {
            private static final long serialVersionUID = 1L;

            @Override
            public String getMessage() {
                throw new NullPointerException("no message");
            }
        };
        AtomicInteger letters = new AtomicInteger();
        WriteBehind<String, String> cache =
                built(stepByStep().attempts(2).deadLetters((operation, cause) -> letters.incrementAndGet()));
        cache.put("a", "1");
        Logger logger = (Logger) LoggerFactory.getLogger("dev.terrace.cache.strategy");
        logger.setLevel(Level.WARN);
        logger.setAdditive(false);
        try {
            after(DELAY, cache);
            assertThat(cache.pendingWrites().listenerFailures()).isEqualTo(1);
            after(Duration.ofSeconds(1), cache);
        } finally {
            logger.setAdditive(true);
            logger.setLevel(null);
        }
        assertThat(letters).hasValue(1);
        assertThat(cache.pendingWrites().pending()).isZero();
        assertThat(cache.pendingWrites().deadLetters()).isEqualTo(1);
    }

    /** A key whose hash code can be made to fail in the flusher. */
    private record Brittle(String name, AtomicReference<@Nullable Throwable> next) {

        @Override
        public int hashCode() {
            Throwable failure = next.getAndSet(null);
            if (failure instanceof Error error) {
                throw error;
            }
            if (failure instanceof RuntimeException unchecked) {
                throw unchecked;
            }
            return name.hashCode();
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Brittle key && key.name.equals(name);
        }
    }

    private WriteBehindBuilder<Brittle, String> brittle(BatchWriter<Brittle, String> writer) {
        Cache<Brittle, String> cache = nodes.opened(Cache.<Brittle, String>builder("brittle")
                .near(Near.maximumSize(100))
                .freshFor(Duration.ofMinutes(1))
                .build());
        return WriteBehind.around(cache, writer)
                .flushers(1)
                .capacity(2)
                .batchSize(2)
                .maxDelay(Duration.ofMillis(1));
    }

    @Test
    void aKeyThatFailsInTheFlusherIsTriedAgainAndKeepsNothingFromBeingWritten() {
        for (Throwable failure : List.of(new IllegalStateException("hash"), new StackOverflowError("hash"))) {
            for (boolean stored : List.of(true, false)) {
                AtomicReference<@Nullable Throwable> next = new AtomicReference<>();
                AtomicInteger calls = new AtomicInteger();
                List<FailureKind> told = Collections.synchronizedList(new ArrayList<>());
                Map<String, String> rows = new ConcurrentHashMap<>();
                try (WriteBehind<Brittle, String> cache = brittle(batch -> {
                            boolean first = calls.incrementAndGet() == 1;
                            if (first) {
                                next.set(failure);
                            }
                            if (first && !stored) {
                                throw new IOException("down");
                            }
                            batch.forEach(one -> rows.put(one.key().name(), String.valueOf(one.value())));
                        })
                        .listener(new CacheListener() {
                            @Override
                            public void onFailure(String name, FailureKind kind, Throwable thrown) {
                                told.add(kind);
                            }
                        })
                        .build()) {
                    cache.put(new Brittle("a", next), "1");
                    assertThat(cache.flush(Duration.ofSeconds(20))).isTrue();
                    // There is room for as many as before.
                    cache.put(new Brittle("b", next), "1");
                    cache.put(new Brittle("c", next), "1");
                    assertThat(cache.flush(Duration.ofSeconds(20))).isTrue();
                    assertThat(cache.pendingWrites().pending()).isZero();
                }
                assertThat(rows).containsOnlyKeys("a", "b", "c");
                assertThat(told).contains(FailureKind.APPLICATION).doesNotContain(FailureKind.DEAD_LETTER);
            }
        }
    }

    @Test
    void aFlusherSurvivesAnErrorOfItsOwn() {
        AtomicInteger failures = new AtomicInteger(2);
        WriteBehindBuilder<String, String> builder =
                WriteBehind.around(inner(), store).flushers(1).maxDelay(Duration.ofMillis(1));
        builder.nanoTime = () -> {
            if (Thread.currentThread().getName().startsWith("terrace-write-behind")
                    && failures.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
                throw new OutOfMemoryError("of the clock");
            }
            return System.nanoTime();
        };
        WriteBehind<String, String> cache = built(builder);
        cache.put("a", "1");
        assertThat(cache.flush(Duration.ofSeconds(20))).isTrue();
        assertThat(failures).hasValue(0);
        assertThat(store.rows).containsEntry("a", "1");
    }

    @Test
    void aKeyThatFailsAfterItWasWrittenThroughIsTriedAgain() {
        AtomicReference<@Nullable Throwable> next = new AtomicReference<>();
        Map<String, String> rows = new ConcurrentHashMap<>();
        AtomicInteger calls = new AtomicInteger();
        CountDownLatch open = new CountDownLatch(1);
        try (WriteBehind<Brittle, String> cache = brittle(batch -> {
                    if (batch.get(0).key().name().equals("a")) {
                        open.await();
                    } else if (calls.incrementAndGet() == 1) {
                        next.set(new StackOverflowError("hash"));
                    }
                    batch.forEach(one -> rows.put(one.key().name(), String.valueOf(one.value())));
                })
                .capacity(1)
                .batchSize(1)
                .whenFull(WhenFull.WRITE_THROUGH)
                .build()) {
            cache.put(new Brittle("a", new AtomicReference<>()), "1");
            assertThatThrownBy(() -> cache.put(new Brittle("b", next), "1")).hasMessage("hash");
            open.countDown();
            assertThat(cache.flush(Duration.ofSeconds(20))).isTrue();
            assertThat(cache.pendingWrites().pending()).isZero();
            assertThat(rows).containsOnlyKeys("a", "b");
        }
    }

    @Test
    void whoWritesThroughAFullQueueStaysInterruptedUnlessItWasTheWriteDeadline() {
        CountDownLatch never = new CountDownLatch(1);
        for (boolean byDeadline : List.of(false, true)) {
            WriteBehindBuilder<String, String> builder = WriteBehind.<String, String>around(
                            nodes.nearOnly(), batch -> never.await())
                    .capacity(1)
                    .batchSize(1)
                    .whenFull(WhenFull.WRITE_THROUGH)
                    .writeDeadline(byDeadline ? Duration.ofMillis(20) : Duration.ofMinutes(5));
            builder.threads = false;
            WriteBehind<String, String> cache = built(builder);
            cache.put("a", "1");
            if (!byDeadline) {
                Thread.currentThread().interrupt();
            }
            assertThatThrownBy(() -> cache.put("b", "1"))
                    .isInstanceOf(StoreFailedException.class)
                    .hasCauseInstanceOf(byDeadline ? TimeoutException.class : InterruptedException.class);
            assertThat(Thread.interrupted()).isEqualTo(!byDeadline);
        }
    }

    @Test
    void aWriteDeadlineLeavesInterruptsOfOthersAlone() {
        Thread.currentThread().interrupt();
        WriteDeadline passed = WriteDeadline.begin(Duration.ofNanos(1));
        // The timer's one thread runs this after the deadline.
        new CompletableFuture<Void>()
                .completeOnTimeout(null, 1, TimeUnit.MILLISECONDS)
                .join();
        assertThat(passed.end()).isTrue();
        assertThat(Thread.interrupted()).isTrue();
        WriteDeadline met = WriteDeadline.begin(Duration.ofMinutes(5));
        Thread.currentThread().interrupt();
        assertThat(met.end()).isFalse();
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void aDurationThatNobodyLivesToSeeTheEndOfIsATimeLikeOthers() throws Exception {
        Duration forever = ChronoUnit.FOREVER.getDuration();
        int settings = 0;
        for (Method setting : WriteBehindBuilder.class.getDeclaredMethods()) {
            if (!Modifier.isPublic(setting.getModifiers())
                    || !List.of(setting.getParameterTypes()).equals(List.of(Duration.class))) {
                continue;
            }
            settings++;
            AtomicInteger calls = new AtomicInteger();
            String name = setting.getName();
            WriteBehindBuilder<String, String> builder = WriteBehind.<String, String>around(nodes.nearOnly(), batch -> {
                        if (name.equals("retryAtMost") && calls.incrementAndGet() == 1) {
                            throw new IOException("down");
                        }
                        store.write(batch);
                    })
                    .capacity(1)
                    .batchSize(1)
                    .maxDelay(Duration.ofMillis(1))
                    .retryAtMost(forever)
                    .retryAfter(name.equals("retryAfter") ? forever : Duration.ofMillis(1));
            setting.invoke(builder, forever);
            WriteBehind<String, String> cache = builder.build();
            try {
                cache.pause();
                cache.put("a", name);
                CompletableFuture<Void> waiting = OwnThread.run(() -> cache.put("b", name));
                cache.resume();
                assertThat(cache.flush(forever)).as(name).isTrue();
                waiting.get();
            } finally {
                cache.close();
            }
            assertThat(store.rows).as(name).containsOnly(Map.entry("a", name), Map.entry("b", name));
        }
        assertThat(settings).isEqualTo(6);
    }

    @Test
    void aPauseBeforeARetryGrowsUpToItsBoundAndNeverPastIt() {
        for (Duration first : List.of(Duration.ofMillis(50), Duration.ofDays(3), Checks.FOREVER)) {
            QueueSettings.Retry policy = new QueueSettings.Retry(first, Checks.FOREVER, 100);
            long before = 0;
            for (int failures = 1; failures < 100; failures++) {
                long pause = policy.pauseNanos(failures, 0);
                assertThat(pause).isBetween(Math.max(1, before), Checks.FOREVER.toNanos());
                before = pause;
            }
        }
    }

    @Test
    void aStoreThatThrowsAlthoughItHasStoredIsWrittenTheSameAgain() {
        WriteBehind<String, String> cache = built(stepByStep());
        store.afterwards = new IOException("connection lost");
        cache.put("k", "v1");
        after(DELAY, cache);
        store.afterwards = null;
        after(Duration.ofSeconds(1), cache);
        assertThat(store.batches).hasSize(2);
        assertThat(store.batches.get(1)).isEqualTo(store.batches.get(0));
        assertThat(cache.pendingWrites().pending()).isZero();
    }

    @Test
    void aLaterOperationTakesThePlaceOfOneThatFails() {
        WriteBehind<String, String> cache = built(stepByStep().attempts(2));
        store.failure = operation -> "bad".equals(operation.value()) ? new IOException("bad") : null;
        cache.put("k", "bad");
        after(DELAY, cache);
        cache.put("k", "good");
        after(DELAY, cache);
        assertThat(store.rows).containsEntry("k", "good");
        assertThat(deadLetters).isEmpty();
    }

    @Test
    void aDeadLetterHandlerThatFailsKeepsTheOperation() {
        AtomicBoolean refuses = new AtomicBoolean(true);
        WriteBehind<String, String> cache = built(stepByStep().attempts(1).deadLetters((operation, cause) -> {
            if (refuses.get()) {
                throw new IOException("the other database is down, too");
            }
            deadLetters.add(operation.key());
        }));
        store.failure = operation -> new IOException("down");
        cache.put("k", "v1");
        after(DELAY, cache);
        assertThat(cache.get("k")).isEqualTo("v1");
        assertThat(cache.pendingWrites().pending()).isEqualTo(1);
        refuses.set(false);
        after(Duration.ofSeconds(1), cache);
        assertThat(deadLetters).containsExactly("k");
        assertThat(cache.pendingWrites().pending()).isZero();
    }

    @Test
    void aRowReadFromTheStoreWhileAPutWasPendingDoesNotStay() {
        WriteBehind<String, String> cache = built(stepByStep());
        store.rows.put("k", "old");
        cache.put("k", "v1");
        inner().invalidate("k");
        assertThat(inner().get("k")).isEqualTo("old");
        after(DELAY, cache);
        assertThat(inner().get("k")).isEqualTo("v1");
    }

    @Test
    void whatTheCacheStillHoldsOfAPutStaysWhenItIsStored() {
        WriteBehind<String, String> cache = built(stepByStep());
        cache.put("k", "v1");
        after(DELAY, cache);
        assertThat(inner().getIfPresent("k")).isEqualTo("v1");
    }

    @Test
    void aFullQueueRefusesNewKeysAndTakesKnownOnes() {
        WriteBehind<String, String> cache =
                built(stepByStep().capacity(2).batchSize(2).whenFull(WhenFull.REJECT));
        cache.pause();
        cache.put("a", "1");
        cache.put("b", "1");
        assertThatThrownBy(() -> cache.put("c", "1"))
                .isInstanceOf(QueueFullException.class)
                .hasMessageContaining("2 keys");
        assertThatThrownBy(() -> cache.remove("c")).isInstanceOf(QueueFullException.class);
        cache.put("a", "2");
        cache.remove("b");
        assertThat(cache.async().put("c", "1")).isCompletedExceptionally();
        assertThat(cache.getIfPresent("c")).isNull();
        cache.resume();
        after(DELAY, cache);
        cache.put("c", "1");
        after(DELAY, cache);
        assertThat(store.rows).containsOnly(Map.entry("a", "2"), Map.entry("c", "1"));
    }

    @Test
    void aFullQueueMayWriteThroughInTheOrderOfTheKey() {
        WriteBehind<String, String> cache =
                built(stepByStep().capacity(1).batchSize(1).whenFull(WhenFull.WRITE_THROUGH));
        cache.pause();
        cache.put("a", "1");
        cache.put("b", "1");
        assertThat(store.rows).containsOnly(Map.entry("b", "1"));
        store.failure = operation -> new IllegalStateException("down");
        assertThatThrownBy(() -> cache.put("b", "2")).hasMessage("down");
        store.failure = operation -> null;
        assertThat(cache.get("b")).isEqualTo("1");
        cache.put("a", "2");
        cache.resume();
        after(DELAY, cache);
        assertThat(store.rows).containsOnly(Map.entry("a", "2"), Map.entry("b", "1"));
        cache.put("c", "1");
        assertThat(store.rows).doesNotContainKey("c");
    }

    @Test
    void aFullQueueLetsCallersWaitForRoomWithinABound() throws Exception {
        WriteBehind<String, String> cache = built(
                WriteBehind.around(inner(), store).capacity(1).batchSize(1).longestWait(Duration.ofMillis(20)));
        cache.pause();
        cache.put("a", "1");
        assertThatThrownBy(() -> cache.put("b", "1"))
                .isInstanceOf(QueueFullException.class)
                .hasMessageContaining("PT0.02S");
        WriteBehind<String, String> patient =
                built(WriteBehind.around(nodes.nearOnly(), store).capacity(1).batchSize(1));
        patient.pause();
        patient.put("c", "1");
        CompletableFuture<Void> waiting = OwnThread.run(() -> patient.put("d", "1"));
        patient.resume();
        waiting.get();
        assertThat(patient.flush(Duration.ofSeconds(20))).isTrue();
        assertThat(store.rows).containsKeys("c", "d");
    }

    @Test
    void aFlushWritesWhatIsPendingAndAPauseHoldsItBack() {
        WriteBehind<String, String> cache =
                built(WriteBehind.around(inner(), store).maxDelay(Duration.ofHours(1)));
        cache.put("a", "1");
        cache.pause();
        assertThat(cache.flush(Duration.ofMillis(20))).isFalse();
        assertThat(store.rows).isEmpty();
        cache.resume();
        assertThat(cache.flush(Duration.ofSeconds(20))).isTrue();
        assertThat(store.rows).containsEntry("a", "1");
    }

    @Test
    void aCloseWritesWhatIsPending() {
        WriteBehind<String, String> cache =
                built(WriteBehind.around(inner(), store).maxDelay(Duration.ofHours(1)));
        for (int i = 0; i < 1_000; i++) {
            cache.put("k" + i, "v");
        }
        cache.close();
        assertThat(store.rows).hasSize(1_000);
        assertThatThrownBy(() -> cache.put("k", "v"))
                .isInstanceOf(CacheClosedException.class)
                .hasMessageContaining("closed");
    }

    @Test
    void aCloseGivesWhatItCannotWriteToTheDeadLetterHandler() {
        WriteBehind<String, String> cache = built(WriteBehind.around(inner(), store)
                .closeDeadline(Duration.ofMillis(50))
                .deadLetters((operation, cause) -> deadLetters.add(operation.key())));
        store.failure = operation -> new IOException("down");
        cache.put("a", "1");
        cache.remove("b");
        cache.close();
        assertThat(deadLetters).containsExactly("a", "b");
    }

    /** It was waited for writers as long again. */
    @Test
    void aCloseHasOneDeadlineAlsoWhereAWriterHeedsNoInterrupt() {
        AtomicBoolean over = new AtomicBoolean();
        Duration deadline = Duration.ofSeconds(2);
        WriteBehind<String, String> cache = built(WriteBehind.around(inner(), (BatchWriter<String, String>) batch -> {
                    while (!over.get()) {
                        LockSupport.parkNanos(1_000_000);
                    }
                })
                .journal(new CrashingJournal(), StringCodec.utf8(), StringCodec.utf8())
                .closeDeadline(deadline));
        cache.put("a", "1");
        long start = System.nanoTime();
        cache.close();
        Duration took = Duration.ofNanos(System.nanoTime() - start);
        over.set(true);
        assertThat(took)
                .isBetween(deadline.dividedBy(2), deadline.multipliedBy(2).minusMillis(200));
    }

    /** Others may go on with the journal once it is closed. */
    @Test
    void anInterruptedCloseStillWaitsForWhatIsBeingWritten() throws InterruptedException {
        CountDownLatch writing = new CountDownLatch(1);
        AtomicBoolean written = new AtomicBoolean();
        WriteBehind<String, String> cache = built(WriteBehind.around(inner(), (BatchWriter<String, String>) batch -> {
                    writing.countDown();
                    long end = System.nanoTime() + Duration.ofMillis(300).toNanos();
                    while (System.nanoTime() < end) {
                        LockSupport.parkNanos(1_000_000);
                    }
                    written.set(true);
                })
                .flushers(1)
                .journal(new CrashingJournal(), StringCodec.utf8(), StringCodec.utf8()));
        cache.put("a", "1");
        assertThat(writing.await(10, TimeUnit.SECONDS)).isTrue();
        Thread.currentThread().interrupt();
        cache.close();
        assertThat(written).isTrue();
        assertThat(Thread.interrupted()).isTrue();
    }

    /** A cache that takes a put but does not return before it is let. */
    private final class SlowCache extends ForwardingCache<String, String> {

        private final CountDownLatch reached = new CountDownLatch(1);
        private final CountDownLatch open = new CountDownLatch(1);

        SlowCache() {
            super(inner());
        }

        @Override
        public AsyncCache<String, String> async() {
            return new ForwardingAsyncCache<>(inner().async()) {
                @Override
                public CompletableFuture<PutStamp> putAhead(String key, String value, EntryOptions options) {
                    CompletableFuture<PutStamp> stamp = super.putAhead(key, value, options);
                    reached.countDown();
                    try {
                        assertThat(open.await(60, TimeUnit.SECONDS)).isTrue();
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                    return stamp;
                }
            };
        }
    }

    @Test
    void aCloseWaitsForAPutThatIsBeingAccepted() throws Exception {
        SlowCache slow = new SlowCache();
        WriteBehind<String, String> cache = built(WriteBehind.around(slow, store));
        CompletableFuture<Void> put = OwnThread.run(() -> cache.put("a", "1"));
        slow.reached.await();
        CompletableFuture<Void> close = OwnThread.run(cache::close);
        while (!refusesPuts(cache)) {
            LockSupport.parkNanos(1_000_000);
        }
        assertThat(close).isNotDone();
        slow.open.countDown();
        put.get(60, TimeUnit.SECONDS);
        close.get(60, TimeUnit.SECONDS);
        assertThat(store.rows).containsEntry("a", "1");
    }

    private static boolean refusesPuts(WriteBehind<String, String> cache) {
        try {
            return !cache.putIfAbsent("a", "2");
        } catch (UnsupportedOperationException open) {
            return false;
        } catch (CacheClosedException closing) {
            return true;
        }
    }

    @Test
    void aPutThatIsNotAcceptedBeforeTheCloseDeadlineFails() throws Exception {
        SlowCache slow = new SlowCache();
        WriteBehind<String, String> cache =
                built(WriteBehind.around(slow, store).closeDeadline(Duration.ofMillis(20)));
        CompletableFuture<Void> put = OwnThread.run(() -> cache.put("a", "1"));
        slow.reached.await();
        cache.close();
        slow.open.countDown();
        assertThatThrownBy(() -> put.get(60, TimeUnit.SECONDS)).hasCauseInstanceOf(CacheClosedException.class);
        assertThat(store.rows).isEmpty();
    }

    @Test
    void aWriterThatHangsIsInterruptedAtItsDeadlineAndTriedAgain() {
        CountDownLatch never = new CountDownLatch(1);
        AtomicInteger calls = new AtomicInteger();
        WriteBehind<String, String> cache = built(WriteBehind.around(inner(), (BatchWriter<String, String>) batch -> {
                    if (calls.incrementAndGet() == 1) {
                        never.await();
                    }
                    store.write(batch);
                })
                .writeDeadline(Duration.ofMillis(50)));
        cache.put("a", "1");
        assertThat(cache.flush(Duration.ofSeconds(20))).isTrue();
        assertThat(store.rows).containsEntry("a", "1");
        assertThat(calls).hasValue(2);
    }

    @Test
    void theListenerIsToldAndThrowsInVain() {
        List<String> told = Collections.synchronizedList(new ArrayList<>());
        WriteBehind<String, String> cache = built(stepByStep().attempts(1).listener(new CacheListener() {
            @Override
            public void onStoreWrite(
                    String name, int operations, Duration took, Duration lag, @Nullable Throwable failure) {
                told.add("write " + operations + " " + lag.toMillis() + " " + failure);
                throw new IllegalStateException("a listener's own");
            }

            @Override
            public void onPendingWrites(String name, int pending, Duration oldest) {
                told.add("pending " + pending);
            }

            @Override
            public void onDeadLetter(String name, Throwable cause) {
                told.add("dead " + cause.getMessage());
            }

            @Override
            public void onFailure(String name, FailureKind kind, Throwable failure) {
                told.add(kind + " " + failure.getMessage());
            }
        }));
        cache.put("a", "1");
        after(DELAY, cache);
        store.failure = operation -> new IllegalArgumentException("bad");
        cache.put("b", "1");
        after(DELAY, cache);
        assertThat(told)
                .containsExactly(
                        "pending 1",
                        "write 1 200 null",
                        "pending 0",
                        "pending 1",
                        "STORE_WRITE bad",
                        "write 1 200 java.lang.IllegalArgumentException: bad",
                        "dead bad",
                        "pending 0");
        assertThat(cache.pendingWrites().lag()).isEqualTo(DELAY);
        assertThat(cache.pendingWrites().listenerFailures()).isEqualTo(2);
    }

    @Test
    void aBatchIsFollowedFromThosePutsThatItWrites() {
        Follower follower = new Follower();
        List<String> writtenFrom = new ArrayList<>();
        List<IllegalArgumentException> failures = new ArrayList<>();
        WriteBehindBuilder<String, String> builder = WriteBehind.<String, String>around(inner(), batch -> {
                    writtenFrom.add(follower.place);
                    if (!failures.isEmpty()) {
                        throw failures.remove(0);
                    }
                })
                .maxDelay(DELAY)
                .flushers(1)
                .tracer(follower);
        builder.threads = false;
        builder.nanoTime = () -> now;
        WriteBehind<String, String> cache = built(builder);
        follower.place = "first";
        cache.put("a", "1");
        cache.put("b", "1");
        follower.place = "second";
        cache.put("c", "1");
        cache.put("a", "2");
        follower.place = "flusher";
        after(DELAY, cache);
        assertThat(writtenFrom).containsExactly("flush");
        assertThat(follower.place).isEqualTo("flusher");
        assertThat(follower.events).containsExactly("flush for [second, first, second]", "ended: null");

        follower.events.clear();
        failures.add(new IllegalArgumentException("bad"));
        follower.place = "third";
        cache.remove("a");
        after(DELAY, cache);
        after(Duration.ofSeconds(1), cache);
        assertThat(follower.events)
                .containsExactly(
                        "flush for [third]",
                        "ended: java.lang.IllegalArgumentException: bad",
                        "flush for [third]",
                        "ended: null");
    }

    @Test
    void aTracerThatThrowsChangesNothingAndIsCounted() {
        for (boolean throwsInside : List.of(false, true)) {
            WriteBehind<String, String> cache = built(stepByStep().tracer(new ThrowingTracer(throwsInside)));
            cache.put("a", "1");
            after(DELAY, cache);
            assertThat(store.rows).containsEntry("a", "1");
            assertThat(cache.pendingWrites().pending()).isZero();
            assertThat(cache.pendingWrites().listenerFailures()).isEqualTo(throwsInside ? 3 : 2);
        }
    }

    private static final class ThrowingTracer implements CacheTracer {

        private final boolean throwsInside;

        ThrowingTracer(boolean throwsInside) {
            this.throwsInside = throwsInside;
        }

        private static IllegalStateException failure() {
            return new IllegalStateException("a tracer's own");
        }

        @Override
        public Origin origin() {
            throw failure();
        }

        @Override
        public Span load(String cache, boolean background) {
            throw failure();
        }

        @Override
        public Span farCall(String cache, FarOperation operation) {
            throw failure();
        }

        @Override
        public Span flush(String cache, List<Origin> callers) {
            if (!throwsInside) {
                throw failure();
            }
            return new Span() {
                @Override
                public Scope enter() {
                    return () -> {
                        throw failure();
                    };
                }

                @Override
                public void end(@Nullable Throwable failed) {
                    throw failure();
                }
            };
        }
    }

    /** Of one thread. */
    private static final class Follower implements CacheTracer {

        private final List<String> events = new ArrayList<>();
        private String place = "nobody";

        private record Place(String name) implements Origin {
            @Override
            public void run(Runnable task) {
                task.run();
            }
        }

        @Override
        public Origin origin() {
            return new Place(place);
        }

        @Override
        public Span load(String cache, boolean background) {
            return Span.NONE;
        }

        @Override
        public Span farCall(String cache, FarOperation operation) {
            return Span.NONE;
        }

        @Override
        public Span flush(String cache, List<Origin> callers) {
            events.add("flush for "
                    + callers.stream().map(caller -> ((Place) caller).name()).toList());
            return new Span() {
                @Override
                public Scope enter() {
                    String before = place;
                    place = "flush";
                    return () -> place = before;
                }

                @Override
                public void end(@Nullable Throwable failure) {
                    events.add("ended: " + failure);
                }
            };
        }
    }

    @Test
    void aWriterOfOneByOneNamesWhatFailed() {
        Table table = new Table();
        WriteBehind<String, String> cache =
                built(WriteBehind.around(nodes.nearOnly(), BatchWriter.<String, String>each(table)));
        cache.put("a", "1");
        cache.remove("b");
        assertThat(cache.flush(Duration.ofSeconds(20))).isTrue();
        assertThat(table.log()).containsExactlyInAnyOrder("a=1", "b=null");
    }

    @Test
    void aJournalThatHangsHoldsAWriterForABoundedTimeAndKeepsWhatItAccepted() {
        WriteBehind<String, String> cache = built(stepByStep()
                .longestWait(Duration.ofMillis(1))
                .journal(queue -> new HungLog(), StringCodec.utf8(), StringCodec.utf8()));

        assertThatThrownBy(() -> cache.put("a", "1"))
                .isInstanceOf(JournalException.class)
                .hasMessageContaining("longestWait PT0.001S");

        after(DELAY, cache);
        assertThat(store.rows).containsEntry("a", "1");
    }

    /** Takes records and never says that one is safe. */
    private static final class HungLog implements JournalLog {

        private long numbers;

        @Override
        public long origin() {
            return 1;
        }

        @Override
        public List<Entry> recovered() {
            return List.of();
        }

        @Override
        public long append(byte[] record) {
            return ++numbers;
        }

        @Override
        public CompletionStage<Void> durable(long number) {
            return new CompletableFuture<>();
        }

        @Override
        public void drop(long number) {}

        @Override
        public void close() {}
    }

    @Test
    void aSettingThatIsNoneIsRefusedByItsName() throws IllegalAccessException {
        for (Method setting : WriteBehindBuilder.class.getDeclaredMethods()) {
            if (Modifier.isPublic(setting.getModifiers()) && setting.getParameterCount() == 1) {
                Class<?> type = setting.getParameterTypes()[0];
                if (type == int.class) {
                    assertThat(refused(setting, 0)).hasMessage(setting.getName() + ": must be positive, not 0");
                    continue;
                }
                assertThat(refused(setting, null))
                        .isInstanceOf(NullPointerException.class)
                        .hasMessage(setting.getName());
                if (type == Duration.class) {
                    assertThat(refused(setting, Duration.ZERO))
                            .hasMessage(setting.getName() + ": must be positive, not PT0S");
                }
            }
        }
        assertThatThrownBy(() -> stepByStep().journal((Journal) null, StringCodec.utf8(), StringCodec.utf8()))
                .hasMessage("journal");
        assertThatThrownBy(() -> WriteBehind.around(inner(), null)).hasMessage("writer");
    }

    private Throwable refused(Method setting, @Nullable Object value) throws IllegalAccessException {
        try {
            setting.invoke(stepByStep(), value);
            return new AssertionError(setting.getName() + " took " + value);
        } catch (InvocationTargetException e) {
            return e.getCause();
        }
    }

    @Test
    void settingsThatDoNotWorkTogetherAreRefused() {
        assertThatThrownBy(() -> stepByStep().capacity(10).build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("batchSize 100");
        assertThatThrownBy(() -> WriteBehind.around(WriteThrough.around(inner(), new Table()), store)
                        .build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("WriteThrough");
        assertThatThrownBy(() -> WriteBehind.around(
                                ReadThrough.around(WriteAround.around(inner(), new Table()), store::load), store)
                        .build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("would write the store at once");
        assertThatThrownBy(() -> stepByStep().retryAfter(Duration.ofMinutes(1)).build())
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> stepByStep().flushers(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> built(stepByStep()).putIfAbsent("k", "v"))
                .isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void aValueOfASmallNearTierIsReadFromTheQueue() {
        Cache<String, String> small = nodes.opened(Cache.<String, String>builder("small")
                .near(Near.maximumSize(1))
                .freshFor(Duration.ofMinutes(1))
                .loader(store::load)
                .build());
        WriteBehindBuilder<String, String> builder =
                WriteBehind.around(small, store).flushers(1);
        builder.threads = false;
        WriteBehind<String, String> cache = built(builder);
        for (int i = 0; i < 200; i++) {
            cache.put("k" + i, "v" + i);
        }
        for (int i = 0; i < 200; i++) {
            assertThat(cache.get("k" + i)).isEqualTo("v" + i);
        }
    }
}
