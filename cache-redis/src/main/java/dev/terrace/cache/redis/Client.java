package dev.terrace.cache.redis;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.ClientOptions.DisconnectedBehavior;
import io.lettuce.core.MaintNotificationsConfig;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.SslOptions;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.EpollProvider;
import io.lettuce.core.resource.NettyCustomizer;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.handler.flush.FlushConsolidationHandler;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The driver's client that a tier connects with: its own, or one of the application. */
abstract class Client implements RedisConnection.Dialer {

    private static final Duration CONNECT_LIMIT = Duration.ofSeconds(2);
    private static final Duration ATTEMPT_LIMIT = Duration.ofSeconds(5);
    private static final Duration SHUTDOWN_LIMIT = Duration.ofSeconds(2);
    private static final Duration KEEP_ALIVE_IDLE = Duration.ofSeconds(30);
    private static final Duration KEEP_ALIVE_INTERVAL = Duration.ofSeconds(10);
    private static final int KEEP_ALIVE_COUNT = 3;
    private static final int FLUSHES_IN_ONE = 256;

    /** Far more than {@link RedisSession} lets through. */
    private static final int REQUEST_QUEUE = 1 << 17;

    private final RedisClient client;
    private final String server;

    private Client(RedisClient client, String server) {
        this.client = client;
        this.server = server;
    }

    /** A client of the tier's own, on resources of the application where there are some. */
    static Own own(RedisURI uri, @Nullable ClientResources given) {
        return own(uri, given, SslOptions.create());
    }

    static Own own(RedisURI uri, @Nullable ClientResources given, SslOptions ssl) {
        ClientResources resources = given == null
                ? ClientResources.builder()
                        .nettyCustomizer(new FlushTogether(null))
                        .build()
                : given.mutate()
                        .nettyCustomizer(new FlushTogether(given.nettyCustomizer()))
                        .build();
        RedisClient client = RedisClient.create(resources);
        client.setOptions(ClientOptions.builder()
                // A lost connection is replaced by a new one, whose server has to tell its time first; and nothing is
                // replayed.
                .autoReconnect(false)
                .disconnectedBehavior(DisconnectedBehavior.REJECT_COMMANDS)
                .requestQueueSize(REQUEST_QUEUE)
                .maintNotificationsConfig(MaintNotificationsConfig.disabled())
                .socketOptions(socketOptions())
                .sslOptions(ssl)
                // Callers have time limits of their own.
                .timeoutOptions(TimeoutOptions.builder().timeoutCommands(false).build())
                .build());
        return new Own(client, uri, given == null);
    }

    /** What a router or firewall forgets is noticed by the system; what hangs is noticed sooner, by the session. */
    private static SocketOptions socketOptions() {
        SocketOptions.Builder options = SocketOptions.builder()
                .connectTimeout(CONNECT_LIMIT)
                .keepAlive(SocketOptions.KeepAliveOptions.builder()
                        .enable()
                        .idle(KEEP_ALIVE_IDLE)
                        .interval(KEEP_ALIVE_INTERVAL)
                        .count(KEEP_ALIVE_COUNT)
                        .build());
        if (EpollProvider.isAvailable()) {
            // Java's own sockets have no such setting.
            options.tcpUserTimeout(SocketOptions.TcpUserTimeoutOptions.builder()
                    .enable()
                    .tcpUserTimeout(KEEP_ALIVE_IDLE)
                    .build());
        }
        return options.build();
    }

    static Client of(RedisClient client) {
        return new OfTheApplication(client);
    }

    /** Its name for messages, without credentials. */
    final String server() {
        return server;
    }

    /** The server that connections go to now, as host and port where they are known; without credentials. */
    String node() {
        return server;
    }

    @Override
    public final ScheduledExecutorService timer() {
        return client.getResources().eventExecutorGroup();
    }

    /** For what the driver does in a blocking way only. */
    static <C> CompletionStage<C> onThread(Supplier<C> connect) {
        CompletableFuture<C> dialed = new CompletableFuture<>();
        Thread thread = new Thread(
                () -> {
                    try {
                        dialed.complete(connect.get());
                    } catch (Throwable e) {
                        dialed.completeExceptionally(e);
                    }
                },
                "terrace-redis-connect");
        thread.setDaemon(true);
        try {
            thread.start();
        } catch (OutOfMemoryError e) {
            // There may be a thread to be had by the next time.
            dialed.completeExceptionally(e);
        }
        return dialed;
    }

    /** Shuts down what is the tier's own. Bounded. */
    abstract void shutdown();

    /** A client of the tier's own. */
    static final class Own extends Client {

