package dev.terrace.cache.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheBuilder;
import dev.terrace.cache.CacheListener.LinkState;
import dev.terrace.cache.Near;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.testkit.FaultyLink;
import dev.terrace.cache.testkit.RedisServer;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Connections that reach different servers under one name, as while a DNS name or a virtual address moves. */
final class MovedNameTest {

    private static final String NAME = "moved";
    private static final int CONNECTIONS_FOR_DATA = RedisFarTier.Builder.DEFAULT_CONNECTIONS;
    private static final int LINK = 1;
    /** What is seen in less was told. */
    private static final Duration LONG = Duration.ofSeconds(60);

    private final List<AutoCloseable> opened = new ArrayList<>();
    private RedisServer before;
    private RedisServer after;
    private FaultyLink name;

    @BeforeEach
    void start() {
        before = keep(RedisServer.start());
        after = keep(RedisServer.start());
        name = keep(FaultyLink.to(before.port()));
    }

    @AfterEach
    void closeAll() throws Exception {
        Collections.reverse(opened);
        for (AutoCloseable closeable : opened) {
            closeable.close();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"TRACKING", "NOTICES"})
    void aLinkThatReachesAnotherServerTakesTheDataThere(RedisCoherence coherence) {
        Cache<String, String> here = cache(coherence, LONG, builder -> builder.uri(named()));
        awaitArmed(here);
        here.put("key", "before");
        assertThat(before.command("EXISTS", "t:{moved:key}")).isEqualTo(1L);

        name.moveTo(after.port());
        killLinks(before);
        Eventually.holds(
                "the data goes where the link is",
                () -> links(after).size() == 1 && connectionsNow(after) == CONNECTIONS_FOR_DATA + LINK);
        awaitArmed(here);
        // What failed on the way is repaired by invalidating it.
        Eventually.holds(
                "it is stored there",
                () -> isStored(here, "after")
                        && here.stats().far().recoveryQueued() == 0
                        && after.command("EXISTS", "t:{moved:key}").equals(1L));
        Cache<String, String> there = cache(coherence, LONG, builder -> builder.uri(after.uri()));
        isSeenOf(there, here, "newer");
    }

    @ParameterizedTest
    @EnumSource(names = {"TRACKING", "NOTICES"})
    void aLinkWithAnotherServerVouchesForNothing(RedisCoherence coherence) {
        long soFarBefore = connectionsOf(before);
        long soFarAfter = connectionsOf(after);
        Cache<String, String> here = cache(
                coherence,
                Duration.ofMillis(300),
                builder -> builder.uri(before.uri()).linkThrough(RedisURI.create(after.uri())));
        Cache<String, String> there = cache(coherence, LONG, builder -> builder.uri(before.uri()));
        for (int i = 0; connectionsOf(after) - soFarAfter < 6; i++) {
            isSeenOf(there, here, "value " + i);
        }
        // Those of the writing node; the others but for the first were made anew, ever less often.
        long forData = connectionsOf(before) - soFarBefore - CONNECTIONS_FOR_DATA - LINK;
        assertThat(forData / CONNECTIONS_FOR_DATA).isBetween(2L, 5L);
    }

    @Test
    void whatWasApartIsToldOnceItIsTogether() {
        name.moveTo(after.port());
        long soFar = connectionsOf(after);
        Cache<String, String> here = cache(
                RedisCoherence.TRACKING,
                LONG,
                builder -> builder.uri(before.uri()).linkThrough(named()));
        Eventually.holds("the link goes elsewhere", () -> connectionsOf(after) - soFar > 1);

        name.moveTo(before.port());
        Eventually.holds("the link comes back", () -> links(before).size() == 1);
        awaitArmed(here);
        Cache<String, String> there = cache(RedisCoherence.TRACKING, LONG, builder -> builder.uri(before.uri()));
        isSeenOf(there, here, "old");
        isSeenOf(there, here, "new");
    }

    /** Whether it is the subscription that is made anew, or what calls are made on. */
    @ParameterizedTest
    @ValueSource(strings = {"pubsub", "normal"})
    void aSubscriptionAndCallsThatReachedDifferentServersMeetAgain(String lost) {
        SharedRedis redis = keep(SharedRedis.connect(named()));
        Heard heard = new Heard(redis);
        heard.isHeard("before");

        name.moveTo(after.port());
        before.command("CLIENT", "KILL", "TYPE", lost);
        heard.isHeard("after");
        assertThat(heard.again).hasPositiveValue();
        assertThat(before.text("CLIENT", "LIST")).doesNotContain("name=terrace-shared");
    }

    /** A listener to a channel, and what it has heard last. */
    static final class Heard {

        private static final String CHANNEL = "news";

        final AtomicInteger again = new AtomicInteger();
        final Listening listening;
        private final SharedRedis redis;
        private volatile String last = "";

