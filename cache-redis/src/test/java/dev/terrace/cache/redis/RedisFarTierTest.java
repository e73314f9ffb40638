package dev.terrace.cache.redis;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.read.ListAppender;
import dev.terrace.cache.Cache;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.spi.FarReading;
import dev.terrace.cache.spi.FarRecord;
import dev.terrace.cache.spi.FarRecord.Attributes;
import dev.terrace.cache.spi.FarRecord.Content;
import dev.terrace.cache.spi.FarRecord.State;
import dev.terrace.cache.spi.FarStore;
import dev.terrace.cache.spi.FarStore.FarLease;
import dev.terrace.cache.spi.FarStore.FillReply;
import dev.terrace.cache.spi.FarStore.FillRequest;
import dev.terrace.cache.spi.FarStore.LeaseReply;
import dev.terrace.cache.spi.FarStore.LeaseRequest;
import dev.terrace.cache.spi.FarStore.MarkerReading;
import dev.terrace.cache.spi.FarStore.PutRequest;
import dev.terrace.cache.spi.FarStore.WriteReply;
import dev.terrace.cache.spi.RecordDraft;
import dev.terrace.cache.spi.RecordDraft.Lifetime;
import dev.terrace.cache.spi.SampledFarClock;
import dev.terrace.cache.testkit.FaultyLink;
import dev.terrace.cache.testkit.RedisServer;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.protocol.CommandType;
import io.lettuce.core.resource.ClientResources;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** What the contract does not know: servers that freeze, die, come late or refuse, and what passes the wire. */
final class RedisFarTierTest {

    private static final Duration BUDGET = Duration.ofSeconds(5);
    private static final Duration LONG = Duration.ofMinutes(10);
    private static final Duration HEALING = Duration.ofSeconds(15);
    private static final Duration AT_ONCE = Duration.ofMillis(500);
    /** Longer than a connection may be silent. */
    private static final Duration SILENCE = Duration.ofMillis(2_300);

    private static final String SECRET = "s3cr3t-Pa55";

    private final List<AutoCloseable> opened = new ArrayList<>();

    @AfterEach
    void closeAll() throws Exception {
        for (int i = opened.size() - 1; i >= 0; i--) {
            opened.get(i).close();
        }
    }

    @Test
    void theFirstOperationWaitsForTheFirstConnection() {
        FarStore store = open(RedisFarTier.connect(server().uri()));
        assertThat(read(store, "k")).isEqualTo(FarReading.ABSENT);
        assertThat(store.clock().millis()).isNotEqualTo(Long.MIN_VALUE);
    }

    @Test
    void anOperationOfTheMomentAtWhichTheFirstConnectionIsMadeIsNotLost() {
        String uri = server().uri();
        for (int connections = 0; connections < 100; connections++) {
            try (RedisFarTier tier = RedisFarTier.connect(uri)) {
                FarStore store = tier.open("cache", BUDGET);
                Queue<CompletableFuture<Void>> asked = new ConcurrentLinkedQueue<>();
                CompletableFuture<Void> first = store.ping().toCompletableFuture();
                List<Thread> callers = IntStream.range(0, 16)
                        .mapToObj(caller -> new Thread(() -> {
                            for (int call = 0; call < 250 && !first.isDone(); call++) {
                                asked.add(store.ping().toCompletableFuture());
                                LockSupport.parkNanos(10_000);
                            }
                        }))
                        .toList();
                callers.forEach(Thread::start);
                callers.forEach(RedisFarTierTest::join);
                asked.forEach(RedisFarTierTest::await);
            }
        }
    }

    @Test
    void whatIsAskedBeforeThereIsAConnectionKeepsItsOrder() {
        RedisServer server = server();
        for (int round = 0; round < 20; round++) {
            String key = "early " + round;
            try (RedisFarTier tier = RedisFarTier.connect(server.uri())) {
                List<Pipeline> pipelines = IntStream.range(0, 200)
                        .mapToObj(i -> tier.shared()
                                .withBudget(Duration.ofSeconds(20))
                                .pipeline()
                                .add(CommandType.RPUSH, key, Integer.toString(i).getBytes(UTF_8)))
                        .toList();
                pipelines.stream().map(Pipeline::execute).toList().forEach(answer -> answer.await());
            }
            assertThat((List<?>) server.command("LRANGE", key, 0, -1))
                    .extracting(value -> new String((byte[]) value, UTF_8))
                    .containsExactlyElementsOf(
                            IntStream.range(0, 200).mapToObj(Integer::toString).toList());
        }
    }

