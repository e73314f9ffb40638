package dev.terrace.cache.redis;

import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheBuilder;
import dev.terrace.cache.CacheContract;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.testkit.RedisServer;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The contract on a real server, in its time. */
abstract class RedisCacheContract extends CacheContract {

    private static RedisServer redis;
    private static RedisFarTier far;
    private static RedisFarTier byNotices;

    @BeforeAll
    static void startServer() {
        redis = RedisServer.start();
        far = RedisFarTier.connect(redis.uri());
        byNotices = RedisFarTier.builder()
                .uri(redis.uri())
                .coherence(RedisCoherence.NOTICES)
                .build();
    }

    @AfterAll
    static void stopServer() {
        far.close();
        byNotices.close();
        redis.close();
    }

    static CacheBuilder<String, String> onRedis(String cache) {
        return Cache.<String, String>builder(cache).far(far, StringCodec.utf8());
    }

    static CacheBuilder<String, String> onRedisByNotices(String cache) {
        return Cache.<String, String>builder(cache).far(byNotices, StringCodec.utf8());
    }

    @Override
    protected final boolean movesTime() {
        return false;
    }

    @Override
    protected final void advance(Duration time) {
        RedisServer.awaitTime(time.plusMillis(20));
    }

    @Override
    protected final Duration moment() {
        return Duration.ofMillis(60);
    }
}
