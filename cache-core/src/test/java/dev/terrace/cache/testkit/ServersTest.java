package dev.terrace.cache.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.testcontainers.DockerClientFactory;

final class ServersTest {

    private static final Duration SHORT = Duration.ofMillis(100);
    private static final Duration AMPLE = Duration.ofSeconds(10);

    @Test
    void redisAnswersAndIsEmptyAfterARestartOnTheSamePort() {
        try (RedisServer redis = RedisServer.start()) {
            int port = redis.port();
            assertThat(redis.command("SET", "k", "v")).isEqualTo("OK");
            assertThat(redis.text("GET", "k")).isEqualTo("v");

            redis.restart();

            assertThat(redis.port()).isEqualTo(port);
            assertThat(redis.command("GET", "k")).isNull();
        }
    }

    @Test
    void aFrozenRedisTakesConnectionsAndAnswersOnceThawed() throws IOException {
        try (RedisServer redis = RedisServer.start()) {
            redis.freeze();
            try (RespConnection impatient = new RespConnection(redis.port(), SHORT);
                    RespConnection patient = new RespConnection(redis.port(), AMPLE)) {
                assertThatThrownBy(() -> impatient.call("PING")).isInstanceOf(SocketTimeoutException.class);
                redis.thaw();
                assertThat(patient.call("PING")).isEqualTo("PONG");
            }
        }
    }

    @Test
    void aKilledRedisRefusesConnections() {
        try (RedisServer redis = RedisServer.start()) {
            redis.kill();
            assertThatThrownBy(() -> redis.command("PING")).hasMessageContaining("refused");
        }
    }

    @Test
    void optionsReachRedisAndThePasswordCanChange() throws IOException {
        try (RedisServer redis = RedisServer.start("--requirepass", "one", "--maxmemory", "10mb")) {
            assertThat(redis.command("CONFIG", "GET", "maxmemory"))
                    .asInstanceOf(InstanceOfAssertFactories.LIST)
                    .last()
                    .isEqualTo("10485760".getBytes(UTF_8));
            redis.setPassword("two");
            assertThat(redis.command("PING")).isEqualTo("PONG");
            try (RespConnection stranger = new RespConnection(redis.port(), AMPLE)) {
                assertThatThrownBy(() -> stranger.call("GET", "k")).hasMessageStartingWith("NOAUTH");
                assertThatThrownBy(() -> stranger.call("AUTH", "one")).hasMessageStartingWith("WRONGPASS");
            }
            assertThat(redis.toString()).doesNotContain("one", "two");
        }
    }

    @Test
    void manyServersStartAtOnceWithoutTakingEachOthersPorts() {
        List<RedisServer> servers = IntStream.range(0, 8)
                .parallel()
                .mapToObj(i -> RedisServer.start())
                .toList();
        try {
            assertThat(servers.stream().map(RedisServer::port)).doesNotHaveDuplicates();
            servers.forEach(server -> assertThat(server.command("PING")).isEqualTo("PONG"));
        } finally {
            servers.forEach(RedisServer::close);
        }
    }

    @Test
    void aClusterServesEachKeyAtItsMasterAndSlotsMove() {
        assertThat(RedisCluster.slot("123456789")).isEqualTo(0x31C3);
        assertThat(RedisCluster.slot("x{user}y")).isEqualTo(RedisCluster.slot("user"));
        try (RedisCluster cluster = RedisCluster.start()) {
            assertThat(IntStream.range(0, 30)
                            .mapToObj(i -> cluster.ownerOf("key" + i))
                            .distinct())
                    .hasSize(3);
            RedisServer owner = cluster.ownerOf("k");
            owner.command("SET", "k", "v");
            RedisServer other = cluster.nodes().stream()
                    .filter(node -> node != owner)
                    .findFirst()
                    .orElseThrow();
            assertThatThrownBy(() -> other.command("GET", "k")).hasMessageStartingWith("MOVED");

            cluster.moveSlotOf("k", other);

            assertThat(cluster.ownerOf("k")).isSameAs(other);
            assertThat(other.text("GET", "k")).isEqualTo("v");
            assertThatThrownBy(() -> owner.command("GET", "k")).hasMessageStartingWith("MOVED");
        }
    }

    @Test
    void aReplicaOfTheClusterTakesOverWithTheData() {
        try (RedisCluster cluster = RedisCluster.start(1)) {
            RedisServer owner = cluster.ownerOf("k");
            RedisServer replica = cluster.replicasOf(owner).get(0);
            assertThat(cluster.failOver(owner)).isSameAs(replica);
            replica.command("SET", "k", "v");
            assertThat(replica.command("WAIT", 1, 10_000)).isEqualTo(1L);

            assertThat(cluster.killOwnerOf("k")).isSameAs(owner);

            assertThat(owner.text("GET", "k")).isEqualTo("v");
        }
    }

