package dev.terrace.cache.redis;

import dev.terrace.cache.spi.FarStore;
import dev.terrace.cache.spi.FarTier;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.ClientOptions.DisconnectedBehavior;
import io.lettuce.core.MaintNotificationsConfig;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.Delay;
import io.lettuce.core.resource.NettyCustomizer;
import io.netty.channel.Channel;
import io.netty.handler.flush.FlushConsolidationHandler;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/**
 * A far tier in one Redis (6.2 or newer), through Lettuce: all caches share one pipelined connection. Thread-safe; nothing
 * blocks but {@link #close}.
 *
 * <p>The connection is made in the background when it is first needed, and again whenever it is lost, so that an application
 * starts and runs while Redis is down: until then operations fail at once, and caches answer from their loaders.
 */
public final class RedisFarTier implements FarTier {

    private static final Duration CLOSE_DEADLINE = Duration.ofSeconds(2);
    private static final int FLUSHES_IN_ONE = 256;
    private static final int REQUEST_QUEUE = 32_768;

    private final String description;
    private final RedisConnection connection;
    private final RedisClock clock = new RedisClock();
    private final Runnable shutdown;
    private final Set<String> open = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean closed = new AtomicBoolean();

    private RedisFarTier(
            String description,
            Supplier<CompletionStage<StatefulRedisConnection<String, byte[]>>> connector,
            Runnable shutdown) {
        this.description = description;
        this.connection = new RedisConnection(description, connector, clock);
        this.shutdown = shutdown;
        connection.warmUp();
    }

    /**
     * A tier with a client of its own, which {@link #close} shuts down.
     *
     * @param uri such as {@code redis://user:password@host:6379/0} or {@code rediss://…} for TLS
     * @throws IllegalArgumentException if the URI is not one of Redis
     */
    public static RedisFarTier connect(String uri) {
        return connect(RedisURI.create(Objects.requireNonNull(uri, "uri")));
    }

    /** A tier with a client of its own, which {@link #close} shuts down. */
    public static RedisFarTier connect(RedisURI uri) {
        Objects.requireNonNull(uri, "uri");
        ClientResources resources = ClientResources.builder()
                .reconnectDelay(
                        Delay.fullJitter(Duration.ofMillis(20), Duration.ofMillis(500), 20, TimeUnit.MILLISECONDS))
                .nettyCustomizer(new FlushTogether())
                .build();
        RedisClient client = RedisClient.create(resources);
        client.setOptions(ClientOptions.builder()
                .disconnectedBehavior(DisconnectedBehavior.REJECT_COMMANDS)
                .requestQueueSize(REQUEST_QUEUE)
                // After a reconnect nothing is sent a second time: who asked has stopped waiting.
                .replayFilter(command -> true)
                .maintNotificationsConfig(MaintNotificationsConfig.disabled())
                .socketOptions(SocketOptions.builder()
                        .connectTimeout(Duration.ofSeconds(2))
                        .keepAlive(true)
                        .build())
                // Callers have time limits of their own.
                .timeoutOptions(TimeoutOptions.builder().timeoutCommands(false).build())
                .build());
        return new RedisFarTier(describe(uri), () -> client.connectAsync(RedisConnection.CODEC, uri), () -> {
            client.shutdown(0, CLOSE_DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
            resources.shutdown(0, CLOSE_DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
        });
    }

    /**
     * A tier that uses a client of the application, with the client's own URI and options. The client stays open. For
     * bounded failure its options should reject commands while disconnected.
     */
    public static RedisFarTier using(RedisClient client) {
        Objects.requireNonNull(client, "client");
        return new RedisFarTier("redis of the application", () -> connectInBackground(client), () -> {});
    }

    /** The driver connects with a client's own URI in a blocking way only. */
    private static CompletionStage<StatefulRedisConnection<String, byte[]>> connectInBackground(RedisClient client) {
        CompletableFuture<StatefulRedisConnection<String, byte[]>> connected = new CompletableFuture<>();
        Thread thread = new Thread(
                () -> {
                    try {
                        connected.complete(client.connect(RedisConnection.CODEC));
                    } catch (RuntimeException e) {
                        connected.completeExceptionally(e);
                    }
                },
                "terrace-redis-connect");
        thread.setDaemon(true);
        thread.start();
        return connected;
    }

    private static String describe(RedisURI uri) {
        return (uri.isSsl() ? "rediss://" : "redis://") + uri.getHost() + ":" + uri.getPort() + "/" + uri.getDatabase();
    }

    @Override
    public FarStore open(String cacheName, Duration budget) {
        if (closed.get()) {
            throw new IllegalStateException("the far tier " + description + " is closed");
        }
        if (!open.add(cacheName)) {
            throw new IllegalStateException(
                    "cache \"" + cacheName + "\": the far tier " + description + " has a cache of this name open");
        }
        return new RedisFarStore(new RedisKeys(cacheName), connection, clock, budget, () -> open.remove(cacheName));
    }

    /** Closes the connection, and the client if it is this tier's own. Blocks for 4 s at most. Idempotent. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            connection.close();
            shutdown.run();
        }
    }

    @Override
    public String toString() {
        return description;
    }

    /** Makes flushes that are issued close together one system call. */
    private static final class FlushTogether implements NettyCustomizer {
        @Override
        public void afterChannelInitialized(Channel channel) {
            channel.pipeline().addFirst(new FlushConsolidationHandler(FLUSHES_IN_ONE, true));
        }
    }
}