    @Test
    void aFrozenServerBlocksNoCaller() {
        RedisServer redis = server();
        FarStore store = open(RedisFarTier.connect(redis.uri()));
        FarLease lease = granted(store, "leased");
        redis.freeze();

        long start = System.nanoTime();
        List<CompletionStage<?>> stages = List.of(
                store.ping(),
                store.read(List.of("k")),
                store.readHeaders(List.of("k")),
                store.lease(List.of(new LeaseRequest("k", FarReading.ABSENT)), LONG),
                store.fill(List.of(new FillRequest(lease, draft("value")))),
                store.release(List.of(lease)),
                store.put(List.of(new PutRequest("k", draft("value")))),
                store.putIfUnchanged(new PutRequest("k", draft("value")), FarReading.ABSENT),
                store.invalidate(List.of("k"), LONG),
                store.expire("k", 1),
                store.touch(List.of("k"), LONG),
                store.markers(List.of("a")),
                store.ensureMarkers(List.of("a"), LONG),
                store.raiseMarkers(List.of("a"), LONG));
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(AT_ONCE);

        assertThat(stages).noneMatch(stage -> stage.toCompletableFuture().isDone());
        redis.thaw();
        stages.forEach(stage -> await(stage));
    }

    @Test
    void aTierThatStartsOnAFrozenServerBlocksNobodyAndHeals() {
        RedisServer redis = server();
        redis.freeze();
        long start = System.nanoTime();
        FarStore store = open(RedisFarTier.connect(redis.uri()));
        CompletionStage<List<FarReading>> waiting = store.read(List.of("k"));
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
        assertThat(failure(waiting)).isInstanceOf(RedisUnreachableException.class);
        assertThat(failure(store.read(List.of("k")))).hasMessageContaining(redis.uri());
        redis.thaw();
        awaitHealed(store);
    }

    @Test
    void aServerRestartedEmptyIsUsedAgainAndVersionsGoOnRising() {
        RedisServer redis = server();
        FarStore store = open(RedisFarTier.connect(redis.uri()));
        long before = version(put(store, "k"));
        redis.kill();
        assertThat(failure(store.read(List.of("k")))).isNotNull();
        redis.restart();
        awaitHealed(store);
        assertThat(read(store, "k")).isEqualTo(FarReading.ABSENT);
        assertThat(version(put(store, "k"))).isGreaterThan(before);
        assertThat(version(await(store.invalidate(List.of("k"), LONG)).get(0))).isGreaterThan(before);
    }

    @Test
    void scriptsThatTheServerForgetsAreToldAgain() {
        RedisServer redis = server();
        FarStore store = open(RedisFarTier.connect(redis.uri()));
        for (int round = 0; round < 10; round++) {
            redis.command("SCRIPT", "FLUSH");
            List<String> keys = IntStream.range(0, 250).mapToObj(i -> "k" + i).toList();
            assertThat(await(store.invalidate(keys, LONG))).hasSize(250).allMatch(WriteReply.Stored.class::isInstance);
            redis.command("SCRIPT", "FLUSH");
            await(store.raiseMarkers(List.of("a"), LONG));
            redis.command("SCRIPT", "FLUSH");
            assertThat(fill(store, granted(store, "k1"))).isInstanceOf(FillReply.Stored.class);
        }
    }

    @Test
    void aServerThatIsAbsentAtStartIsUsedOnceItIsThere() {
        RedisServer redis = server();
        redis.kill();
        FarStore store = open(RedisFarTier.connect(redis.uri()));
        assertThat(failure(store.read(List.of("k"))))
                .isInstanceOf(RedisUnreachableException.class)
                .hasMessageContaining(redis.uri())
                .hasMessageContaining("refused");
        long start = System.nanoTime();
        for (int i = 0; i < 1_000; i++) {
            assertThat(store.read(List.of("k")).toCompletableFuture()).isCompletedExceptionally();
        }
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(AT_ONCE);
        redis.restart();
        awaitHealed(store);
    }

    @Test
    void aWrongPasswordIsSaidAndHealsWhenItIsRight() {
        RedisServer redis = server("--requirepass", "other");
        RedisFarTier tier = keep(RedisFarTier.connect("redis://:" + SECRET + "@127.0.0.1:" + redis.port()));
        FarStore store = open(tier);
        List<Throwable> failures = new ArrayList<>();
        // A connection that is closed with the answer on its way says only that.
        awaitTrue(() -> {
            failures.add(failure(store.read(List.of("k"))));
            return String.valueOf(failures.get(failures.size() - 1)).contains("WRONGPASS");
        });
        assertThat(failures)
                .allSatisfy(failure -> assertThat(failure)
                        .isInstanceOf(RedisUnreachableException.class)
                        .hasMessageContaining(redis.uri())
                        .hasMessageNotContaining(SECRET));
        redis.setPassword(SECRET);
        awaitHealed(store);
    }

    @Test
    void aMissingPasswordIsSaid() {
        RedisServer redis = server("--requirepass", SECRET);
        FarStore store = open(RedisFarTier.connect(redis.uri()));
        assertThat(failure(store.read(List.of("k")))).hasMessageContaining("NOAUTH");
    }