        Heard(SharedRedis redis) {
            this.redis = redis;
            this.listening = redis.listen(
                    CHANNEL, message -> last = new String(message, StandardCharsets.UTF_8), again::incrementAndGet);
        }

        void isHeard(String message) {
            Eventually.holds(message + " is heard", () -> {
                redis.call(
                        "test",
                        "publish",
                        commands -> commands.publish(CHANNEL, message.getBytes(StandardCharsets.UTF_8)));
                return last.equals(message);
            });
        }

        /** How many listen on a server. */
        static Object listeners(RedisServer server) {
            return ((List<?>) server.command("PUBSUB", "NUMSUB", CHANNEL)).get(1);
        }
    }

    @Test
    void aServerThatDoesNotSayWhoItIsIsTakenForTheOneThatIsMeant() {
        before.command("ACL", "SETUSER", "silent", "on", ">secret", "~*", "&*", "+@all", "-info");
        Cache<String, String> here = cache(
                RedisCoherence.TRACKING,
                LONG,
                builder -> builder.uri("redis://silent:secret@127.0.0.1:" + before.port()));
        awaitArmed(here);
    }

    @Test
    void connectionsForDataThatReachedDifferentServersAreMadeAnew() throws Exception {
        RedisClient client = RedisClient.create();
        keep(() -> client.shutdown(0, 2, TimeUnit.SECONDS));
        Spread spread = new Spread(client);
        RedisConnection connection = new RedisConnection("spread", spread, 2);
        keep(connection::close);
        connection.start();

        Eventually.holds(
                "there is a session",
                () -> connection
                        .ping()
                        .handle((done, failure) -> failure == null)
                        .toCompletableFuture()
                        .join());
        assertThat(spread.dials).hasValue(4);
    }

    /** The first connection is to the old server, all others to the new one. */
    private final class Spread implements RedisConnection.Dialer {

        private final RedisClient client;
        private final AtomicInteger dials = new AtomicInteger();

        Spread(RedisClient client) {
            this.client = client;
        }

        @Override
        public CompletionStage<StatefulRedisConnection<String, byte[]>> dial() {
            RedisServer to = dials.getAndIncrement() == 0 ? before : after;
            return client.connectAsync(KeysAndBytes.CODEC, RedisURI.create(to.uri()));
        }

        @Override
        public CompletionStage<StatefulRedisPubSubConnection<String, byte[]>> dialPubSub() {
            throw new UnsupportedOperationException("of data only: there is no link here");
        }

        @Override
        public ScheduledExecutorService timer() {
            return client.getResources().eventExecutorGroup();
        }
    }

    private RedisURI named() {
        return RedisURI.create("redis://127.0.0.1:" + name.port());
    }

    private Cache<String, String> cache(
            RedisCoherence coherence, Duration maxStaleness, UnaryOperator<RedisFarTier.Builder> more) {
        RedisFarTier tier =
                keep(more.apply(RedisFarTier.builder().coherence(coherence)).build());
        CacheBuilder<String, String> builder = Cache.<String, String>builder(NAME)
                .near(Near.maximumSize(100))
                .far(tier, StringCodec.utf8())
                .freshFor(Duration.ofMinutes(10))
                .maxStaleness(maxStaleness)
                .farBudget(Duration.ofSeconds(1))
                .loader(key -> "loaded");
        return keep(builder.build());
    }

    private static void awaitArmed(Cache<String, String> cache) {
        Eventually.holds("the link is armed", () -> cache.stats().link().state() == LinkState.ARMED);
    }

    private static void isSeenOf(Cache<String, String> writer, Cache<String, String> reader, String value) {
        Eventually.holds("it is written", () -> isStored(writer, value));
        Eventually.holds(value + " is seen", () -> reader.get("key").equals(value));
    }

    private static boolean isStored(Cache<String, String> cache, String value) {
        return cache.async()
                .put("key", value)
                .handle((done, failure) -> failure == null)
                .join();
    }

    /** Those that track, and those that listen. */
    private static List<String> links(RedisServer server) {
        return server.text("CLIENT", "LIST")
                .lines()
                .filter(client -> client.matches(".* flags=\\w*[BP]\\w* .*"))
                .map(client -> client.replaceAll("^id=(\\d+) .*", "$1"))
                .toList();
    }

    private static long connectionsNow(RedisServer server) {
        return server.text("CLIENT", "LIST")
                .lines()
                .filter(client -> client.contains(" name=terrace "))
                .count();
    }

    private static void killLinks(RedisServer server) {
        assertThat(links(server)).hasSize(1);
        links(server).forEach(id -> server.command("CLIENT", "KILL", "ID", id));
    }

    /** All so far, that of this test among them. */
    private static long connectionsOf(RedisServer server) {
        return Long.parseLong(server.info("stats", "total_connections_received"));
    }

    private <T extends AutoCloseable> T keep(T opening) {
        opened.add(opening);
        return opening;
    }
}
