package dev.terrace.cache.redis.limit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrace.cache.redis.Answer;
import dev.terrace.cache.redis.RedisCallException;
import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.testkit.RedisServer;
import io.lettuce.core.RedisClient;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

final class SingleLimiterTest extends LimiterContract {

    private final RedisServer server = RedisServer.start();
    private final SharedRedis redis = SharedRedis.connect(server.uri());

    @Override
    SharedRedis redis() {
        return redis;
    }

    @Override
    RedisServer owner(String key) {
        return server;
    }

    @AfterAll
    void stop() {
        redis.close();
        server.close();
    }

    @Test
    void withoutRedisTheCallerDecidesAndALoaderLoads() throws Exception {
        try (RedisServer dead = RedisServer.start();
                SharedRedis gone = SharedRedis.connect(dead.uri()).withBudget(Duration.ofMillis(200))) {
            RateLimiter limiter = RateLimiter.on(gone, "l", Limit.perSecond(1));
            limiter.tryAcquire("k").await();
            dead.freeze();
            assertThatThrownBy(() -> limiter.tryAcquire("other").await()).isInstanceOf(RedisCallException.class);
            AtomicInteger loads = new AtomicInteger();
            assertThat(limiter.<String, Integer>throttling("k2", Duration.ZERO, key -> loads.incrementAndGet())
                            .load("x"))
                    .isEqualTo(1);
        }
    }

    @Test
    void whoeverWaitsWhenTheApplicationShutsItsClientDownIsTold() {
        RedisClient client = RedisClient.create(server.uri());
        try (SharedRedis given = SharedRedis.using(client).withBudget(Duration.ofMillis(500))) {
            RateLimiter limiter = RateLimiter.on(given, "shut-down", Limit.of(1, Duration.ofSeconds(2)));
            limiter.tryAcquire("k").await();
            Answer<Decision> waiting = limiter.acquire("k", 1, Duration.ofSeconds(3));
            RedisServer.awaitTime(Duration.ofMillis(200));
            client.shutdown(0, 2, TimeUnit.SECONDS);
            assertThat(waiting)
                    .failsWithin(Duration.ofSeconds(20))
                    .withThrowableThat()
                    .withCauseInstanceOf(RedisCallException.class);
        }
    }

    @Test
    void whoeverWaitsOrAsksWhenTheConnectionIsClosedIsTold() {
        SharedRedis closing = SharedRedis.connect(server.uri());
        RateLimiter limiter = RateLimiter.on(closing, "closing", Limit.of(1, Duration.ofSeconds(1)));
        limiter.tryAcquire("k").await();
        RateLimiter slow = RateLimiter.on(closing, "slow", Limit.of(1, Duration.ofMinutes(1)));
        slow.tryAcquire("k").await();
        slow.tryAcquire("k").await();
        Answer<Decision> waiting = slow.acquire("k", 1, Duration.ofMinutes(2));
        closing.close();
        assertThat(waiting)
                .failsWithin(Duration.ofSeconds(20))
                .withThrowableThat()
                .withCauseInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> limiter.tryAcquire("other").await()).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(
                        () -> limiter.acquire("other", 1, Duration.ofSeconds(5)).await())
                .isInstanceOf(IllegalStateException.class);
    }
}
