package dev.terrace.cache.redis;

import io.lettuce.core.RedisException;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.SlotHash;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.cluster.models.partitions.RedisClusterNode;
import io.lettuce.core.protocol.AsyncCommand;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connections to the nodes of a cluster, made by a client of the application with its options; the driver follows slots
 * and revives connections. Where the first connection fails, the next call tries again.
 */
final class ClusterWire implements Wire {

    private static final Logger LOG = LoggerFactory.getLogger("dev.terrace.cache.redis");

    /** What may be unanswered: a cluster that hangs must not fill the heap. */
    private static final long MOST_UNANSWERED_BYTES = 64L << 20;

    private static final long CALL_BYTES = 1_024;
    private static final String NO_CLUSTER = "-";
    private static final String SERVER = "a cluster of Redis (the application's client)";

    private final RedisClusterClient client;
    private final Runnable onClose;
    private final AtomicReference<@Nullable CompletableFuture<StatefulRedisClusterConnection<String, byte[]>>> dialed =
            new AtomicReference<>();
    private final AtomicLong unansweredBytes = new AtomicLong();
    private volatile boolean closed;

    /** @param onClose ends what is not the application's */
    ClusterWire(RedisClusterClient client, Runnable onClose) {
        this.client = client;
        this.onClose = onClose;
    }

    @Override
    public String server() {
        return SERVER;
    }

    @Override
    public <T> CompletionStage<T> call(
            long valueBytes,
            Function<? super RedisClusterAsyncCommands<String, byte[]>, ? extends CompletionStage<T>> operation) {
        if (closed) {
            return CompletableFuture.failedFuture(new IllegalStateException(SERVER + " is closed"));
        }
        long weight = valueBytes + CALL_BYTES;
        if (unansweredBytes.addAndGet(weight) > MOST_UNANSWERED_BYTES) {
            unansweredBytes.addAndGet(-weight);
            return CompletableFuture.failedFuture(new RedisException("too much is unanswered by the cluster already"));
        }
        CompletableFuture<StatefulRedisClusterConnection<String, byte[]>> connection = connection();
        CompletionStage<T> reply;
        if (connection.isDone() && !connection.isCompletedExceptionally()) {
            reply = apply(operation, connection.join());
        } else {
            reply = connection.thenCompose(first -> apply(operation, first));
        }
        reply.whenComplete((answer, failure) -> unansweredBytes.addAndGet(-weight));
        return reply;
    }