    @Test
    void aClientOfTheApplicationIsUsedAndLeftOpen() {
        RedisServer redis = server();
        RedisClient client = keep(RedisClient.create(redis.uri()));
        RedisFarTier tier = RedisFarTier.using(client);
        FarStore store = tier.open("cache", BUDGET);
        put(store, "k");
        redis.kill();
        assertThat(failure(store.read(List.of("k")))).isNotNull();
        redis.restart();
        awaitHealed(store);
        assertThat(read(store, "k")).isEqualTo(FarReading.ABSENT);

        tier.close();

        assertThat(failure(store.read(List.of("k")))).isInstanceOf(IllegalStateException.class);
        assertThatIllegalStateException().isThrownBy(() -> tier.open("other", BUDGET));
        try (StatefulRedisConnection<String, String> own = client.connect()) {
            assertThat(own.sync().ping()).isEqualTo("PONG");
            awaitTrue(() -> own.sync().clientList().lines().count() == 1);
        }
    }

    @Test
    void aClientThatTheApplicationShutsDownFailsEveryOperation() {
        RedisServer redis = server();
        RedisClient client = keep(RedisClient.create(redis.uri()));
        FarStore store = open(RedisFarTier.using(client));
        put(store, "k");
        client.shutdown();
        awaitTrue(() -> store.read(List.of("k")).toCompletableFuture().isCompletedExceptionally());
    }

    @Test
    void resourcesOfTheApplicationAreUsedAndLeftOpen() {
        RedisServer redis = server();
        ClientResources resources = ClientResources.create();
        try {
            RedisFarTier tier =
                    RedisFarTier.builder().uri(redis.uri()).resources(resources).build();
            FarStore store = tier.open("cache", BUDGET);
            put(store, "k");
            tier.close();
            assertThat(resources.eventExecutorGroup().isShuttingDown()).isFalse();
            put(
                    open(RedisFarTier.builder()
                            .uri(redis.uri())
                            .resources(resources)
                            .build()),
                    "k");
        } finally {
            closeAllQuietly();
            resources.shutdown(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2_000);
        }
    }

    @Test
    void theConnectionHasANameAndEndsWithTheTier() {
        RedisServer redis = server();
        RedisFarTier tier = RedisFarTier.builder()
                .uri(redis.uri())
                .connectionName("orders")
                .namespace("shop")
                .build();
        FarStore store = tier.open("cache", BUDGET);
        put(store, "k");
        assertThat(redis.text("CLIENT", "LIST")).contains("name=orders");
        assertThat(redis.command("EXISTS", "shop:t:{cache:k}")).isEqualTo(1L);
        tier.close();
        awaitTrue(() -> !redis.text("CLIENT", "LIST").contains("name=orders"));
    }

    @Test
    void severalConnectionsShareTheWorkAndAreLostTogether() {
        RedisServer server = server();
        RedisFarTier tier = keep(RedisFarTier.builder()
                .uri(server.uri())
                .connectionName("several")
                .coherence(RedisCoherence.COMPARISON)
                .connections(3)
                .build());
        Cache<String, String> cache = keep(Cache.<String, String>builder("several")
                .far(tier, StringCodec.utf8())
                .farBudget(Duration.ofSeconds(5))
                .freshFor(Duration.ofMinutes(1))
                .loader(key -> "loaded")
                .build());
        cache.put("key", "value");
        // The heartbeat, too, may be the last that a connection was used for.
        Eventually.holds("each connection has read", () -> {
            readOnTwelveThreads(cache);
            return several(server, "cmd=get ") == 3;
        });

        List<String> before = server.text("CLIENT", "LIST")
                .lines()
                .filter(client -> client.contains("name=several "))
                .map(client -> client.replaceAll("^(id=\\d+ ).*", "$1"))
                .toList();
        server.command(
                "CLIENT", "KILL", "ID", before.get(0).substring("id=".length()).strip());
        Eventually.holds("all were lost", () -> {
            String clients = server.text("CLIENT", "LIST");
            return before.stream().noneMatch(clients::contains);
        });
        Eventually.holds("all are there again", () -> several(server, "") == 3);
        // One that was not acknowledged is repaired by an invalidation, perhaps after the next one.
        Eventually.holds("they are used", () -> {
            cache.put("key", "later");
            return cache.get("key").equals("later") && cache.stats().far().recoveryQueued() == 0;
        });
    }

    /** Its parts are sent by different threads: the caller's, and those that read the answers to earlier ones. */
    @Test
    void aPipelineKeepsItsOrderOverSeveralConnections() throws Exception {
        RedisServer server = server();
        RedisFarTier tier =
                keep(RedisFarTier.builder().uri(server.uri()).connections(8).build());
        for (int round = 0; round < 3; round++) {
            String key = "list " + round;
            List<String> sent = IntStream.range(0, 12_000)
                    .mapToObj(i -> i + " ".repeat(100))
                    .toList();
            FutureTask<List<Pipeline.Result>> execution = new FutureTask<>(() -> {
                Pipeline pipeline =
                        tier.shared().withBudget(Duration.ofSeconds(20)).pipeline();
                sent.forEach(value -> pipeline.add(CommandType.RPUSH, key, value.getBytes(StandardCharsets.US_ASCII)));
                return pipeline.execute().await();
            });
            new Thread(execution).start();

            assertThat(execution.get(60, TimeUnit.SECONDS)).allMatch(result -> result.failure() == null);
            assertThat((List<?>) server.command("LRANGE", key, 0, -1))
                    .extracting(value -> new String((byte[]) value, StandardCharsets.US_ASCII))
                    .isEqualTo(sent);
        }
    }

