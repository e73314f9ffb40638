package dev.terrace.cache.redis;

import dev.terrace.cache.spi.FarStore;
import java.time.Duration;

/** One server, or whichever one the sentinels name. */
final class OneServer implements Deployment {

    private final Client client;
    private final Client linkClient;
    private final RedisConnection connection;
    private final RedisLink link;
    private final RedisCoherence coherence;

    /** @param linkClient connects the link; the same, but for tests */
    OneServer(Client client, Client linkClient, PerServer each) {
        this.client = client;
        this.linkClient = linkClient;
        this.coherence = each.coherence();
        this.connection = new RedisConnection(client.server(), client, each.connections());
        this.link = new RedisLink(connection, linkClient, new RedisLink.Place(each.coherence(), false));
        connection.onNewSession(link::renew);
    }

    @Override
    public String server() {
        return client.server();
    }

    @Override
    public void start() {
        connection.start();
    }

    @Override
    public FarStore open(RedisKeys keys, Duration budget, Runnable onClose) {
        connection.expectBudget(budget);
        boolean told = coherence != RedisCoherence.COMPARISON;
        return new RedisFarStore(keys, connection, told ? link.feed(keys) : null, budget, onClose);
    }

    @Override
    public Wire wire() {
        return new SingleWire(client, connection, this::close);
    }

    private void close() {
        link.close();
        connection.close();
        client.shutdown();
        if (linkClient != client) {
            linkClient.shutdown();
        }
    }
}
