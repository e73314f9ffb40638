package dev.terrace.cache.redis.lock;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.testkit.RedisCluster;
import dev.terrace.cache.testkit.RedisServer;
import io.lettuce.core.RedisURI;
import io.lettuce.core.cluster.RedisClusterClient;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

final class ClusterLockTest extends LockContract {

    private final RedisCluster cluster = RedisCluster.start();
    private final RedisClusterClient client = RedisClusterClient.create(
            cluster.uris().stream().map(RedisURI::create).toList());

    @Override
    SharedRedis connect() {
        return SharedRedis.using(client);
    }

    @Override
    RedisServer owner(String key) {
        return cluster.ownerOf(key);
    }

    @AfterAll
    void stop() {
        client.shutdown(0, 2, TimeUnit.SECONDS);
        cluster.close();
    }

    @Test
    void aLockSurvivesTheMoveOfItsSlot() {
        try (SharedRedis redis = connect()) {
            String key = "lock:{" + name + "}";
            RedisLock lock = RedisLock.on(redis, name, LockOptions.defaults().lease(Duration.ofSeconds(3)));
            LockGrant grant = lock.acquire(Duration.ZERO).await();
            RedisServer from = cluster.ownerOf(key);
            RedisServer to = cluster.nodes().stream()
                    .filter(node -> node != from)
                    .findFirst()
                    .orElseThrow();
            var waiting = lock.acquire(LONG);
            cluster.moveSlotOf(key, to);
            assertThat(lock.tryAcquire().await()).isEmpty();
            grant.close();
            try (LockGrant next = waiting.await()) {
                assertThat(next.fencingNumber()).isGreaterThan(grant.fencingNumber());
            }
        }
    }
}