    private static void readOnTwelveThreads(Cache<String, String> cache) {
        List<Thread> readers = Stream.generate(() -> new Thread(() -> cache.get("key")))
                .limit(12)
                .toList();
        readers.forEach(Thread::start);
        readers.forEach(reader -> assertThatNoException().isThrownBy(reader::join));
    }

    private static long several(RedisServer server, String more) {
        return server.text("CLIENT", "LIST")
                .lines()
                .filter(client -> client.contains("name=several ") && client.contains(more))
                .count();
    }

    @Test
    void aConnectionOnWhichNothingIsAnsweredIsReplaced() {
        RedisServer redis = server();
        FaultyLink link = keep(FaultyLink.to(redis.port()));
        RedisFarTier tier = keep(RedisFarTier.connect("redis://127.0.0.1:" + link.port()));
        FarStore store = tier.open("cache", Duration.ofMillis(100));
        put(store, "k");
        link.toClient().blackhole();
        CompletionStage<?> unanswered = store.read(List.of("k"));
        awaitTrue(() -> {
            store.ping();
            return unanswered.toCompletableFuture().isCompletedExceptionally();
        });
        link.heal();
        awaitHealed(store);
    }

    /** As after a pause of the whole process: time has passed, and nobody has read. */
    @Test
    void anAnswerThatWaitsInTheSocketIsReadBeforeAConnectionIsGivenUp() {
        RedisServer redis = server();
        FarStore store = open(RedisFarTier.connect(redis.uri()), Duration.ofMillis(100));
        put(store, "k");
        String connection = connectionIds(redis);
        CountDownLatch goesOn = new CountDownLatch(1);
        redis.freeze();
        CompletionStage<Void> onTheReadersThread = store.ping().thenRun(() -> join(goesOn));
        redis.thaw();
        CompletionStage<?> unread = store.read(List.of("k"));
        RedisServer.awaitTime(SILENCE);
        CompletionStage<?> next = store.read(List.of("k"));
        goesOn.countDown();

        await(onTheReadersThread);
        await(unread);
        await(next);
        assertThat(connectionIds(redis)).isEqualTo(connection);
    }

    private static String connectionIds(RedisServer redis) {
        return redis.text("CLIENT", "LIST")
                .lines()
                .filter(client -> client.contains(" name=terrace "))
                .map(client -> client.substring(0, client.indexOf(' ')))
                .sorted()
                .collect(Collectors.joining(" "));
    }

    /** A node learns of it by its heartbeat, some seconds later. */
    @Test
    void aServerWhoseClockWasSetForwardTakesWritesAtOnce() {
        RedisServer redis = server();
        FarStore store = open(RedisFarTier.connect(redis.uri()));
        put(store, "k");

        setForward(redis, store);
        put(store, "k");
        setForward(redis, store);
        assertThat(await(store.invalidate(List.of("k", "other"), LONG))).allMatch(WriteReply.Stored.class::isInstance);
        setForward(redis, store);
        FarLease lease = granted(store, "k");
        setForward(redis, store);
        assertThat(fill(store, lease)).isInstanceOf(FillReply.Stored.class);
        setForward(redis, store);
        assertThat(await(store.expire("k", 1))).isInstanceOf(WriteReply.Stored.class);
        setForward(redis, store);
        await(store.touch(List.of("k"), LONG));
        setForward(redis, store);
        await(store.raiseMarkers(List.of("a"), LONG));
    }

    @Test
    void whatComesLateIsRefusedAlsoWhereTheServersClockWasSet() {
        RedisServer redis = server();
        FaultyLink link = keep(FaultyLink.to(redis.port()));
        FarStore store = open(RedisFarTier.connect("redis://127.0.0.1:" + link.port()), Duration.ofMillis(100));
        put(store, "k");
        FarReading before = read(store, "k");
        for (boolean set : new boolean[] {false, true}) {
            if (set) {
                setForward(redis, store);
            }
            link.toServer().delay(Duration.ofMillis(300));
            assertThat(await(store.put(List.of(new PutRequest("k", draft("late")))))
                            .get(0))
                    .isInstanceOf(WriteReply.Late.class);
            link.heal();
            assertThat(read(store, "k")).isEqualTo(before);
        }
    }

    /** The server's clock is where it would be, seen from here, had it been set forward since it was told last. */
    private static void setForward(RedisServer redis, FarStore store) {
        ((SampledFarClock) store.clock()).sample(redis.micros() - TimeUnit.SECONDS.toMicros(30), System.nanoTime());
    }

