package dev.terrace.cache.redis.limit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.redis.RedisCallException;
import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.testkit.RedisSentinel;
import dev.terrace.cache.testkit.RedisServer;
import java.time.Duration;
import org.junit.jupiter.api.Test;

final class SentinelLimiterTest {

    @Test
    void afterAFailoverWhatWasReplicatedStillCounts() {
        try (RedisSentinel sentinel = RedisSentinel.start();
                SharedRedis redis = SharedRedis.connect(sentinel.uri())) {
            RateLimiter limiter = RateLimiter.withoutMemory(
                    redis, "l", Limit.of(5, Duration.ofHours(1)).by(Algorithm.SLIDING_LOG));
            limiter.tryAcquire("k", 4).await();
            assertThat(sentinel.primary().command("WAIT", 1, 10_000)).isEqualTo(1L);

            sentinel.killPrimary();

            int granted = 0;
            int refused = 0;
            long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
            while (refused == 0 && System.nanoTime() < end) {
                try {
                    if (limiter.tryAcquire("k").await().allowed()) {
                        granted++;
                    } else {
                        refused++;
                    }
                } catch (RedisCallException withoutPrimary) {
                    RedisServer.awaitTime(Duration.ofMillis(20));
                }
            }
            assertThat(refused).isEqualTo(1);
            // A grant whose answer was lost counts, too.
            assertThat(granted).isLessThanOrEqualTo(1);
        }
    }
}
