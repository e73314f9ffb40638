package dev.terrace.cache.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.spi.FarTier;
import dev.terrace.cache.testkit.FarTierContract;
import dev.terrace.cache.testkit.RedisServer;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

/** The far tier's contract, on a real server. */
final class RedisFarTierContractTest extends FarTierContract {

    private static RedisServer redis;

    @BeforeAll
    static void startServer() {
        redis = RedisServer.start();
    }

    @AfterAll
    static void stopServer() {
        redis.close();
    }

    @BeforeEach
    void empty() {
        assertThat(redis.command("FLUSHALL")).isEqualTo("OK");
    }

    @Override
    protected FarTier newTier() {
        return RedisFarTier.connect(redis.uri());
    }

    @Override
    protected void plant(String cache, String key, byte[] bytes) {
        redis.command("SET", recordKey(cache, key), bytes);
    }

    @Override
    protected void delete(String cache, String key) {
        assertThat(redis.command("DEL", recordKey(cache, key))).isEqualTo(1L);
    }

    @Override
    protected void advance(Duration time) {
        RedisServer.awaitTime(time);
    }

    @Override
    protected long serverMicros() {
        return redis.micros();
    }

    @Override
    protected void freeze() {
        redis.freeze();
    }

    @Override
    protected void thaw() {
        redis.thaw();
    }

    private static String recordKey(String cache, String key) {
        return "t:{" + cache + ":" + key + "}";
    }
}
