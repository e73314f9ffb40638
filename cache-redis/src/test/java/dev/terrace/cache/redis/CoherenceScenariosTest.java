package dev.terrace.cache.redis;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;

/** On one server. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class CoherenceScenariosTest extends TrackingScenarios {

    private final Deployed server = Deployed.alone(RedisCoherence.TRACKING);

    @Override
    Deployed deployed() {
        return server;
    }

    @AfterAll
    void stopServer() {
        server.close();
    }
}
