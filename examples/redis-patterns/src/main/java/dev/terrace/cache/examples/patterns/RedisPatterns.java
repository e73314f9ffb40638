package dev.terrace.cache.examples.patterns;

import dev.terrace.cache.redis.SharedRedis;
import java.io.IOException;

/** Runs the walkthrough against a Redis of its own. */
public final class RedisPatterns {

    private RedisPatterns() {}

    /** Takes no arguments. */
    public static void main(String[] args) throws IOException {
        try (PrivateRedis server = PrivateRedis.start();
                SharedRedis redis = SharedRedis.connect(server.uri())) {
            new Walkthrough(redis, System.out).run();
        }
    }
}