    private static <T> CompletionStage<T> apply(
            Function<? super RedisClusterAsyncCommands<String, byte[]>, ? extends CompletionStage<T>> operation,
            StatefulRedisClusterConnection<String, byte[]> connection) {
        try {
            return operation.apply(connection.async());
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** Each node is sent its own at once; what it does not have any more goes where the driver finds it. */
    @Override
    public List<CompletableFuture<List<Object>>> batch(List<Pipeline.Entry> entries) {
        List<CompletableFuture<List<Object>>> replies = new ArrayList<>(entries.size());
        entries.forEach(entry -> replies.add(new CompletableFuture<>()));
        if (closed) {
            fail(replies, new IllegalStateException(SERVER + " is closed"));
            return replies;
        }
        long bytes = 0;
        for (Pipeline.Entry entry : entries) {
            bytes += entry.bytes() + CALL_BYTES;
        }
        long weight = bytes;
        if (unansweredBytes.addAndGet(weight) > MOST_UNANSWERED_BYTES) {
            unansweredBytes.addAndGet(-weight);
            fail(replies, new RedisException("too much is unanswered by the cluster already"));
            return replies;
        }
        CompletableFuture.allOf(replies.toArray(CompletableFuture[]::new))
                .whenComplete((all, failure) -> unansweredBytes.addAndGet(-weight));
        connection().whenComplete((connection, failure) -> {
            if (failure != null) {
                fail(replies, failure);
                return;
            }
            Map<String, List<Integer>> byNode = new HashMap<>();
            for (int i = 0; i < entries.size(); i++) {
                RedisClusterNode node = client.getPartitions()
                        .getPartitionBySlot(SlotHash.getSlot(entries.get(i).key()));
                byNode.computeIfAbsent(node == null ? "" : node.getNodeId(), first -> new ArrayList<>())
                        .add(i);
            }
            byNode.forEach((node, numbers) -> send(connection, node, numbers, entries, replies));
        });
        return replies;
    }

    private static void fail(List<CompletableFuture<List<Object>>> replies, Throwable failure) {
        replies.forEach(reply -> reply.completeExceptionally(failure));
    }

    private static void send(
            StatefulRedisClusterConnection<String, byte[]> cluster,
            String node,
            List<Integer> numbers,
            List<Pipeline.Entry> entries,
            List<CompletableFuture<List<Object>>> replies) {
        if (node.isEmpty()) {
            numbers.forEach(number -> redirected(cluster, entries.get(number), replies.get(number)));
            return;
        }
        cluster.getConnectionAsync(node).whenComplete((connection, failure) -> {
            if (failure != null) {
                numbers.forEach(number -> redirected(cluster, entries.get(number), replies.get(number)));
                return;
            }
            List<AsyncCommand<String, byte[], List<Object>>> commands = new ArrayList<>(numbers.size());
            for (int number : numbers) {
                AsyncCommand<String, byte[], List<Object>> command =
                        entries.get(number).command();
                command.whenComplete((reply, refused) -> {
                    if (refused != null && isElsewhere(refused)) {
                        redirected(cluster, entries.get(number), replies.get(number));
                    } else {
                        Outcome.give(replies.get(number), reply, refused);
                    }
                });
                commands.add(command);
            }
            connection.dispatch(commands);
        });
    }

    private static boolean isElsewhere(Throwable refused) {
        String message = String.valueOf(refused.getMessage());
        return message.startsWith("MOVED") || message.startsWith("ASK");
    }

    private static void redirected(
            StatefulRedisClusterConnection<String, byte[]> cluster,
            Pipeline.Entry entry,
            CompletableFuture<List<Object>> reply) {
        AsyncCommand<String, byte[], List<Object>> again = entry.command();
        again.whenComplete((value, failure) -> Outcome.give(reply, value, failure));
        cluster.dispatch(again);
    }

    private CompletableFuture<StatefulRedisClusterConnection<String, byte[]>> connection() {
        CompletableFuture<StatefulRedisClusterConnection<String, byte[]>> known = dialed.get();
        if (known != null && !known.isCompletedExceptionally()) {
            return known;
        }
        CompletableFuture<StatefulRedisClusterConnection<String, byte[]>> next = new CompletableFuture<>();
        if (!dialed.compareAndSet(known, next)) {
            return connection();
        }
        try {
            client.refreshPartitionsAsync()
                    .thenCompose(done -> client.connectAsync(KeysAndBytes.CODEC))
                    .whenComplete((connection, failure) -> {
                        if (failure != null) {
                            next.completeExceptionally(failure);
                        } else if (closed) {
                            connection.closeAsync();
                            next.completeExceptionally(new IllegalStateException(SERVER + " is closed"));
                        } else {
                            next.complete(connection);
                        }
                    });
        } catch (RuntimeException e) {
            next.completeExceptionally(e);
        }
        return next;
    }

    @Override
    public CompletionStage<? extends StatefulRedisPubSubConnection<String, byte[]>> dialPubSub() {
        return connection().thenCompose(first -> client.connectPubSubAsync(KeysAndBytes.CODEC));
    }

    /** What one node of a cluster is told all of them tell; so any will do, of the cluster that calls go to. */
    @Override
    public CompletionStage<BooleanSupplier> identify(StatefulRedisPubSubConnection<String, byte[]> listening) {
        CompletionStage<String> name = listening.async().clusterMyId().exceptionally(ClusterWire::unlessUnsaid);
        CompletionStage<String> members = connection()
                .thenCompose(calls -> calls.async().clusterNodes())
                .exceptionally(ClusterWire::unlessUnsaid);
        return name.thenCombine(members, (one, all) -> {
            boolean isApart = one.equals(NO_CLUSTER) || !(all.isEmpty() || all.contains(one));
            return () -> isApart;
        });
    }

    /** Nothing, where a node does not say; which is another thing than to be alone. */
    private static String unlessUnsaid(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (!RedisSession.isForGood(cause)) {
            throw new CompletionException(cause);
        }
        return String.valueOf(cause.getMessage()).contains("cluster support disabled") ? NO_CLUSTER : "";
    }

    /** The driver looks after connections for calls. */
    @Override
    public void leave(String reason) {
        LOG.warn("{}: {}; connecting again", SERVER, reason);
    }

    @Override
    public ScheduledExecutorService timer() {
        return client.getResources().eventExecutorGroup();
    }

    @Override
    public void close() {
        closed = true;
        CompletableFuture<StatefulRedisClusterConnection<String, byte[]>> known = dialed.get();
        if (known != null) {
            known.thenAccept(StatefulRedisClusterConnection::closeAsync);
        }
        onClose.run();
    }
}
