package dev.terrace.cache.benchmarks;

import io.lettuce.core.LettuceFutures;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.codec.StringCodec;
import java.util.Map;

/** Lettuce as an application uses it without a cache library: one shared connection, its defaults. */
final class RawRedis implements AutoCloseable {

    private final RedisClient client = RedisClient.create(RedisAddress.get());
    private final StatefulRedisConnection<String, byte[]> connection =
            client.connect(RedisCodec.of(StringCodec.UTF8, ByteArrayCodec.INSTANCE));

    /** Removes what the contender before has left. */
    static void flush() {
        try (RawRedis redis = new RawRedis()) {
            redis.sync().flushall();
        }
    }

    static String serverVersion() {
        try (RawRedis redis = new RawRedis()) {
            return redis.info("server", "redis_version");
        }
    }

    RedisCommands<String, byte[]> sync() {
        return connection.sync();
    }

    RedisAsyncCommands<String, byte[]> async() {
        return connection.async();
    }

    /** Stores values at once. */
    void setAll(Map<String, byte[]> values) {
        RedisFuture<?>[] replies = values.entrySet().stream()
                .map(entry -> async().set(entry.getKey(), entry.getValue()))
                .toArray(RedisFuture[]::new);
        if (!LettuceFutures.awaitAll(Far.BUDGET, replies)) {
            throw new IllegalStateException("SETs took longer than " + Far.BUDGET);
        }
    }

    /** A field of the server's INFO. */
    String info(String section, String field) {
        return sync().info(section)
                .lines()
                .filter(line -> line.startsWith(field + ":"))
                .map(line -> line.substring(field.length() + 1).strip())
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("INFO " + section + " has no " + field));
    }

    @Override
    public void close() {
        connection.close();
        client.shutdown();
    }
}