    private static void join(CountDownLatch latch) {
        try {
            assertThat(latch.await(HEALING.toMillis(), TimeUnit.MILLISECONDS)).isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void whatWasSentOnALostConnectionFailsAndIsNotSentAgain() {
        RedisServer redis = server();
        FaultyLink link = keep(FaultyLink.to(redis.port()));
        FarStore store = open(RedisFarTier.connect("redis://127.0.0.1:" + link.port()));
        put(store, "other");
        link.toServer().blackhole();
        CompletionStage<List<WriteReply>> lost = store.put(List.of(new PutRequest("k", draft("value"))));
        RedisServer.awaitTime(Duration.ofMillis(100));
        link.cut();
        link.heal();
        assertThat(failure(lost)).isNotNull();
        awaitHealed(store);
        RedisServer.awaitTime(Duration.ofMillis(200));
        assertThat(read(store, "k")).isEqualTo(FarReading.ABSENT);
    }

    @Test
    void aServerThatHangsDoesNotFillTheHeap() {
        RedisServer redis = server();
        FarStore store = open(RedisFarTier.connect(redis.uri()));
        put(store, "k");
        redis.freeze();
        RecordDraft megabyte = draft("x".repeat(1 << 20));
        List<CompletionStage<?>> puts = IntStream.range(0, 200)
                .<CompletionStage<?>>mapToObj(i -> store.put(List.of(new PutRequest("k" + i, megabyte))))
                .toList();
        assertThat(puts.stream().filter(put -> put.toCompletableFuture().isCompletedExceptionally()))
                .hasSizeBetween(130, 140);
        redis.thaw();
        awaitTrue(() -> puts.stream().allMatch(put -> put.toCompletableFuture().isDone()));
        put(store, "k");
    }

    /** What a server has whose clock is set back; no test can set it. */
    @Test
    void numbersFromAheadOfTheClockAreExceeded() {
        RedisServer redis = server();
        FarStore store = open(RedisFarTier.connect(redis.uri()));
        long ahead = await(store.raiseMarkers(List.of("a"), LONG)).seq() + TimeUnit.HOURS.toMicros(1);
        redis.command("SET", "s:{cache}", String.valueOf(ahead));

        assertThat(await(store.raiseMarkers(List.of("a"), LONG)).seq())
                .as("above the counter")
                .isGreaterThan(ahead);

        long further = ahead + TimeUnit.HOURS.toMicros(1);
        redis.command("SET", "m:{cache}:t:b", String.valueOf(further));
        MarkerReading raised = await(store.raiseMarkers(List.of("a", "b"), LONG));
        assertThat(raised.seq()).as("above each marker").isGreaterThan(further);
        assertThat(raised.values()).isEqualTo(Map.of("a", raised.seq(), "b", raised.seq()));
        assertThat(await(store.markers(List.of("a", "b")))).isEqualTo(raised);
    }

    @Test
    void aLostCounterIsMadeAnewAboveTheMarkersThatAreLeft() {
        RedisServer redis = server();
        FarStore store = open(RedisFarTier.connect(redis.uri()));
        long ahead = await(store.ensureMarkers(List.of("a"), LONG)).seq() + TimeUnit.HOURS.toMicros(1);
        redis.command("SET", "m:{cache}:t:a", String.valueOf(ahead));
        redis.command("DEL", "s:{cache}");

        MarkerReading ensured = await(store.ensureMarkers(List.of("a", "b"), LONG));

        assertThat(ensured.seq()).isGreaterThanOrEqualTo(ahead);
        assertThat(ensured.values()).isEqualTo(Map.of("a", ahead, "b", ensured.seq()));
        assertThat(await(store.markers(List.of("a", "b")))).isEqualTo(ensured);
    }

    @Test
    void aCounterThatIsLostGoesOnFromTheHighestNumberThatANodeKnows() {
        RedisServer redis = server();
        FarStore here = open(RedisFarTier.connect(redis.uri()));
        FarStore there = open(RedisFarTier.connect(redis.uri()));
        long ahead = TimeUnit.MILLISECONDS.toMicros(System.currentTimeMillis()) + TimeUnit.HOURS.toMicros(1);
        redis.command("SET", "s:{cache}", String.valueOf(ahead));
        await(here.raiseMarkers(List.of("a"), LONG));
        assertThat(await(there.markers(List.of("a"))).seq()).isEqualTo(ahead + 1);
        redis.command("FLUSHDB");

        assertThat(await(there.raiseMarkers(List.of("a"), LONG)).seq()).isEqualTo(ahead + 2);
    }

    @Test
    void aCounterThatOneBeganAnewWhoKnewLessIsRaisedByOneWhoKnowsMore() {
        RedisServer redis = server();
        FarStore here = open(RedisFarTier.connect(redis.uri()));
        FarStore later = open(RedisFarTier.connect(redis.uri()));
        long ahead = TimeUnit.MILLISECONDS.toMicros(System.currentTimeMillis()) + TimeUnit.HOURS.toMicros(1);
        redis.command("SET", "s:{cache}", String.valueOf(ahead));
        await(here.markers(List.of()));
        redis.command("FLUSHDB");
        assertThat(await(later.ensureMarkers(List.of("b"), LONG)).seq()).isLessThan(ahead);

        assertThat(await(here.ensureMarkers(List.of("a"), LONG)))
                .isEqualTo(new MarkerReading(Map.of("a", ahead), ahead));
        assertThat(await(later.raiseMarkers(List.of("b"), LONG)).seq()).isEqualTo(ahead + 1);
    }

    /** So that one foreign value does not outlive the server that has it. */
    @Test
    void aNumberThatNoClockGivesIsForgottenWithItsServer() {
        RedisServer redis = server();
        FarStore store = open(RedisFarTier.connect(redis.uri()));
        redis.command("SET", "s:{cache}", String.valueOf(KnownSequence.HIGHEST + 1));
        await(store.markers(List.of()));
        redis.command("FLUSHDB");

        assertThat(await(store.raiseMarkers(List.of("a"), LONG)).seq())
                .isLessThan(TimeUnit.MILLISECONDS.toMicros(System.currentTimeMillis()) + TimeUnit.HOURS.toMicros(1));
    }

    @Test
    void whatNeverEndsIsNoLease() {
        RedisServer redis = server();
        FarStore store = open(RedisFarTier.connect(redis.uri()));
        redis.command("SET", "l:{cache:k}", "of somebody else");

        assertThat(fill(store, granted(store, "k"))).isInstanceOf(FillReply.Stored.class);
    }

    @Test
    void whatIsNoBytesIsMalformedAndOverwritten() {
        RedisServer redis = server();
        FarStore store = open(RedisFarTier.connect(redis.uri()));
        for (String key : List.of("leased", "put", "invalidated", "expired")) {
            redis.command("HSET", "t:{cache:" + key + "}", "f", "v");
        }
        assertThat(read(store, "leased")).isInstanceOf(FarReading.Malformed.class);
        assertThat(await(store.readHeaders(List.of("leased"))).get(0)).isInstanceOf(FarReading.Malformed.class);
        assertThat(await(store.read(List.of("leased", "none"))).get(1)).isEqualTo(FarReading.ABSENT);
        assertThat(fill(store, granted(store, "leased"))).isInstanceOf(FillReply.Stored.class);
        put(store, "put");
        assertThat(await(store.invalidate(List.of("invalidated"), LONG)).get(0)).isInstanceOf(WriteReply.Stored.class);
        assertThat(await(store.expire("expired", 1))).isEqualTo(new WriteReply.Unchanged());
        await(store.touch(List.of("expired"), LONG));
        assertThat(await(store.read(List.of("leased", "put", "invalidated"))))
                .allMatch(FarReading.Found.class::isInstance);
    }

    @Test
    void aFillIsRefusedWhereARecordBecameSomethingElse() {
        RedisServer redis = server();
        FarStore store = open(RedisFarTier.connect(redis.uri()));
        put(store, "k");
        FarLease lease = granted(store, "k");
        redis.command("DEL", "t:{cache:k}");
        redis.command("HSET", "t:{cache:k}", "f", "v");
        assertThat(await(store.putIfUnchanged(
                        new PutRequest("k", draft("v")), new FarReading.Malformed(new byte[16], ""))))
                .isInstanceOfSatisfying(
                        WriteReply.Changed.class,
                        changed -> assertThat(changed.current()).isInstanceOf(FarReading.Malformed.class));
        assertThat(fill(store, lease)).isEqualTo(new FillReply.Refused());
    }

    @Test
    void foreignDataInPlaceOfALeaseOrAMarkerDoesNoHarm() {
        RedisServer redis = server();
        FarStore store = open(RedisFarTier.connect(redis.uri()));
        redis.command("SET", "l:{cache:text}", "not a lease");
        redis.command("HSET", "l:{cache:hash}", "f", "v");
        redis.command("SET", "s:{cache}", "not a number");
        redis.command("HSET", "m:{cache}:t:hash", "f", "v");
        redis.command("SET", "m:{cache}:t:text", "-1e400");
        assertThat(fill(store, new FarLease("text", 1))).isEqualTo(new FillReply.Refused());
        assertThat(fill(store, new FarLease("hash", 1))).isEqualTo(new FillReply.Refused());
        await(store.release(List.of(new FarLease("text", 1), new FarLease("hash", 1))));
        assertThat(fill(store, granted(store, "text"))).isInstanceOf(FillReply.Stored.class);
        assertThat(fill(store, granted(store, "hash"))).isInstanceOf(FillReply.Stored.class);
        assertThat(await(store.markers(List.of("hash", "text"))).values()).isEmpty();
        put(store, "k");
        long seq = await(store.ensureMarkers(List.of("hash", "text"), LONG)).seq();
        assertThat(await(store.markers(List.of("hash", "text"))).values())
                .containsEntry("hash", seq)
                .containsEntry("text", seq);
    }

    @Test
    void withoutRoomValuesAreRefusedAndInvalidationsAreNot() {
        RedisServer redis = server();
        FarStore store = open(RedisFarTier.connect(redis.uri()));
        put(store, "k");
        long marker = await(store.ensureMarkers(List.of("a"), LONG)).seq();
        FarLease lease = granted(store, "k");
        FarLease other = granted(store, "other");
        redis.command("CONFIG", "SET", "maxmemory", "1");

        assertThat(failure(store.put(List.of(new PutRequest("k", draft("v")))))).hasMessageContaining("OOM");
        assertThat(failure(store.fill(List.of(new FillRequest(other, draft("v"))))))
                .hasMessageContaining("OOM");
        assertThat(failure(store.lease(List.of(new LeaseRequest("third", FarReading.ABSENT)), LONG)))
                .hasMessageContaining("OOM");
        await(store.invalidate(List.of("k"), LONG));
        assertThat(await(store.raiseMarkers(List.of("a"), LONG)).seq()).isGreaterThan(marker);

        redis.command("CONFIG", "SET", "maxmemory", "0");
        assertThat(((FarReading.Found) read(store, "k")).record().content().state())
                .isEqualTo(State.TOMBSTONE);
        assertThat(fill(store, lease)).isEqualTo(new FillReply.Refused());
        granted(store, "other");
    }

    @Test
    void theServerKnowsEveryScriptByItsDigestOnceConnected() {
        RedisServer redis = server();
        FarStore store = open(RedisFarTier.connect(redis.uri()));
        await(store.ping());
        List<Object> question = new ArrayList<>(List.of("SCRIPT", "EXISTS"));
        for (Script script : Script.values()) {
            assertThat(script.text()).matches("\\p{ASCII}+");
            question.add(script.digest());
        }
        assertThat(redis.command(question.toArray())).isEqualTo(List.of(1L, 1L, 1L, 1L, 1L, 1L, 1L, 1L, 1L));
    }

    @Test
    void aBulkOperationIsOneReadOfTheServer() {
        RedisServer redis = server();
        FarStore store = open(RedisFarTier.connect(redis.uri()));
        List<String> keys =
                IntStream.range(0, 100).mapToObj(i -> "product:" + i).toList();
        List<String> half = keys.subList(0, 50);
        awaitHealed(store);

        long before = redis.totalReads();
        await(store.read(keys));
        assertThat(redis.totalReads() - before - 1).as("bulk read of 100").isEqualTo(1);

        before = redis.totalReads();
        List<LeaseReply> leases = await(store.lease(
                half.stream()
                        .map(key -> new LeaseRequest(key, FarReading.ABSENT))
                        .toList(),
                LONG));
        assertThat(redis.totalReads() - before - 1).as("lease of 50").isEqualTo(1);

        before = redis.totalReads();
        await(store.fill(leases.stream()
                .map(reply -> new FillRequest(((LeaseReply.Granted) reply).lease(), draft("a value of some length")))
                .toList()));
        assertThat(redis.totalReads() - before - 1).as("fill of 50").isEqualTo(1);

        before = redis.totalReads();
        await(store.readHeaders(keys));
        assertThat(redis.totalReads() - before - 1).as("headers of 100").isEqualTo(1);

        before = redis.totalReads();
        await(store.invalidate(half, LONG));
        assertThat(redis.totalReads() - before - 1).as("invalidate of 50").isEqualTo(1);
    }

    @Test
    void closingIsNothingToWarnOf() {
        Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        root.addAppender(log);
        try {
            RedisServer redis = server();
            for (int i = 0; i < 10; i++) {
                RedisFarTier tier = keep(RedisFarTier.connect("redis://127.0.0.1:" + redis.port()));
                put(open(tier), "k");
                tier.close();
            }
        } finally {
            root.detachAppender(log);
        }

        assertThat(List.copyOf(log.list)).noneMatch(event -> event.getLevel().isGreaterOrEqual(Level.WARN));
    }

    @Test
    void noSecretIsInAnyLogMessageOrName() {
        Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        Logger ours = (Logger) LoggerFactory.getLogger("dev.terrace");
        Level rootLevel = root.getLevel();
        Level ourLevel = ours.getLevel();
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        ch.qos.logback.core.Appender<ILoggingEvent> console = root.getAppender("console");
        log.start();
        root.detachAppender(console);
        root.addAppender(log);
        root.setLevel(Level.DEBUG);
        ours.setLevel(Level.TRACE);
        List<String> said = new ArrayList<>();
        try {
            RedisServer redis = server("--requirepass", SECRET);
            RedisFarTier right = keep(RedisFarTier.connect("redis://:" + SECRET + "@127.0.0.1:" + redis.port()));
            FarStore store = open(right);
            put(store, "k");
            redis.setPassword(SECRET + "2");
            RedisFarTier wrong = keep(RedisFarTier.connect(RedisURI.builder()
                    .withHost("127.0.0.1")
                    .withPort(redis.port())
                    .withAuthentication("default", SECRET)
                    .build()));
            said.add(right.toString());
            said.add(wrong.toString());
            said.add(store.toString());
            for (Throwable cause = failure(open(wrong).read(List.of("k"))); cause != null; cause = cause.getCause()) {
                said.add(cause.toString());
            }
            redis.kill();
            said.add(failure(store.read(List.of("k"))).toString());
        } finally {
            closeAllQuietly();
            root.detachAppender(log);
            root.addAppender(console);
            root.setLevel(rootLevel);
            ours.setLevel(ourLevel);
        }
        for (ILoggingEvent event : List.copyOf(log.list)) {
            said.add(event.getLoggerName() + " " + event.getFormattedMessage()
                    + (event.getThrowableProxy() == null
                            ? ""
                            : ThrowableProxyUtil.asString(event.getThrowableProxy())));
        }
        assertThat(said).hasSizeGreaterThan(20).noneMatch(text -> text.contains(SECRET));
        assertThat(said).anyMatch(text -> text.contains("trying again"));
    }

    @Test
    void aUriThatCannotBeReadIsNotQuotedWithItsPassword() {
        for (String uri : List.of(
                "redis://user:" + SECRET + "@host with space:1",
                "http://:" + SECRET + "@host",
                "redis://:" + SECRET + "@",
                "redis://:" + SECRET + "|@host/x",
                ":" + SECRET + "@host")) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> RedisFarTier.connect(uri))
                    .withMessageStartingWith("not a URI of Redis")
                    .withNoCause()
                    .withMessageNotContaining(SECRET);
        }
    }