    @Test
    void theSentinelsMakeTheReplicaThePrimary() {
        try (RedisSentinel sentinel = RedisSentinel.start()) {
            RedisServer primary = sentinel.primary();
            RedisServer replica = sentinel.replica();
            primary.command("SET", "k", "v");
            assertThat(primary.command("WAIT", 1, 10_000)).isEqualTo(1L);
            assertThatThrownBy(() -> replica.command("SET", "k", "w")).hasMessageStartingWith("READONLY");

            assertThat(sentinel.killPrimary()).isSameAs(replica);

            assertThat(sentinel.primary()).isSameAs(replica);
            assertThat(replica.text("GET", "k")).isEqualTo("v");
            assertThat(sentinel.uri()).startsWith("redis-sentinel://127.0.0.1:").endsWith("#primary");
        }
    }

    @Test
    void memcachedAnswersAndIsEmptyAfterARestartOnTheSamePort() {
        try (MemcachedServer memcached = MemcachedServer.start("-m", "16")) {
            int port = memcached.port();
            assertThat(memcached.command("set k 0 0 5\r\nhello")).containsExactly("STORED");
            assertThat(memcached.command("get k")).containsExactly("VALUE k 0 5", "hello", "END");

            memcached.restart();

            assertThat(memcached.port()).isEqualTo(port);
            assertThat(memcached.command("get k")).containsExactly("END");
        }
    }

    @Test
    void aFrozenMemcachedAnswersOnceThawed() {
        try (MemcachedServer memcached = MemcachedServer.start()) {
            memcached.freeze();
            memcached.thaw();
            assertThat(memcached.command("version").get(0)).startsWith("VERSION");
            memcached.kill();
            assertThatThrownBy(() -> memcached.command("version")).hasMessageContaining("refused");
        }
    }

    @Test
    void aMissingServerIsAFailureThatSaysWhatToInstall() {
        ServerKind absent = new ServerKind("no-such-server", "redis:7.4-alpine", "apt-get install no-such-server");
        if (DockerClientFactory.instance().isDockerAvailable()) {
            assertThat(absent.executable()).isEmpty();
            assertThat(absent.missing()).hasMessageContaining("apt-get install no-such-server");
            return;
        }
        assertThatThrownBy(() -> new Server(absent, port -> List.of(), port -> -1))
                .isInstanceOf(AssertionError.class)
                .hasMessage("This test needs no-such-server on the PATH, or Docker."
                        + " Install it (apt-get install no-such-server) or start Docker.");
    }

    @Test
    void aServerThatCannotStartSaysWhy() {
        assertThatThrownBy(() -> RedisServer.start("--no-such-option", "1"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("no-such-option");
    }

    @Test
    void theLinkDelaysOneDirection() throws IOException {
        try (RedisServer redis = RedisServer.start();
                FaultyLink link = FaultyLink.to(redis.port());
                RespConnection client = new RespConnection(link.port(), AMPLE)) {
            assertThat(client.call("PING")).isEqualTo("PONG");
            link.toClient().delay(SHORT);
            long start = System.nanoTime();
            assertThat(client.call("PING")).isEqualTo("PONG");
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(SHORT);
        }
    }

    @Test
    void theLinkSwallowsOneDirectionAndCutsWhatLostBytes() throws IOException {
        try (RedisServer redis = RedisServer.start();
                FaultyLink link = FaultyLink.to(redis.port());
                RespConnection client = new RespConnection(link.port(), Duration.ofMillis(300))) {
            link.toClient().blackhole();
            assertThatThrownBy(() -> client.call("SET", "k", "v")).isInstanceOf(SocketTimeoutException.class);
            assertThat(redis.text("GET", "k")).isEqualTo("v");

            link.heal();

            assertThatThrownBy(() -> client.call("PING")).isInstanceOf(IOException.class);
            try (RespConnection next = new RespConnection(link.port(), AMPLE)) {
                assertThat(next.call("PING")).isEqualTo("PONG");
            }
        }
    }

    @Test
    void theLinkCutsAndRefuses() throws IOException {
        try (RedisServer redis = RedisServer.start();
                FaultyLink link = FaultyLink.to(redis.port());
                RespConnection client = new RespConnection(link.port(), AMPLE)) {
            assertThat(client.call("PING")).isEqualTo("PONG");
            link.refuse();
            link.cut();
            assertThatThrownBy(() -> client.call("PING")).isInstanceOf(IOException.class);
            try (RespConnection refused = new RespConnection(link.port(), AMPLE)) {
                assertThatThrownBy(() -> refused.call("PING")).isInstanceOf(IOException.class);
            }
            link.heal();
            try (RespConnection healed = new RespConnection(link.port(), AMPLE)) {
                assertThat(healed.call("PING")).isEqualTo("PONG");
            }
        }
    }
}