        private final RedisClient client;
        private final RedisURI uri;
        private final boolean ownsResources;
        private final @Nullable SentinelWatch sentinels;

        Own(RedisClient client, RedisURI uri, boolean ownsResources) {
            super(client, Uris.describe(uri));
            this.client = client;
            this.uri = uri;
            this.ownsResources = ownsResources;
            this.sentinels = uri.getSentinels().isEmpty() ? null : new SentinelWatch(uri, this::at);
        }

        @Override
        public CompletionStage<StatefulRedisConnection<String, byte[]>> dial() {
            return dial(uri);
        }

        private CompletionStage<StatefulRedisConnection<String, byte[]>> dial(RedisURI other) {
            return limited(other, to -> client.connectAsync(KeysAndBytes.CODEC, to));
        }

        /** Connects to another server, in the same way. */
        RedisConnection.Dialer at(RedisURI other) {
            return new RedisConnection.Dialer() {
                @Override
                public CompletionStage<StatefulRedisConnection<String, byte[]>> dial() {
                    return Own.this.dial(other);
                }

                @Override
                public CompletionStage<StatefulRedisPubSubConnection<String, byte[]>> dialPubSub() {
                    return Own.this.dialPubSub(other);
                }

                @Override
                public ScheduledExecutorService timer() {
                    return Own.this.timer();
                }
            };
        }

        @Override
        String node() {
            return sentinels == null ? Uris.node(uri) : sentinels.primary().orElse(server());
        }

        @Override
        public CompletionStage<String> over(StatefulConnection<?, ?> connection) {
            return sentinels == null ? super.over(connection) : sentinels.over(connection);
        }

        /** For another client of the same threads. */
        ClientResources resources() {
            return client.getResources();
        }

        ClientOptions options() {
            return client.getOptions();
        }

        @Override
        public CompletionStage<StatefulRedisPubSubConnection<String, byte[]>> dialPubSub() {
            return dialPubSub(uri);
        }

        private CompletionStage<StatefulRedisPubSubConnection<String, byte[]>> dialPubSub(RedisURI other) {
            return limited(other, to -> client.connectPubSubAsync(KeysAndBytes.CODEC, to));
        }

        private <C extends StatefulConnection<?, ?>> CompletionStage<C> limited(
                RedisURI to, Function<RedisURI, ? extends CompletionStage<C>> connect) {
            CompletableFuture<C> dialed = new CompletableFuture<>();
            timer().schedule(
                            () -> dialed.completeExceptionally(
                                    new TimeoutException("no answer within " + ATTEMPT_LIMIT.toSeconds() + " s")),
                            ATTEMPT_LIMIT.toMillis(),
                            TimeUnit.MILLISECONDS);
            if (sentinels == null || to != uri) {
                SentinelWatch.settle(connect.apply(to), dialed);
            } else {
                sentinels.dial(connect, dialed);
            }
            return dialed;
        }

        @Override
        void shutdown() {
            if (sentinels != null) {
                sentinels.close();
            }
            client.shutdown(0, SHUTDOWN_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
            if (ownsResources) {
                client.getResources()
                        .shutdown(0, SHUTDOWN_LIMIT.toMillis(), TimeUnit.MILLISECONDS)
                        .awaitUninterruptibly(SHUTDOWN_LIMIT.toMillis());
            }
        }
    }

    private static final class OfTheApplication extends Client {

        private final RedisClient client;

        OfTheApplication(RedisClient client) {
            super(client, "redis (the application's client)");
            this.client = client;
        }

        /** The driver connects to a client's own URI in a blocking way only. */
        @Override
        public CompletionStage<StatefulRedisConnection<String, byte[]>> dial() {
            return onThread(() -> client.connect(KeysAndBytes.CODEC));
        }

        @Override
        public CompletionStage<StatefulRedisPubSubConnection<String, byte[]>> dialPubSub() {
            return onThread(() -> client.connectPubSub(KeysAndBytes.CODEC));
        }

        @Override
        void shutdown() {}
    }

    /** Makes flushes that are issued close together one system call, and does what the application's customizer does. */
    private record FlushTogether(@Nullable NettyCustomizer application) implements NettyCustomizer {
        @Override
        public void afterBootstrapInitialized(Bootstrap bootstrap) {
            if (application != null) {
                application.afterBootstrapInitialized(bootstrap);
            }
        }

        @Override
        public void afterChannelInitialized(Channel channel) {
            if (application != null) {
                application.afterChannelInitialized(channel);
            }
            channel.pipeline().addFirst(new FlushConsolidationHandler(FLUSHES_IN_ONE, true));
        }
    }
}