    @Test
    void theBuilderRefusesWhatCannotWork() {
        RedisClient client = keep(RedisClient.create("redis://127.0.0.1:1"));
        assertThatIllegalStateException()
                .isThrownBy(() -> RedisFarTier.builder().build())
                .withMessageContaining("uri");
        assertThatIllegalStateException()
                .isThrownBy(() -> RedisFarTier.builder()
                        .client(client)
                        .uri("redis://127.0.0.1:1")
                        .build())
                .withMessageContaining("client");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RedisFarTier.builder().namespace("a{b"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RedisFarTier.builder().connectionName(" "));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RedisFarTier.builder().connections(0))
                .withMessageContaining("connections 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RedisFarTier.builder().uri(new RedisURI()))
                .withMessageContaining("names");
    }

    private RedisServer server(String... options) {
        return keep(RedisServer.start(options));
    }

    private <T extends AutoCloseable> T keep(T opening) {
        opened.add(opening);
        return opening;
    }

    private void closeAllQuietly() {
        assertThatThrownBy(() -> {
                    closeAll();
                    throw new AssertionError("closed");
                })
                .hasMessage("closed");
        opened.clear();
    }

    private FarStore open(RedisFarTier tier) {
        return open(tier, BUDGET);
    }

    private FarStore open(RedisFarTier tier, Duration budget) {
        return keep(tier).open("cache", budget);
    }

