package dev.terrace.cache.redis;

import dev.terrace.cache.spi.ServerStatistics;
import io.lettuce.core.cluster.api.async.AsyncExecutions;
import io.lettuce.core.cluster.api.async.RedisAdvancedClusterAsyncCommands;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.cluster.models.partitions.RedisClusterNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What {@code INFO} says of a Redis, or of each node of a cluster, replicas too. Its numbers are of the whole server, not of one
 * application. Thread-safe.
 */
public final class RedisStatistics implements ServerStatistics.Source {

    private static final Pattern KEYS = Pattern.compile("(?m)^db\\d+:keys=(\\d+)");

    private final SharedRedis redis;

    private RedisStatistics(SharedRedis redis) {
        this.redis = redis;
    }

    /** Of the servers behind a connection, which stays open; {@link RedisFarTier#shared} is that of a far tier. */
    public static RedisStatistics of(SharedRedis redis) {
        return new RedisStatistics(Objects.requireNonNull(redis, "redis"));
    }

    /** Blocks for the connection's budget at most. */
    @Override
    public List<ServerStatistics> read() {
        return redis.call("server", "info", this::askAll).await();
    }

    private CompletionStage<List<ServerStatistics>> askAll(RedisClusterAsyncCommands<String, byte[]> commands) {
        return commands instanceof RedisAdvancedClusterAsyncCommands<String, byte[]> cluster
                ? ofNodes(cluster.all().commands().info())
                : commands.info().thenApply(info -> List.of(parse(redis.node(), info)));
    }

    private static CompletionStage<List<ServerStatistics>> ofNodes(AsyncExecutions<String> answers) {
        List<CompletableFuture<ServerStatistics>> nodes = new ArrayList<>();
        for (RedisClusterNode node : answers.nodes()) {
            String name = node.getUri().getHost() + ":" + node.getUri().getPort();
            nodes.add(answers.get(node).thenApply(info -> parse(name, info)).toCompletableFuture());
        }
        return CompletableFuture.allOf(nodes.toArray(CompletableFuture[]::new))
                // Some answer while others are down; only where none does, that is the answer.
                .handle((done, failure) -> {
                    List<ServerStatistics> answered = nodes.stream()
                            .filter(node -> !node.isCompletedExceptionally())
                            .map(CompletableFuture::join)
                            .toList();
                    return answered.isEmpty() && failure != null
                            ? CompletableFuture.<List<ServerStatistics>>failedFuture(failure)
                            : CompletableFuture.completedFuture(answered);
                })
                .thenCompose(answered -> answered);
    }

    static ServerStatistics parse(String node, String info) {
        Map<String, String> fields = new HashMap<>();
        info.lines().forEach(line -> {
            int colon = line.indexOf(':');
            if (colon > 0) {
                fields.put(line.substring(0, colon), line.substring(colon + 1).strip());
            }
        });
        long keys = 0;
        Matcher matcher = KEYS.matcher(info);
        while (matcher.find()) {
            keys += Long.parseLong(matcher.group(1));
        }
        return new ServerStatistics(
                node,
                new ServerStatistics.Lookups(number(fields, "keyspace_hits"), number(fields, "keyspace_misses")),
                new ServerStatistics.Keys(keys, number(fields, "evicted_keys"), number(fields, "expired_keys")),
                new ServerStatistics.Memory(number(fields, "used_memory"), number(fields, "maxmemory")),
                number(fields, "connected_clients"),
                number(fields, "total_commands_processed"));
    }

    private static long number(Map<String, String> fields, String name) {
        return Long.parseLong(fields.getOrDefault(name, "0"));
    }

    @Override
    public String toString() {
        return redis.toString();
    }
}
