package dev.terrace.cache.examples.storefront;

import dev.terrace.cache.redis.RedisFarTier;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the nodes of the shop share: nothing, or a Redis to which each has a connection. */
final class SharedTier implements AutoCloseable {

    private final @Nullable RedisProcess process;
    private final List<RedisFarTier> connections;

    private SharedTier(@Nullable RedisProcess process, List<RedisFarTier> connections) {
        this.process = process;
        this.connections = connections;
    }

    static SharedTier of(Options options) {
        if (!options.redis()) {
            return new SharedTier(null, List.of());
        }
        String uri = options.redisUri();
        if (uri != null) {
            return new SharedTier(null, twoConnections(uri));
        }
        RedisProcess process = RedisProcess.start();
        return new SharedTier(process, twoConnections(process.uri()));
    }

    private static List<RedisFarTier> twoConnections(String uri) {
        return List.of(RedisFarTier.connect(uri), RedisFarTier.connect(uri));
    }

    /** One for each node that is to share the tier; none if there is nothing to share. */
    List<RedisFarTier> connections() {
        return connections;
    }

    @Override
    public void close() {
        connections.forEach(RedisFarTier::close);
        if (process != null) {
            process.close();
        }
    }
}
