package dev.terrace.cache.redis.limit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrace.cache.Cache;
import dev.terrace.cache.LoadFailedException;
import dev.terrace.cache.Near;
import dev.terrace.cache.redis.Answer;
import dev.terrace.cache.redis.RedisCallException;
import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.testkit.RedisServer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What holds of limiters on any Redis. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class LimiterContract {

    private static final Duration HOUR = Duration.ofHours(1);

    private String name = "";

    abstract SharedRedis redis();

    /** The server that has a key. */
    abstract RedisServer owner(String key);

    @BeforeEach
    void nameLimiter(TestInfo test) {
        name = test.getTestMethod().orElseThrow().getName();
    }

    private RateLimiter limiter(Limit limit) {
        return RateLimiter.withoutMemory(redis(), name, limit);
    }

    private static Limit ofFive(Algorithm algorithm) {
        return Limit.of(5, HOUR).burst(5).by(algorithm);
    }

    @ParameterizedTest
    @EnumSource
    void itGrantsTheLimitAtOneInstantAndSaysWhenThereIsMore(Algorithm algorithm) {
        RateLimiter limiter = limiter(ofFive(algorithm));
        String key = algorithm.name();
        for (int i = 4; i >= 0; i--) {
            Decision decision = limiter.tryAcquire(key).await();
            assertThat(decision).isEqualTo(new Decision(true, i, Duration.ZERO));
        }
        for (int i = 0; i < 10; i++) {
            Decision refused = limiter.tryAcquire(key).await();
            assertThat(refused.allowed()).isFalse();
            assertThat(refused.remaining()).isZero();
            assertThat(refused.retryAfter())
                    .isBetween(Duration.ofNanos(1), HOUR.plusSeconds(1).plus(HOUR));
        }
        assertThat(limiter.tryAcquire("another" + key).await().allowed()).isTrue();
        assertThat((Long) owner(limiter.under(key)).command("PTTL", limiter.under(key)))
                .isPositive();
    }

    @ParameterizedTest
    @EnumSource
    void severalPermitsAreGrantedTogetherOrNotAtAll(Algorithm algorithm) {
        RateLimiter limiter = limiter(ofFive(algorithm));
        String key = algorithm.name();
        assertThat(limiter.tryAcquire(key, 3).await().remaining()).isEqualTo(2);
        assertThat(limiter.tryAcquire(key, 3).await().allowed()).isFalse();
        assertThat(limiter.tryAcquire(key, 2).await().allowed()).isTrue();
        assertThat(limiter.tryAcquire(key, 1).await().allowed()).isFalse();
    }

    @ParameterizedTest
    @EnumSource
    void whatWaitsAsLongAsItWasToldIsGranted(Algorithm algorithm) {
        Limit limit = Limit.of(4, Duration.ofMillis(400)).burst(4).by(algorithm);
        RateLimiter limiter = limiter(limit);
        String key = algorithm.name();
        for (int i = 0; i < 12; i++) {
            Decision decision = limiter.tryAcquire(key).await();
            for (int tries = 0; !decision.allowed(); tries++) {
                // A slice may be off by a rounding.
                assertThat(tries).isLessThan(3);
                RedisServer.awaitTime(decision.retryAfter());
                decision = limiter.tryAcquire(key).await();
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aClockThatStepsBackSpendsTheLimitForOnePeriodAtMost(Algorithm algorithm) {
        Duration period = Duration.ofMillis(500);
        RateLimiter limiter = limiter(Limit.of(3, period).burst(3).by(algorithm));
        String key = limiter.under(algorithm.name());
        RedisServer server = owner(key);
        long ahead = server.micros() + Duration.ofHours(1).toNanos() / 1_000;
        long window = ahead / (period.toNanos() / 1_000);
        switch (algorithm) {
            case GCRA -> server.command("SET", key, "3|" + ahead);
            case SLIDING_LOG -> {
                for (int i = 0; i < 3; i++) {
                    server.command("ZADD", key, ahead + i, ahead + i);
                }
            }
            case SLIDING_COUNTER -> server.command("SET", key, 20 * window + ":3");
            case FIXED_WINDOW -> server.command("SET", key, window + "|3");
        }
        long start = System.nanoTime();
        int tries = 0;
        while (!limiter.tryAcquire(algorithm.name()).await().allowed()) {
            assertThat((Long) server.command("PTTL", key)).as("it has an end").isNotEqualTo(-1);
            RedisServer.awaitTime(Duration.ofMillis(20));
            tries++;
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
        }
        assertThat(tries).as("what was granted before counts").isPositive();
    }

    @Test
    void aDebtOfAgesIsToldAsFarAsCanBeTold() {
        RateLimiter limiter =
                RateLimiter.on(redis(), name, Limit.of(1, Duration.ofDays(366)).burst(1_000_000));
        assertThat(limiter.tryAcquire("k", 1_000_000).await().allowed()).isTrue();
        Decision refused = limiter.tryAcquire("k", 1_000_000).await();
        assertThat(refused.allowed()).isFalse();
        assertThat(refused.retryAfter()).isGreaterThan(Duration.ofDays(36_500));
        assertThat(limiter.tryAcquire("k", 1_000_000).await().allowed()).isFalse();
    }

    @Test
    void whatIsRefusedIsNotCounted() {
        RateLimiter limiter = limiter(ofFive(Algorithm.SLIDING_LOG));
        for (int i = 0; i < 50; i++) {
            limiter.tryAcquire("k").await();
        }
        assertThat(owner(limiter.under("k")).command("ZCARD", limiter.under("k")))
                .isEqualTo(5L);
    }

    @Test
    void whileItIsKnownToBeSpentRedisIsNotAsked() {
        RateLimiter limiter =
                RateLimiter.on(redis(), name, Limit.of(2, Duration.ofSeconds(2)).burst(2));
        limiter.tryAcquire("k", 2).await();
        Decision asked = limiter.tryAcquire("k", 1).await();
        assertThat(asked.allowed()).isFalse();
        long calls = redis().calls();
        Decision known = limiter.tryAcquire("k", 2).await();
        assertThat(known.allowed()).isFalse();
        assertThat(known.retryAfter()).isLessThanOrEqualTo(asked.retryAfter());
        assertThat(redis().calls()).isEqualTo(calls);
        assertThat(limiter.localRefusals()).isEqualTo(1);
        assertThat(limiter.tryAcquire("another").await().allowed()).isTrue();
        RedisServer.awaitTime(asked.retryAfter());
        assertThat(limiter.tryAcquire("k", 1).await().allowed()).isTrue();
    }

    @Test
    void oneWaitsForAPermitOrIsToldThatItIsNotToBeHadInTime() {
        RateLimiter limiter = RateLimiter.on(
                redis(), name, Limit.of(10, Duration.ofSeconds(1)).burst(1));
        long start = System.nanoTime();
        for (int i = 0; i < 4; i++) {
            assertThat(limiter.acquire("k", 1, Duration.ofSeconds(20)).await().allowed())
                    .isTrue();
        }
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(290));
        assertThatThrownBy(() -> limiter.acquire("k", 1, Duration.ofMillis(1)).await())
                .isInstanceOfSatisfying(
                        RateLimitedException.class,
                        e -> assertThat(e.retryAfter()).isPositive());
        Answer<Decision> cancelled = limiter.acquire("k", 1, Duration.ofSeconds(20));
        cancelled.cancel(true);
        assertThatThrownBy(cancelled::join).isInstanceOf(CancellationException.class);
    }

    @Test
    void itThrottlesTheLoaderOfACache() {
        RateLimiter limiter = RateLimiter.on(redis(), name, Limit.of(2, HOUR).burst(2));
        AtomicInteger loads = new AtomicInteger();
        try (Cache<String, Integer> cache = Cache.<String, Integer>builder(name)
                .near(Near.maximumSize(10))
                .freshFor(HOUR)
                .loader(limiter.throttling("source", Duration.ZERO, key -> loads.incrementAndGet()))
                .build()) {
            assertThat(cache.get("a")).isEqualTo(1);
            assertThat(cache.get("b")).isEqualTo(2);
            assertThatThrownBy(() -> cache.get("c"))
                    .satisfiesAnyOf(
                            e -> assertThat(e).isInstanceOf(RateLimitedException.class),
                            e -> assertThat(e)
                                    .isInstanceOf(LoadFailedException.class)
                                    .hasCauseInstanceOf(RateLimitedException.class));
            assertThat(cache.get("a")).isEqualTo(1);
            assertThat(loads).hasValue(2);
        }
    }

    @Test
    void badInputIsRefusedClearly() {
        for (int bad : List.of(0, -1, 1_000_001)) {
            assertThatThrownBy(() -> Limit.perSecond(bad)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> Limit.perSecond(1).burst(bad)).isInstanceOf(IllegalArgumentException.class);
        }
        for (Duration bad : List.of(Duration.ZERO, Duration.ofSeconds(-1), Duration.ofDays(400))) {
            assertThatThrownBy(() -> Limit.of(1, bad)).isInstanceOf(IllegalArgumentException.class);
        }
        RateLimiter limiter = limiter(Limit.perSecond(100));
        for (int bad : List.of(0, -1, 11)) {
            assertThatThrownBy(() -> limiter.tryAcquire("k", bad)).isInstanceOf(IllegalArgumentException.class);
        }
        for (String bad : List.of("", "a}b", "ä", "a b")) {
            assertThatThrownBy(() -> limiter.tryAcquire(bad)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> RateLimiter.on(redis(), bad, Limit.perSecond(1)))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> limiter.acquire("k", 1, Duration.ofSeconds(-1)))
                .isInstanceOf(IllegalArgumentException.class);
        owner(limiter.under("k")).command("LPUSH", limiter.under("k"), "x");
        assertThatThrownBy(() -> limiter.tryAcquire("k").await())
                .isInstanceOfSatisfying(
                        RedisCallException.class,
                        e -> assertThat(e.reason()).isEqualTo(RedisCallException.Reason.WRONG_TYPE));
    }
}
