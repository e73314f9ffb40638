package dev.terrace.cache.redis;

import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Function;

/** The connection to one server, or to whichever one the sentinels name when it is made. */
record SingleWire(Client client, RedisConnection connection, Runnable onClose) implements Wire {

    /** One of its own. */
    static SingleWire open(Client client) {
        RedisConnection connection = new RedisConnection(client.server(), client);
        connection.start();
        return new SingleWire(client, connection, () -> {
            connection.close();
            client.shutdown();
        });
    }

    @Override
    public String server() {
        return client.server();
    }

    @Override
    public <T> CompletionStage<T> call(
            long valueBytes,
            Function<? super RedisClusterAsyncCommands<String, byte[]>, ? extends CompletionStage<T>> operation) {
        return connection.call(session -> session.call(valueBytes, operation));
    }

    @Override
    public CompletionStage<StatefulRedisPubSubConnection<String, byte[]>> dialPubSub() {
        return client.dialPubSub();
    }

    @Override
    public ScheduledExecutorService timer() {
        return client.timer();
    }

    @Override
    public void close() {
        onClose.run();
    }
}
