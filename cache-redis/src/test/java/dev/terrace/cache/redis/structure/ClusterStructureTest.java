package dev.terrace.cache.redis.structure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.redis.Pipeline;
import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.testkit.RedisCluster;
import dev.terrace.cache.testkit.RedisServer;
import io.lettuce.core.RedisURI;
import io.lettuce.core.cluster.RedisClusterClient;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

final class ClusterStructureTest extends StructureContract {

    private final RedisCluster cluster = RedisCluster.start();
    private final RedisClusterClient client = RedisClusterClient.create(
            cluster.uris().stream().map(RedisURI::create).toList());
    private final SharedRedis redis = SharedRedis.using(client);

    @Override
    SharedRedis redis() {
        return redis;
    }

    @Override
    RedisServer owner(String key) {
        return cluster.ownerOf(key);
    }

    @Test
    void aPipelineFollowsSlotsThatMoved() {
        String key = "moving";
        redis.pipeline()
                .set(key, new byte[] {1}, Duration.ofMinutes(1))
                .execute()
                .await();
        RedisServer from = cluster.ownerOf(key);
        cluster.moveSlotOf(
                key,
                cluster.nodes().stream()
                        .filter(node -> node != from)
                        .findFirst()
                        .orElseThrow());
        Pipeline pipeline = redis.pipeline();
        for (int i = 0; i < 10; i++) {
            pipeline.get("k" + i).get(key);
        }
        assertThat(pipeline.execute().await())
                .hasSize(20)
                .allSatisfy(result -> assertThat(result.failure()).isNull());
    }

    @AfterAll
    void stop() {
        redis.close();
        client.shutdown(0, 2, TimeUnit.SECONDS);
        cluster.close();
    }
}
