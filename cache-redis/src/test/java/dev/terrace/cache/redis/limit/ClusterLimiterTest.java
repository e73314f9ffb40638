package dev.terrace.cache.redis.limit;

import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.testkit.RedisCluster;
import dev.terrace.cache.testkit.RedisServer;
import io.lettuce.core.RedisURI;
import io.lettuce.core.cluster.RedisClusterClient;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;

final class ClusterLimiterTest extends LimiterContract {

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

    @AfterAll
    void stop() {
        redis.close();
        client.shutdown(0, 2, TimeUnit.SECONDS);
        cluster.close();
    }
}
