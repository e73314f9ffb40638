package dev.terrace.cache.redis;

import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.protocol.AsyncCommand;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/** The connection to one server, or to whichever one the sentinels name. */
record SingleWire(Client client, RedisConnection connection, Runnable onClose) implements Wire {

    /** One of its own. */
    static SingleWire open(Client client) {
        RedisConnection connection = new RedisConnection(client.server(), client, 1);
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
    public String node() {
        return client.node();
    }

    @Override
    public <T> CompletionStage<T> call(
            long valueBytes,
            Function<? super RedisClusterAsyncCommands<String, byte[]>, ? extends CompletionStage<T>> operation) {
        return connection.call(session -> session.call(valueBytes, operation));
    }

    @Override
    public List<CompletableFuture<List<Object>>> batch(List<Pipeline.Entry> entries) {
        List<AsyncCommand<String, byte[], List<Object>>> commands = new ArrayList<>(entries.size());
        long bytes = 0;
        for (Pipeline.Entry entry : entries) {
            commands.add(entry.command());
            bytes += entry.bytes();
        }
        long size = bytes;
        connection
                .call(session -> {
                    session.sendInOrder(commands, size);
                    return CompletableFuture.completedFuture(true);
                })
                .whenComplete((sent, failure) -> {
                    if (failure != null) {
                        commands.forEach(command -> command.completeExceptionally(failure));
                    }
                });
        return List.copyOf(commands);
    }

    @Override
    public CompletionStage<StatefulRedisPubSubConnection<String, byte[]>> dialPubSub() {
        return client.dialPubSub();
    }

    @Override
    public CompletionStage<BooleanSupplier> identify(StatefulRedisPubSubConnection<String, byte[]> listening) {
        RedisSession session = new RedisSession(listening, (lost, reason) -> {});
        return session.identify().thenApply(known -> () -> connection.isApartFrom(session));
    }

    @Override
    public void leave(String reason) {
        connection.leave(reason);
    }

    @Override
    public CompletionStage<String> over(StatefulConnection<?, ?> connection) {
        return client.over(connection);
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
