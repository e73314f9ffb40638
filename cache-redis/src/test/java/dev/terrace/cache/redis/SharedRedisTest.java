package dev.terrace.cache.redis;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrace.cache.CacheListener;
import dev.terrace.cache.redis.RedisCallException.Reason;
import dev.terrace.cache.testkit.FaultyLink;
import dev.terrace.cache.testkit.RedisCluster;
import dev.terrace.cache.testkit.RedisSentinel;
import dev.terrace.cache.testkit.RedisServer;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.cluster.RedisClusterClient;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class SharedRedisTest {

    private static final RedisScript ECHO = RedisScript.of("return {KEYS[1], ARGV[1], 7}");

    @Test
    void theFarTiersConnectionIsSharedAndClosedWithIt() {
        try (RedisServer server = RedisServer.start();
                RedisFarTier tier = RedisFarTier.builder()
                        .uri(server.uri())
                        .namespace("shop")
                        .build()) {
            SharedRedis redis = tier.shared();
            assertThat(set(redis, redis.key("k"), "v").await()).isEqualTo("OK");
            assertThat(server.text("GET", "shop:k")).isEqualTo("v");
            assertThat(clients(server, "name=terrace ")).isEqualTo(RedisFarTier.Builder.DEFAULT_CONNECTIONS);
            assertThat(clients(server, "name=terrace-shared")).isZero();

            closed(redis);
            assertThat(set(redis, "k", "still open").await()).isEqualTo("OK");
            closed(tier);
            assertThatThrownBy(() -> set(redis, "k", "v").await())
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("closed");
            assertThatThrownBy(redis::requireOpen).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void aServerThatForgotAScriptIsToldItAgain() {
        try (RedisServer server = RedisServer.start();
                SharedRedis redis = SharedRedis.connect(server.uri())) {
            for (int i = 0; i < 2; i++) {
                List<Object> reply = redis.run("test", "echo", ECHO, List.of("k"), bytes("v"))
                        .await();
                assertThat((byte[]) reply.get(0)).asString(UTF_8).isEqualTo("k");
                assertThat((byte[]) reply.get(1)).asString(UTF_8).isEqualTo("v");
                assertThat(reply.get(2)).isEqualTo(7L);
                server.command("SCRIPT", "FLUSH");
            }
        }
    }

    @Test
    void failuresSayWhatIsWrongAndAreCountedAndTold() {
        BlockingQueue<String> told = new LinkedBlockingQueue<>();
        try (RedisServer server = RedisServer.start();
                SharedRedis plain = SharedRedis.connect(server.uri())) {
            SharedRedis redis = plain.withMaxValueBytes(10).withListener(new CacheListener() {
                @Override
                public void onCommand(String kind, String operation, Duration took, @Nullable Throwable failure) {
                    told.add(kind + " " + operation + " " + (failure == null ? "well" : "failed"));
                    throw new IllegalStateException("a listener throws");
                }
            });
            server.command("LPUSH", "list", "x");
            assertThatThrownBy(() -> get(redis, "list").await())
                    .isInstanceOfSatisfying(
                            RedisCallException.class,
                            e -> assertThat(e.reason()).isEqualTo(Reason.WRONG_TYPE));
            assertThatThrownBy(() -> set(redis, "k", "more than ten bytes"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("a value of 19 bytes is over maxValueBytes 10");
            assertThat(set(redis, "k", "v").await()).isEqualTo("OK");
            server.command("CONFIG", "SET", "maxmemory", "1");
            assertThatThrownBy(() -> set(redis, "k", "v").await())
                    .isInstanceOfSatisfying(
                            RedisCallException.class,
                            e -> assertThat(e.reason()).isEqualTo(Reason.REFUSED));
            assertThat(told).containsExactly("test get failed", "test set well", "test set failed");
            assertThat(redis.calls()).isEqualTo(3);
            assertThat(redis.failures()).isEqualTo(2);
            assertThat(redis.listenerFailures()).isEqualTo(3);
        }
    }

    @Test
    void aServerThatHangsCostsTheBudgetAndADeadOneNothing() {
        try (RedisServer server = RedisServer.start();
                SharedRedis redis = SharedRedis.connect(server.uri()).withBudget(Duration.ofMillis(150))) {
            set(redis, "k", "v").await();
            server.freeze();
            long start = System.nanoTime();
            assertThatThrownBy(() -> get(redis, "k").await())
                    .isInstanceOfSatisfying(
                            RedisCallException.class,
                            e -> assertThat(e.reason()).isEqualTo(Reason.TIMED_OUT));
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .isBetween(Duration.ofMillis(149), Duration.ofSeconds(5));
            server.thaw();
            server.kill();
            eventually(() -> {
                try {
                    get(redis, "k").await();
                    return false;
                } catch (RedisCallException e) {
                    return e.reason() == Reason.UNREACHABLE;
                }
            });
        }
    }

    @Test
    void anInterruptedThreadStopsWaitingAndStaysInterrupted() {
        Answer<String> never = new Answer<>();
        Thread.currentThread().interrupt();
        assertThatThrownBy(never::await)
                .isInstanceOfSatisfying(
                        RedisCallException.class, e -> assertThat(e.reason()).isEqualTo(Reason.INTERRUPTED));
        assertThat(Thread.interrupted()).isTrue();
        assertThat(never).isCancelled();
    }

    @Test
    void namesAreKeptToWhatRedisKeysAreWrittenIn() {
        try (RedisServer server = RedisServer.start();
                SharedRedis redis = SharedRedis.connect(server.uri())) {
            for (String bad : List.of("", "a b", "schlüssel", "x".repeat(501), "a\n")) {
                assertThatThrownBy(() -> redis.key(bad)).isInstanceOf(IllegalArgumentException.class);
            }
            assertThat(redis.withNamespace("n").key("k")).isEqualTo("n:k");
            assertThatThrownBy(() -> redis.withNamespace("a:b")).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> redis.withBudget(Duration.ZERO)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> redis.withMaxValueBytes(0)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void channelsAreHeardAgainAfterTheConnectionWasCut() throws Exception {
        BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        try (RedisServer server = RedisServer.start();
                FaultyLink link = FaultyLink.to(server.port());
                SharedRedis redis = SharedRedis.connect("redis://127.0.0.1:" + link.port())) {
            redis.listen("c", message -> heard.add(new String(message, UTF_8)));
            publishedUntilHeard(server, heard, "one");
            link.cut();
            publishedUntilHeard(server, heard, "two");
            link.toClient().blackhole();
            link.heal();
            publishedUntilHeard(server, heard, "three");
        }
    }

    private static void publishedUntilHeard(RedisServer server, BlockingQueue<String> heard, String message) {
        eventually(() -> {
            server.command("PUBLISH", "c", message);
            return message.equals(heard.poll(20, TimeUnit.MILLISECONDS));
        });
        heard.clear();
    }

    @Test
    void aClusterIsReachedWithTheApplicationsClient() {
        try (RedisCluster cluster = RedisCluster.start();
                SharedRedis redis = SharedRedis.using(RedisClusterClient.create(
                        cluster.uris().stream().map(RedisURI::create).toList()))) {
            for (int i = 0; i < 20; i++) {
                assertThat(set(redis, "k" + i, "v" + i).await()).isEqualTo("OK");
                assertThat(cluster.ownerOf("k" + i).text("GET", "k" + i)).isEqualTo("v" + i);
                redis.run("test", "echo", ECHO, List.of("k" + i), bytes("v")).await();
            }
            BlockingQueue<String> heard = new LinkedBlockingQueue<>();
            redis.listen("c", message -> heard.add(new String(message, UTF_8)));
            publishedUntilHeard(cluster.nodes().get(1), heard, "one");
            assertThat(redis.unwrap().await()).isNotNull();
            closed(redis);
            assertThatThrownBy(() -> set(redis, "k", "v").await()).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void theSentinelsNameThePrimaryAlsoAfterAFailover() {
        try (RedisSentinel sentinel = RedisSentinel.start();
                SharedRedis own = SharedRedis.connect(sentinel.uri());
                SharedRedis given = SharedRedis.using(RedisClient.create(sentinel.uri()))) {
            set(own, "own", "1").await();
            set(given, "given", "1").await();
            RedisServer old = sentinel.primary();
            RedisServer primary = sentinel.failOver();
            // As the sentinels tell it some ten seconds later.
            old.command("REPLICAOF", "127.0.0.1", primary.port());
            for (SharedRedis redis : List.of(own, given)) {
                // The old primary takes writes until it is told, and forgets them then.
                eventually(() -> {
                    try {
                        set(redis, "k", redis.toString()).await();
                        return primary.command("GET", "k") instanceof byte[] there
                                && new String(there, UTF_8).equals(redis.toString());
                    } catch (RedisCallException e) {
                        return false;
                    }
                });
            }
            assertThat(own.toString()).startsWith("redis-sentinel://127.0.0.1:");
        }
    }

    private static Answer<String> set(SharedRedis redis, String key, String value) {
        return redis.call("test", "set", commands -> commands.set(key, bytes(value)), bytes(value));
    }

    private static Answer<byte[]> get(SharedRedis redis, String key) {
        return redis.call("test", "get", commands -> commands.get(key));
    }

    private static void closed(AutoCloseable resource) {
        try {
            resource.close();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }

    private static long clients(RedisServer server, String with) {
        return server.text("CLIENT", "LIST")
                .lines()
                .filter(line -> line.contains(with))
                .count();
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    private static void eventually(Condition condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (System.nanoTime() < end) {
            try {
                if (condition.holds()) {
                    return;
                }
            } catch (Exception e) {
                throw new AssertionError(e);
            }
            RedisServer.awaitTime(Duration.ofMillis(10));
        }
        throw new AssertionError("not within 30 s");
    }
}
