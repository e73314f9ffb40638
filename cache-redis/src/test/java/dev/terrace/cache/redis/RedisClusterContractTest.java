package dev.terrace.cache.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.spi.FarTier;
import dev.terrace.cache.testkit.FarTierContract;
import dev.terrace.cache.testkit.RedisCluster;
import dev.terrace.cache.testkit.RedisServer;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

/** The far tier's contract, on a cluster of three. */
final class RedisClusterContractTest extends FarTierContract {

    private static RedisCluster cluster;

    @BeforeAll
    static void startCluster() {
        cluster = RedisCluster.start();
    }

    @AfterAll
    static void stopCluster() {
        cluster.close();
    }

    @BeforeEach
    void empty() {
        cluster.nodes().forEach(node -> assertThat(node.command("FLUSHALL")).isEqualTo("OK"));
    }

    @Override
    protected FarTier newTier() {
        return RedisFarTier.connect(cluster.nodes().get(0).uri().replace("redis://", "redis-cluster://"));
    }

    @Override
    protected void plant(String cache, String key, byte[] bytes) {
        String under = recordKey(cache, key);
        cluster.ownerOf(under).command("SET", under, bytes);
    }

    @Override
    protected void delete(String cache, String key) {
        String under = recordKey(cache, key);
        assertThat(cluster.ownerOf(under).command("DEL", under)).isEqualTo(1L);
    }

    @Override
    protected void advance(Duration time) {
        RedisServer.awaitTime(time);
    }

    @Override
    protected long serverMicros() {
        return cluster.nodes().get(0).micros();
    }

    @Override
    protected void freeze() {
        cluster.nodes().forEach(RedisServer::freeze);
    }

    @Override
    protected void thaw() {
        cluster.nodes().forEach(RedisServer::thaw);
    }

    private static String recordKey(String cache, String key) {
        return "t:{" + cache + ":" + key + "}";
    }
}