    private static void awaitHealed(FarStore store) {
        awaitTrue(() -> {
            CompletableFuture<Void> ping = store.ping().toCompletableFuture();
            try {
                ping.get(1, TimeUnit.SECONDS);
                return true;
            } catch (ExecutionException | TimeoutException notYet) {
                return false;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError(e);
            }
        });
    }

    private static void awaitTrue(BooleanSupplier condition) {
        long deadline = System.nanoTime() + HEALING.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("in time").isLessThan(deadline);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
        }
    }

    private static FarReading read(FarStore store, String key) {
        return await(store.read(List.of(key))).get(0);
    }

    private static WriteReply put(FarStore store, String key) {
        WriteReply reply =
                await(store.put(List.of(new PutRequest(key, draft("value"))))).get(0);
        assertThat(reply).isInstanceOf(WriteReply.Stored.class);
        return reply;
    }

    private static FarLease granted(FarStore store, String key) {
        LeaseReply reply = await(store.lease(List.of(new LeaseRequest(key, read(store, key))), LONG))
                .get(0);
        assertThat(reply).isInstanceOf(LeaseReply.Granted.class);
        return ((LeaseReply.Granted) reply).lease();
    }

    private static FillReply fill(FarStore store, FarLease lease) {
        return await(store.fill(List.of(new FillRequest(lease, draft("value")))))
                .get(0);
    }

    private static long version(WriteReply reply) {
        return ((WriteReply.Stored) reply).version();
    }

    private static RecordDraft draft(String value) {
        return new RecordDraft(
                1,
                FarRecord.NO_SOURCE_VERSION,
                0,
                new Lifetime(LONG, LONG),
                Attributes.NONE,
                new Content(State.VALUE, 1, null, ByteBuffer.wrap(value.getBytes(UTF_8))));
    }

    private static void join(Thread thread) {
        try {
            thread.join(HEALING.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static <T> T await(CompletionStage<T> stage) {
        try {
            return stage.toCompletableFuture().get(HEALING.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static Throwable failure(CompletionStage<?> stage) {
        try {
            Object reply = stage.toCompletableFuture().get(HEALING.toMillis(), TimeUnit.MILLISECONDS);
            throw new AssertionError("answered " + reply);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            Throwable inner = cause instanceof CompletionException ? cause.getCause() : cause;
            return inner == null ? e : inner;
        } catch (TimeoutException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }
}
