package dev.terrace.cache.redis;

import dev.terrace.cache.spi.FarStore;
import io.lettuce.core.RedisURI;
import io.lettuce.core.cluster.ClusterClientOptions;
import io.lettuce.core.cluster.RedisClusterClient;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The primaries of a cluster. */
final class ClusterDeployment implements Deployment {

    private static final Duration SHUTDOWN_LIMIT = Duration.ofSeconds(2);

    private final String server;
    private final ClusterServers.Clients clients;
    private final ClusterServers servers;
    private final RedisClusterClient shared;
    private final boolean ownsShared;

    /** @param given a client of the application, which knows the nodes; null where the seeds do */
    ClusterDeployment(
            String server,
            List<RedisURI> seeds,
            ClusterServers.Clients clients,
            PerServer each,
            @Nullable RedisClusterClient given) {
        this.server = server;
        this.clients = clients;
        this.ownsShared = given == null;
        this.shared = given == null ? RedisClusterClient.create(clients.data().resources(), seeds) : given;
        if (given == null) {
            shared.setOptions(ClusterClientOptions.builder()
                    .sslOptions(clients.data().options().getSslOptions())
                    .build());
        }
        this.servers = new ClusterServers(
                server,
                clients,
                each,
                () -> given == null ? CompletableFuture.completedFuture(seeds) : Client.onThread(() -> nodes(given)));
    }

    private static List<RedisURI> nodes(RedisClusterClient given) {
        return given.getPartitions().stream().map(node -> node.getUri()).toList();
    }

    @Override
    public String server() {
        return server;
    }

    @Override
    public void start() {
        servers.start();
    }

    @Override
    public FarStore open(RedisKeys keys, Duration budget, Runnable onClose) {
        servers.expectBudget(budget);
        boolean told = servers.coherence() != RedisCoherence.COMPARISON;
        return new ClusterFarStore(servers, keys, budget, told ? new ClusterFeed(servers, keys) : null, onClose);
    }

    @Override
    public Wire wire() {
        return new ClusterWire(shared, this::close);
    }

    private void close() {
        servers.close();
        if (ownsShared) {
            shared.shutdown(0, SHUTDOWN_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        }
        clients.data().shutdown();
        if (clients.link() != clients.data()) {
            clients.link().shutdown();
        }
    }
}
