package dev.terrace.cache.redis;

import dev.terrace.cache.spi.FarStore;
import dev.terrace.cache.spi.FarTier;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SslOptions;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.resource.ClientResources;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A far tier in one Redis (6.0 or newer, or what speaks as it does) or the primary that sentinels name, or in a cluster, through Lettuce: all caches share
 * pipelined connections ({@linkplain Builder#connections two}, or as many as are asked for), and one more on which Redis tells
 * what changes. Thread-safe; nothing blocks but {@link #close}.
 *
 * <p>Connections are made in the background, and again whenever one is lost, half a second apart at most, so that an
 * application starts and runs while Redis is down: operations fail at once then, and caches answer from their loaders. Nothing
 * that was sent on a lost connection is sent again. A connection on which Redis answers nothing for 2 s, or twice the longest
 * far budget where that is more, is replaced.
 *
 * <p>What it says and logs under {@code dev.terrace.cache.redis} names the server without credentials. Lettuce itself writes
 * whatever passes the wire at its own {@code TRACE} level.
 */
public final class RedisFarTier implements FarTier {

    private final String server;
    private final String namespace;
    private final Deployment servers;
    private final SharedRedis shared;
    private final Set<String> open = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean closed = new AtomicBoolean();

    private RedisFarTier(String namespace, Deployment servers) {
        this.server = servers.server();
        this.namespace = namespace;
        this.servers = servers;
        this.shared = SharedRedis.over(servers.wire(), namespace, false);
        servers.start();
    }

    /**
     * A tier with a client of its own, which {@link #close} shuts down.
     *
     * @param uri such as {@code redis://user:password@host:6379/0}, {@code rediss://…} for TLS,
     *     {@code redis-socket:///run/redis.sock}, or {@code redis-sentinel://host:26379,host2:26379#primary}
     * @throws IllegalArgumentException if it is no URI of Redis; the message has no credentials
     */
    public static RedisFarTier connect(String uri) {
        return builder().uri(uri).build();
    }

    /**
     * A tier with a client of its own, which {@link #close} shuts down.
     *
     * @throws IllegalArgumentException if the URI names neither a server nor sentinels
     */
    public static RedisFarTier connect(RedisURI uri) {
        return builder().uri(uri).build();
    }

    /**
     * A tier that makes its own connection with a client of the application, to the client's URI and with the client's options
     * and time limits. {@link #close} closes the connection and leaves the client open.
     *
     * <p>Where the client's URI names sentinels, they are asked when a connection is made and not watched, since a client tells
     * nobody its URI: an old primary that comes back is left when sentinels have made it a replica. A tier that is given the
     * {@linkplain Builder#uri(String) URI} watches them; {@link Builder#resources} may be the client's.
     */
    public static RedisFarTier using(RedisClient client) {
        return builder().client(client).build();
    }

    /**
     * A tier in a cluster, whose nodes a client of the application knows. The connections are the tier's own, on the client's
     * threads, with what its nodes' URIs say and its TLS options; {@link #close} closes them and leaves the client open.
     */
    public static RedisFarTier using(RedisClusterClient client) {
        return builder().clusterClient(client).build();
    }

    /** A tier with more to say about. */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public FarStore open(String cacheName, Duration budget) {
        if (closed.get()) {
            throw new IllegalStateException("the far tier " + server + " is closed");
        }
        if (!open.add(cacheName)) {
            throw new IllegalStateException(
                    "cache \"" + cacheName + "\": the far tier " + server + " has a cache of this name open");
        }
        return servers.open(new RedisKeys(namespace, cacheName), budget, () -> open.remove(cacheName));
    }

    /** This tier's connection for locks, limiters and data structures, under this tier's namespace. Closed with the tier. */
    public SharedRedis shared() {
        return shared;
    }

    /** Closes the connection, and the client if it is this tier's own. Blocks for 4 s at most. Idempotent. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            shared.closeWithOwner();
        }
    }

    /** Names the server, without credentials. */
    @Override
    public String toString() {
        return server;
    }

    /** Settings of a tier. Not thread-safe. */
    public static final class Builder {

        static final int DEFAULT_CONNECTIONS = 2;
        private static final int MOST_CONNECTIONS = 16;
        private static final Pattern NAMESPACE = Pattern.compile("[A-Za-z0-9._-]+");

        private @Nullable RedisURI uri;
        private List<RedisURI> seeds = List.of();
        private @Nullable RedisURI linkUri;
        private @Nullable ClientResources linkResources;
        private @Nullable RedisClient client;
        private @Nullable RedisClusterClient clusterClient;
        private @Nullable SslOptions ssl;
        private @Nullable ClientResources resources;
        private String namespace = "";
        private String connectionName = "terrace";
        private RedisCoherence coherence = RedisCoherence.TRACKING;
        private int connections = DEFAULT_CONNECTIONS;

        private Builder() {}

        /**
         * Where Redis is.
         *
         * @param uri such as {@code redis://user:password@host:6379/0}, {@code rediss://…} for TLS,
         *     {@code redis-socket:///run/redis.sock}, or {@code redis-sentinel://host:26379,host2:26379#primary}
         * @throws IllegalArgumentException if it is no URI of Redis; the message has no credentials
         */
        public Builder uri(String uri) {
            if (Uris.isOfCluster(Objects.requireNonNull(uri, "uri"))) {
                return cluster(Uris.parseCluster(uri));
            }
            return uri(Uris.parse(uri));
        }

        /**
         * Where Redis is.
         *
         * @throws IllegalArgumentException if it names neither a server nor sentinels
         */
        public Builder uri(RedisURI uri) {
            this.uri = Uris.whole(Objects.requireNonNull(uri, "uri"));
            this.seeds = List.of();
            return this;
        }

        /**
         * Some nodes of a cluster, from which all others are learned.
         *
         * @param seeds each with a host; the first one's credentials, TLS and client name are those for all nodes
         * @throws IllegalArgumentException if there is none, or one has no host
         */
        public Builder cluster(Collection<RedisURI> seeds) {
            this.seeds = Uris.seeds(seeds);
            this.uri = null;
            return this;
        }

        /**
         * A client of the application to connect with, instead of one of the tier's own. It stays open. Its URI, options, time
         * limits and name count, so none can be given here.
         */
        public Builder client(RedisClient client) {
            this.client = Objects.requireNonNull(client, "client");
            this.clusterClient = null;
            return this;
        }

        /**
         * A client of the application that knows the nodes of a cluster, as {@link RedisFarTier#using(RedisClusterClient)}. Its
         * URIs count, so none can be given here.
         */
        public Builder clusterClient(RedisClusterClient client) {
            this.clusterClient = Objects.requireNonNull(client, "clusterClient");
            this.client = null;
            return this;
        }

        /** Certificates to trust and to show, for a client of the tier's own; those of the JVM by default. */
        public Builder ssl(SslOptions ssl) {
            this.ssl = Objects.requireNonNull(ssl, "ssl");
            return this;
        }

        /** Event loops and timers of the application for the tier's own client. They stay open. */
        public Builder resources(ClientResources resources) {
            this.resources = Objects.requireNonNull(resources, "resources");
            return this;
        }

        /**
         * What all keys of this tier begin with, so that applications or environments can share a server.
         *
         * @param namespace of {@code [A-Za-z0-9._-]+}; none by default
         */
        public Builder namespace(String namespace) {
            this.namespace = namespaceOf(namespace);
            return this;
        }

        static String namespaceOf(String namespace) {
            if (!NAMESPACE
                    .matcher(Objects.requireNonNull(namespace, "namespace"))
                    .matches()) {
                throw new IllegalArgumentException("namespace \"" + namespace + "\" is not of [A-Za-z0-9._-]+");
            }
            return namespace;
        }

        /**
         * Under which name the server lists the connection, where the URI has none; {@code terrace} by default.
         *
         * @param connectionName without spaces
         */
        public Builder connectionName(String connectionName) {
            if (Objects.requireNonNull(connectionName, "connectionName").isBlank() || connectionName.contains(" ")) {
                throw new IllegalArgumentException("connectionName \"" + connectionName + "\" is blank or has a space");
            }
            this.connectionName = connectionName;
            return this;
        }

        /** How nodes learn of each other's changes; {@link RedisCoherence#TRACKING} by default. */
        public Builder coherence(RedisCoherence coherence) {
            this.coherence = Objects.requireNonNull(coherence, "coherence");
            return this;
        }

        /**
         * How many connections there are for the data of caches to each server: all are made and lost together, and what one
         * thread sends goes through one of them. Two let the server answer on one while the driver's thread of the other hands out
         * answers; more help where these threads have more to do than as many processors can. What {@link #shared} is used
         * for goes through the first alone, in its order. 64 MB may be unanswered on each;
         * {@code docs/redis-production.md} has figures.
         *
         * @param connections from 1 to {@value #MOST_CONNECTIONS}, {@value #DEFAULT_CONNECTIONS} by default
         */
        public Builder connections(int connections) {
            if (connections < 1 || connections > MOST_CONNECTIONS) {
                throw new IllegalArgumentException(
                        "connections " + connections + " is not from 1 to " + MOST_CONNECTIONS);
            }
            this.connections = connections;
            return this;
        }

        /**
         * Builds the tier and begins to connect in the background.
         *
         * @throws IllegalStateException if there is neither a URI nor a client, or a client and what only the tier's own can
         *     be given
         */
        public RedisFarTier build() {
            if (client != null || clusterClient != null) {
                if (uri != null || !seeds.isEmpty() || resources != null || ssl != null) {
                    throw new IllegalStateException(
                            "client: it has its own URI, resources and TLS options, so none can be given");
                }
                return new RedisFarTier(namespace, client == null ? cluster(clusterClient) : one(Client.of(client)));
            }
            if (!seeds.isEmpty()) {
                return new RedisFarTier(namespace, cluster());
            }
            if (uri == null) {
                throw new IllegalStateException("uri: neither it nor a client is given");
            }
            return new RedisFarTier(namespace, one(own(Uris.named(uri, connectionName), resources)));
        }

        private Client.Own own(RedisURI first, @Nullable ClientResources on) {
            return Client.own(first, on, ssl == null ? SslOptions.create() : ssl);
        }

        private PerServer each() {
            return new PerServer(coherence, connections);
        }

        private Deployment one(Client data) {
            return new OneServer(data, linkUri == null ? data : Client.own(linkUri, linkResources), each());
        }

        private Deployment cluster() {
            List<RedisURI> named =
                    seeds.stream().map(seed -> Uris.named(seed, connectionName)).toList();
            Client.Own data = own(named.get(0), resources);
            Client.Own link = linkUri == null ? data : own(named.get(0), linkResources);
            return new ClusterDeployment(
                    Uris.describe(named), named, new ClusterServers.Clients(data, link), each(), null);
        }

        private Deployment cluster(@Nullable RedisClusterClient given) {
            RedisClusterClient known = Objects.requireNonNull(given, "client");
            ClientOptions options = known.getOptions();
            Client.Own own = Client.own(new RedisURI(), known.getResources(), options.getSslOptions());
            return new ClusterDeployment(
                    "a cluster of Redis (the application's client)",
                    List.of(),
                    new ClusterServers.Clients(own, own),
                    each(),
                    known);
        }

        /** For tests that break the link alone. */
        Builder linkThrough(RedisURI linkUri) {
            return linkThrough(linkUri, null);
        }

        /** The same where it is broken by what addresses mean; in a cluster only that counts. */
        Builder linkThrough(RedisURI linkUri, @Nullable ClientResources linkResources) {
            this.linkUri = linkUri;
            this.linkResources = linkResources;
            return this;
        }
    }
}
