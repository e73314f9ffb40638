package dev.terrace.cache.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrace.cache.redis.RedisCallException;
import dev.terrace.cache.redis.RedisFarTier;
import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.redis.limit.Limit;
import dev.terrace.cache.redis.limit.RateLimiter;
import dev.terrace.cache.redis.lock.RedisLock;
import dev.terrace.cache.redis.structure.Counter;
import dev.terrace.cache.testkit.RedisServer;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import org.junit.jupiter.api.Test;

final class SharedRedisMetersTest {

    private final MeterRegistry registry = new SimpleMeterRegistry();

    private long calls(String kind, String operation, String result) {
        return registry.get("cache.commands")
                .tags("kind", kind, "operation", operation, "result", result)
                .timer()
                .count();
    }

    @Test
    void whatLocksLimitersStructuresAndPipelinesDoIsMeasured() {
        try (RedisServer server = RedisServer.start();
                RedisFarTier tier = RedisFarTier.connect(server.uri())) {
            SharedRedis redis = tier.shared().withListener(new MicrometerCacheListener(registry));
            RedisLock.on(redis, "l").acquire(Duration.ZERO).await().close();
            RateLimiter.on(redis, "l", Limit.perSecond(10)).tryAcquire("k").await();
            Counter counter = Counter.on(redis, "c", Duration.ofMinutes(1));
            counter.increment().await();
            counter.increment().await();
            redis.pipeline().get("c").execute().await();
            server.command("DEL", "c");
            server.command("LPUSH", "c", "x");
            assertThatThrownBy(() -> counter.increment().await()).isInstanceOf(RedisCallException.class);
            assertThatThrownBy(() -> counter.get().await()).isInstanceOf(RedisCallException.class);
        }
        assertThat(calls("lock", "acquire", "success")).isEqualTo(1);
        assertThat(calls("lock", "release", "success")).isEqualTo(1);
        assertThat(calls("limiter", "acquire", "success")).isEqualTo(1);
        assertThat(calls("counter", "add", "success")).isEqualTo(2);
        assertThat(calls("counter", "add", "failure")).isEqualTo(1);
        assertThat(calls("counter", "get", "failure")).isEqualTo(1);
        assertThat(calls("pipeline", "execute", "success")).isEqualTo(1);
    }
}
