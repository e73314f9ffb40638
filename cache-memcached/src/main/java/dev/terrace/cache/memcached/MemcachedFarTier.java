package dev.terrace.cache.memcached;

import dev.terrace.cache.spi.FarStore;
import dev.terrace.cache.spi.FarTier;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A far tier in one or several Memcached servers (1.4 or newer), through xmemcached's connections: all caches share one pipelined
 * connection with each server, or {@linkplain Builder#connections a few}. Thread-safe; nothing blocks but {@link #close}.
 *
 * <p>Connections are made in the background, and again whenever they are lost, half a second apart at most and with the names of
 * servers resolved anew, so that an application starts and runs while Memcached is down. Keys stay on their server while it is
 * down: they are loaded meanwhile, those of other servers are not affected. A connection on which a server answers nothing for 2 s, or
 * four times the longest far budget where that is more, is replaced; before that, after twice the budget and 200 ms at least, nothing
 * more is sent on it until it answers.
 *
 * <p>What is weaker here than on Redis is in {@code docs/memcached.md}. The driver knows no TLS.
 */
public final class MemcachedFarTier implements FarTier {

    private static final Logger LOG = LoggerFactory.getLogger("dev.terrace.cache.memcached");

    private static final long SWEEP_MILLIS = 100;
    private static final Duration LOOK_UP_EVERY = Duration.ofSeconds(10);

    private final Nodes nodes;
    private final String namespace;
    private final Node.Wire wire;
    private final SeenHeaders seen = new SeenHeaders();
    private final Set<String> open = ConcurrentHashMap.newKeySet();
    private final LongAdder tooLarge = new LongAdder();
    private final AtomicBoolean closed = new AtomicBoolean();

    private MemcachedFarTier(Builder settings) {
        List<Address> servers = Address.different(settings.servers);
        ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "terrace-memcached-timer");
            thread.setDaemon(true);
            return thread;
        });
        timer.setRemoveOnCancelPolicy(true);
        this.namespace = settings.namespace;
        this.wire = new Node.Wire(
                new Driver(servers.size() * settings.connections),
                settings.connections,
                timer,
                settings.resolver,
                settings.threads,
                new Greeting(settings.protocol, settings.credentials),
                new ConcurrentHashMap<>());
        this.nodes = new Nodes(
                servers.stream().map(server -> new Node(server, wire)).toList(),
                Locator.of(settings.placement, servers));
        nodes.all().forEach(Node::start);
        timer.scheduleWithFixedDelay(
                () -> nodes.all().forEach(Node::sweep), SWEEP_MILLIS, SWEEP_MILLIS, TimeUnit.MILLISECONDS);
        long lookUp = settings.lookUpEvery.toMillis();
        timer.scheduleWithFixedDelay(() -> nodes.all().forEach(Node::lookUp), lookUp, lookUp, TimeUnit.MILLISECONDS);
    }

    /** On which server a key is, where there are several. */
    public enum Placement {
        /** The server that scores highest with the key by MurmurHash3, as pymemcache's {@code HashClient} does it. */
        RENDEZVOUS,
        /** Consistent hashing with weights, as libmemcached's {@code KETAMA_WEIGHTED} does it. */
        KETAMA
    }

    /** What is spoken with a server. */
    public enum Protocol {
        /** The meta protocol where the server has it (1.6.18 or newer), else the classic one. */
        AUTO,
        /** The meta protocol; a server without it is refused. */
        META,
        /** The classic protocol of text. */
        CLASSIC,
        /** The binary protocol, which alone knows credentials; all memcached servers up to now have it. */
        BINARY
    }

    /**
     * A tier on some servers.
     *
     * @param servers {@code host}, {@code host:port} or {@code [IPv6]:port}, with commas or spaces between them
     * @throws IllegalArgumentException if one is none of these, or is there twice, or there is none
     */
    public static MemcachedFarTier connect(String servers) {
        return builder().servers(servers).build();
    }

    /** A tier with more to say about. */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public FarStore open(String cacheName, Duration budget) {
        if (closed.get()) {
            throw new IllegalStateException("the far tier " + this + " is closed");
        }
        if (!open.add(cacheName)) {
            throw new IllegalStateException(
                    "cache \"" + cacheName + "\": the far tier " + this + " has a cache of this name open");
        }
        nodes.expectBudget(budget);
        return new MemcachedFarStore(
                new Keys(namespace, cacheName),
                nodes,
                seen,
                budget,
                new MemcachedFarStore.Tally(tooLarge, () -> open.remove(cacheName)));
    }

    /**
     * Plain values in the same servers, which other clients can read and write. It ends with this tier.
     *
     * @param budget how long an operation may take, 1 ms or more
     */
    public MemcachedValues values(Duration budget) {
        if (budget.toMillis() < 1) {
            throw new IllegalArgumentException("budget " + budget + " is below 1 ms");
        }
        return new MemcachedValues(nodes, namespace, budget);
    }

    /** How many requests were refused because too many were unanswered by their server already. */
    public long refusedRequests() {
        return nodes.all().stream().mapToLong(Node::refusals).sum();
    }

    /** How many values were not stored because they are larger than their server takes (its option {@code -I}). */
    public long tooLargeValues() {
        return tooLarge.sum();
    }

    /**
     * How many times the name of a connected server could not be looked up again, for want of an answer or of a thread: meanwhile
     * nobody notices that it means another address.
     */
    public long failedLookUps() {
        return nodes.all().stream().mapToLong(Node::failedLookUps).sum();
    }

    /** How many times something was sent and awaited. */
    long roundTrips() {
        return nodes.all().stream().mapToLong(Node::roundTrips).sum();
    }

    /** Closes all connections. Blocks for 4 s at most. Idempotent. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            nodes.close();
            wire.timer().shutdownNow();
            CompletableFuture<Void> stopped = CompletableFuture.runAsync(wire.driver()::stop, task -> {
                Thread stopping = new Thread(task, "terrace-memcached-stop");
                stopping.setDaemon(true);
                stopping.start();
            });
            try {
                stopped.get(4, TimeUnit.SECONDS);
            } catch (ExecutionException | TimeoutException e) {
                LOG.debug("{} was not closed cleanly", this, e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Names the servers. */
    @Override
    public String toString() {
        return nodes.toString();
    }

    /** Settings of a tier. Not thread-safe. */
    public static final class Builder {

        private static final Pattern NAMESPACE = Pattern.compile("[A-Za-z0-9._-]+");
        private static final int LARGEST_WEIGHT = 1_000;
        private static final int DEFAULT_CONNECTIONS = 1;
        private static final int MOST_CONNECTIONS = 16;

        private final List<Address> servers = new ArrayList<>();
        private String namespace = "";
        private int connections = DEFAULT_CONNECTIONS;
        private Placement placement = Placement.RENDEZVOUS;
        private Protocol protocol = Protocol.AUTO;
        private Ask.@Nullable Authenticate credentials;
        private Node.Resolver resolver = Node.Resolver::system;
        private Node.Threads threads = Node.Threads::daemon;
        private Duration lookUpEvery = LOOK_UP_EVERY;

        private Builder() {}

        /**
         * Adds servers.
         *
         * @param list {@code host}, {@code host:port} or {@code [IPv6]:port}, with commas or spaces between them
         * @throws IllegalArgumentException if one is none of these, or is there twice, or there is none
         */
        public Builder servers(String list) {
            servers.addAll(Address.parseAll(list));
            return this;
        }

        /**
         * Adds one server with a share of the keys. Only {@link Placement#KETAMA} knows shares.
         *
         * @param server {@code host}, {@code host:port} or {@code [IPv6]:port}
         * @param weight from 1 to 1,000; 1 by default
         * @throws IllegalArgumentException if the server is none of these, or the weight is out of range
         */
        public Builder server(String server, int weight) {
            if (weight < 1 || weight > LARGEST_WEIGHT) {
                throw new IllegalArgumentException("weight " + weight + " is not from 1 to " + LARGEST_WEIGHT);
            }
            servers.add(Address.parse(server, weight));
            return this;
        }

        /**
         * On which server a key is; {@link Placement#RENDEZVOUS} by default. The same for all nodes and all times: after a change
         * keys are looked for where they are not.
         */
        public Builder placement(Placement placement) {
            this.placement = Objects.requireNonNull(placement, "placement");
            return this;
        }

        /** What is spoken with the servers; {@link Protocol#AUTO} by default. */
        public Builder protocol(Protocol protocol) {
            this.protocol = Objects.requireNonNull(protocol, "protocol");
            return this;
        }

        /**
         * Says who we are, by SASL PLAIN, which takes the binary protocol. The password goes
         * over the network as it is.
         */
        public Builder credentials(String user, String password) {
            this.credentials = new Ask.Authenticate(
                    Objects.requireNonNull(user, "user"), Objects.requireNonNull(password, "password"));
            return this;
        }

        /**
         * What all keys of this tier begin with, so that applications or environments can share servers.
         *
         * @param namespace of {@code [A-Za-z0-9._-]+}; none by default
         */
        public Builder namespace(String namespace) {
            if (!NAMESPACE.matcher(namespace).matches()) {
                throw new IllegalArgumentException("namespace \"" + namespace + "\" is not of [A-Za-z0-9._-]+");
            }
            this.namespace = namespace;
            return this;
        }

        /**
         * How many connections there are to each server: all are made and lost together, and what one thread asks goes through
         * one of them. More than one helps where one thread of the driver has more to do than a processor can. 64 MB may be
         * unanswered on each; {@code docs/memcached.md} has figures.
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

        Builder resolver(Node.Resolver resolver) {
            this.resolver = resolver;
            return this;
        }

        Builder threads(Node.Threads threads) {
            this.threads = threads;
            return this;
        }

        Builder lookUpEvery(Duration period) {
            this.lookUpEvery = period;
            return this;
        }

        /**
         * Builds the tier and begins to connect in the background.
         *
         * @throws IllegalArgumentException if there is no server, or one is there twice
         * @throws IllegalStateException if two settings contradict each other
         */
        public MemcachedFarTier build() {
            if (credentials != null && protocol != Protocol.AUTO && protocol != Protocol.BINARY) {
                throw new IllegalStateException("protocol: " + protocol + " knows no credentials");
            }
            if (placement == Placement.RENDEZVOUS && servers.stream().anyMatch(server -> server.weight() != 1)) {
                throw new IllegalStateException("weight: the placement RENDEZVOUS knows none");
            }
            return new MemcachedFarTier(this);
        }
    }
}
