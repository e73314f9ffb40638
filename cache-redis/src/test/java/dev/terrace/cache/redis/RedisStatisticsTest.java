package dev.terrace.cache.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrace.cache.spi.ServerStatistics;
import dev.terrace.cache.testkit.RedisCluster;
import dev.terrace.cache.testkit.RedisSentinel;
import dev.terrace.cache.testkit.RedisServer;
import io.lettuce.core.cluster.RedisClusterClient;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

final class RedisStatisticsTest {

    @Test
    void whatInfoSaysIsUnderstood() {
        String info = """
                # Stats\r
                total_commands_processed:1234\r
                keyspace_hits:70\r
                keyspace_misses:30\r
                evicted_keys:5\r
                expired_keys:6\r
                # Clients\r
                connected_clients:9\r
                # Memory\r
                used_memory:1048576\r
                maxmemory:0\r
                # Keyspace\r
                db0:keys=40,expires=1,avg_ttl=0\r
                db3:keys=2,expires=0,avg_ttl=0\r
                """;
        assertThat(RedisStatistics.parse("one", info))
                .isEqualTo(new ServerStatistics(
                        "one",
                        new ServerStatistics.Lookups(70, 30),
                        new ServerStatistics.Keys(42, 5, 6),
                        new ServerStatistics.Memory(1 << 20, 0),
                        9,
                        1234));
    }

    @Test
    void everyNodeOfAClusterIsAsked() {
        try (RedisCluster cluster = RedisCluster.start()) {
            RedisClusterClient client = RedisClusterClient.create(cluster.uris().get(0));
            try (SharedRedis redis = SharedRedis.using(client).withBudget(Duration.ofSeconds(10))) {
                for (int i = 0; i < 30; i++) {
                    String key = "key" + i;
                    redis.call("test", "set", commands -> commands.set(key, new byte[1]))
                            .await();
                }
                List<ServerStatistics> statistics = RedisStatistics.of(redis).read();
                assertThat(statistics)
                        .extracting(ServerStatistics::node)
                        .doesNotHaveDuplicates()
                        .hasSize(3);
                assertThat(statistics.stream()
                                .mapToLong(node -> node.keys().count())
                                .sum())
                        .isEqualTo(30);
                assertThat(statistics).allMatch(node -> node.commands() > 0);
            } finally {
                client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
            }
        }
    }

    @Test
    void oneServerIsNamedByItsHostAndPort() {
        try (RedisServer server = RedisServer.start("--requirepass", "secret");
                SharedRedis redis = SharedRedis.connect("redis://:secret@127.0.0.1:" + server.port() + "/2")
                        .withBudget(Duration.ofSeconds(10))) {
            RedisStatistics statistics = RedisStatistics.of(redis);

            assertThat(statistics.read())
                    .extracting(ServerStatistics::node)
                    .containsExactly("127.0.0.1:" + server.port());
            assertThat(statistics.toString()).doesNotContain("secret");
        }
    }

    @Test
    void thePrimaryIsNamedThatSentinelsName() {
        try (RedisSentinel sentinel = RedisSentinel.start();
                SharedRedis redis = SharedRedis.connect(sentinel.uri()).withBudget(Duration.ofSeconds(10))) {
            assertThat(RedisStatistics.of(redis).read())
                    .extracting(ServerStatistics::node)
                    .containsExactly("127.0.0.1:" + sentinel.primary().port());
        }
    }

    @Test
    void aServerThatIsSilentFailsWithinTheBudget() {
        try (RedisServer server = RedisServer.start();
                SharedRedis redis = SharedRedis.connect(server.uri()).withBudget(Duration.ofMillis(300))) {
            server.freeze();
            assertThatThrownBy(RedisStatistics.of(redis)::read).isInstanceOf(RedisCallException.class);
            server.thaw();
        }
    }
}
