package dev.terrace.cache.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.Cache;
import dev.terrace.cache.Near;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.redis.RedisFarTier;
import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.redis.event.ChannelEvents;
import dev.terrace.cache.redis.event.StreamEvents;
import dev.terrace.cache.redis.structure.EventLog;
import dev.terrace.cache.spi.InvalidationSource;
import dev.terrace.cache.testkit.RedisServer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Changes that others tell of through Redis, and a cache whose far tier is another Redis, which may be away. */
final class RedisEventInvalidationTest {

    private final RedisServer changes = RedisServer.start();
    private final RedisServer server = RedisServer.start();
    private final SharedRedis redis = SharedRedis.connect(changes.uri()).withBudget(Duration.ofSeconds(5));
    private final RedisFarTier far = RedisFarTier.connect(server.uri());
    private final Cache<String, String> cache = Cache.<String, String>builder("products")
            .near(Near.maximumSize(100))
            .far(far, StringCodec.utf8())
            .farBudget(Duration.ofMillis(500))
            .freshFor(Duration.ofMinutes(5))
            .build();

    @AfterEach
    void close() {
        cache.close();
        far.close();
        redis.close();
        server.close();
        changes.close();
    }

    private EventInvalidation invalidating(InvalidationSource<String> source) {
        return EventInvalidation.of(cache, source, (key, changed) -> changed.key(key));
    }

    private static void eventually(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(40);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - end).as("in good time: " + what).isNegative();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }

    @Test
    void anEventOfAStreamIsAcknowledgedWhenTheFarTierHasTakenIt() {
        EventLog<String> log = EventLog.on(redis, "changes", StringCodec.utf8(), 1_000);
        StreamEvents<String> source =
                StreamEvents.of(redis, "changes", StringCodec.utf8()).every(Duration.ofMillis(5));
        try (EventInvalidation invalidation = invalidating(source)) {
            cache.put("a", "1");
            log.append("a").await();
            eventually("it is invalidated", () -> cache.getIfPresent("a") == null);
            eventually("it is acknowledged", () -> isSeen(log));
            cache.put("b", "1");
            server.freeze();
            log.append("b").await();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1_500));
            assertThat(isSeen(log)).isFalse();
            server.thaw();
            eventually("it is acknowledged", () -> isSeen(log));
            assertThat(cache.getIfPresent("b")).isNull();
            assertThat(invalidation).isNotNull();
        }
    }

    private boolean isSeen(EventLog<String> log) {
        return log.last(1).await().get(0).id().equals(changes.text("GET", "seen:products:changes"));
    }

    @Test
    void whereAChannelWasNotHeardEverythingIsInvalidated() {
        try (EventInvalidation invalidation = invalidating(ChannelEvents.of(redis, "changes", StringCodec.utf8()))) {
            cache.put("a", "1");
            cache.put("b", "1");
            changes.command("PUBLISH", "changes", "a");
            eventually("it is invalidated", () -> cache.getIfPresent("a") == null);
            assertThat(cache.getIfPresent("b")).isEqualTo("1");
            changes.command("CLIENT", "KILL", "TYPE", "pubsub");
            eventually("everything is invalidated", () -> cache.getIfPresent("b") == null);
            assertThat(invalidation).isNotNull();
        }
    }
}
