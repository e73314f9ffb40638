package dev.terrace.cache.redis;

import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/** How operations reach Redis, be it one server or a cluster. Nothing blocks; calls never throw. */
interface Wire {

    /** Its name for messages, without credentials. */
    String server();

    /** The server that is asked now, as host and port where they are known; without credentials. */
    default String node() {
        return server();
    }

    /**
     * Makes a call. Fails at once where there is no connection.
     *
     * @param valueBytes how many bytes of values it carries
     */
    <T> CompletionStage<T> call(
            long valueBytes,
            Function<? super RedisClusterAsyncCommands<String, byte[]>, ? extends CompletionStage<T>> operation);

    /** Sends commands together; a future for each. */
    List<CompletableFuture<List<Object>>> batch(List<Pipeline.Entry> entries);

    /** Makes a new connection that listens to channels. Takes as long as the client's options say at most. */
    CompletionStage<? extends StatefulRedisPubSubConnection<String, byte[]>> dialPubSub();

    /**
     * Learns which server such a connection reached, before it listens to anything; fails where that cannot be asked now.
     *
     * @return whether calls go to another one at the moment, as far as servers say
     */
    CompletionStage<BooleanSupplier> identify(StatefulRedisPubSubConnection<String, byte[]> connection);

    /** A connection that was just made reached another server than calls go to: they go where new connections go, if that can be. */
    void leave(String reason);

    /** As {@link RedisConnection.Dialer#over}, for such a connection. */
    default CompletionStage<String> over(StatefulConnection<?, ?> connection) {
        return new CompletableFuture<>();
    }

    /** Where pauses are waited for. */
    ScheduledExecutorService timer();

    /** Ends what it owns. Blocks for some seconds at most. */
    void close();
}
