package dev.terrace.cache.redis;

import dev.terrace.cache.TwoNodeScenarios;
import dev.terrace.cache.spi.FarTier;
import dev.terrace.cache.testkit.RedisServer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;

/** The scenarios against a real Redis. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class RedisScenariosTest extends TwoNodeScenarios {

    private final RedisServer server = RedisServer.start();

    @Override
    protected String variant() {
        return "redis";
    }

    @Override
    protected FarTier connect() {
        return RedisFarTier.connect(server.uri());
    }

    @Override
    protected void freeze() {
        server.freeze();
    }

    @Override
    protected void thaw() {
        server.thaw();
    }

    @AfterAll
    void stopServer() {
        server.close();
    }
}
