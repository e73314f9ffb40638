package dev.terrace.cache.redis;

import dev.terrace.cache.spi.SampledFarClock;
import io.lettuce.core.RedisURI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The primaries of a cluster: a connection and a link to each, and which one holds a key. Each has its own clock, as each
 * decides for itself what comes too late. Nothing here blocks.
 */
final class ClusterServers {

    private static final Logger LOG = LoggerFactory.getLogger("dev.terrace.cache.redis");

    private static final Duration PAUSE = Duration.ofMillis(500);

    private final String server;
    private final Clients clients;
    private final PerServer each;
    private final Supplier<CompletionStage<List<RedisURI>>> source;
    private final ClusterScout scout;
    private final Map<String, Node> nodes = new ConcurrentHashMap<>();
    private final CompletableFuture<Void> firstSlots = new CompletableFuture<>();
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private final ReentrantLock lock = new ReentrantLock();
    private volatile List<RedisURI> seeds = List.of();
    private volatile SlotMap slots = SlotMap.NONE;
    private volatile List<Node> primaries = List.of();
    private volatile @Nullable RedisUnreachableException down;
    private volatile long longestBudget;
    private volatile boolean closed;

    /**
     * Who connects.
     *
     * @param link for the links; the same, but for tests
     */
    record Clients(Client.Own data, Client.Own link) {}

    /** One primary. */
    static final class Node {
        final RedisConnection connection;
        final RedisLink link;
        private final ClockDifference difference;
        private final Partings partings = new Partings();

        private Node(String name, RedisConnection.Dialer dialer, RedisConnection.Dialer linkDialer, PerServer each) {
            this.connection = new RedisConnection(name, dialer, each.connections());
            this.link = new RedisLink(connection, linkDialer, new RedisLink.Place(each.coherence(), true));
            connection.onNewSession(link::renew);
            this.difference = new ClockDifference(connection.clock());
        }

        private SampledFarClock clock() {
            return connection.clock();
        }

        /**
         * What answers here says that this address is another server's: its connections stand since the address moved, and
         * are made anew, the link with them.
         */
        void strayed() {
            if (partings.begin()) {
                connection.leave("it is not the server of this address");
            }
        }

        private void close() {
            link.close();
            connection.close();
        }
    }

    /** @param source tells at least one node */
    ClusterServers(String server, Clients clients, PerServer each, Supplier<CompletionStage<List<RedisURI>>> source) {
        this.server = server;
        this.clients = clients;
        this.each = each;
        this.source = source;
        this.scout =
                new ClusterScout(this::known, clients.data()::at, clients.data().timer(), new ClusterScout.Told() {
                    @Override
                    public void slots(SlotMap told) {
                        take(old -> told);
                    }

                    @Override
                    public void nobody(Throwable failure) {
                        failed(failure);
                    }
                });
    }

    /** How primaries are asked to tell of changes. */
    RedisCoherence coherence() {
        return each.coherence();
    }

    void start() {
        source.get().whenComplete((found, failure) -> {
            if (failure == null && !found.isEmpty()) {
                seeds = List.copyOf(found);
                scout.start();
            } else if (!closed) {
                failed(failure == null ? new IllegalStateException("the client knows no nodes") : failure);
                clients.data().timer().schedule(this::start, PAUSE.toMillis(), TimeUnit.MILLISECONDS);
            }
        });
    }

    private void failed(Throwable failure) {
        RedisUnreachableException unreachable = new RedisUnreachableException(server, failure);
        down = unreachable;
        if (firstSlots.completeExceptionally(unreachable)) {
            LOG.warn("{}; trying again until it succeeds", unreachable.getMessage());
        }
    }

    /** Told after each change of who holds what. */
    void onChange(Runnable listener) {
        listeners.add(listener);
    }

    void remove(Runnable listener) {
        listeners.remove(listener);
    }

    /** Done once it was tried to learn who holds what; until then nobody is known. */
    CompletableFuture<Void> firstSlots() {
        return firstSlots;
    }

    /** Who holds a key now; null where nobody is known to. */
    @Nullable
    Node owner(String redisKey) {
        String address = slots.owner(redisKey);
        return address == null ? null : nodes.get(address);
    }

    /** The one at an address, which another one has named. */
    @Nullable
    Node at(String address) {
        return nodes.get(address);
    }

    /** The address that one has named, which may leave out its host: that is the one that was asked. */
    String named(String address, Node asked) {
        int colon = address.lastIndexOf(':');
        String host = address.substring(0, Math.max(colon, 0));
        if (!host.isEmpty() && !host.equals("?")) {
            return address;
        }
        return nodes.entrySet().stream()
                .filter(known -> known.getValue() == asked)
                .map(known -> known.getKey().substring(0, known.getKey().lastIndexOf(':')) + address.substring(colon))
                .findFirst()
                .orElse(address);
    }

    List<Node> primaries() {
        return primaries;
    }

    /** The first primary's time, in milliseconds; {@link Long#MIN_VALUE} while none has told it. */
    long millis() {
        SampledFarClock clock = clock();
        return clock == null ? Long.MIN_VALUE : clock.millis();
    }

    /** How far that time is ahead of a primary's own. */
    long millisAheadOf(Node node) {
        SampledFarClock clock = clock();
        return clock == null ? 0 : node.difference.millisTo(clock, System.nanoTime());
    }

    private @Nullable SampledFarClock clock() {
        for (Node node : primaries) {
            if (node.clock().isKnown()) {
                return node.clock();
            }
        }
        return null;
    }

    /** A node says that a slot is elsewhere. */
    void moved(int slot, String address) {
        take(old -> old.moved(slot, address));
        scout.hurry();
    }

    /** Something is not as it was told last. */
    void hurry() {
        scout.hurry();
    }

    RuntimeException unreachable() {
        RedisUnreachableException down = this.down;
        return closed
                ? new IllegalStateException("the far tier " + server + " is closed")
                : down == null
                        ? new RedisUnreachableException(
                                server, new IllegalStateException("nobody is known to hold this key"))
                        : down;
    }

    void expectBudget(Duration budget) {
        lock.lock();
        try {
            longestBudget = Math.max(longestBudget, budget.toNanos());
        } finally {
            lock.unlock();
        }
        nodes.values().forEach(node -> node.connection.expectBudget(budget));
    }

    /** Done as soon as one answers; each that does has its clock set. */
    CompletionStage<Void> ping() {
        List<Node> asked = primaries();
        if (asked.isEmpty()) {
            scout.hurry();
            return CompletableFuture.failedFuture(unreachable());
        }
        CompletableFuture<Void> first = new CompletableFuture<>();
        List<CompletableFuture<Void>> answers = new ArrayList<>();
        for (Node node : asked) {
            CompletableFuture<Void> answer = node.connection.ping().toCompletableFuture();
            answers.add(answer);
            answer.thenRun(() -> first.complete(null));
        }
        CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new)).whenComplete((done, failure) -> {
            if (failure != null) {
                first.completeExceptionally(failure);
                scout.hurry();
            }
        });
        return first;
    }

    /** What was learned last, or is to be assumed now. */
    private void take(Function<SlotMap, SlotMap> change) {
        List<Node> begun = new ArrayList<>();
        List<Node> gone = new ArrayList<>();
        int number;
        down = null;
        lock.lock();
        try {
            SlotMap next = change.apply(slots);
            if (closed || next.equals(slots)) {
                return;
            }
            List<Node> present = new ArrayList<>();
            for (String address : next.primaries()) {
                Node node = nodes.get(address);
                if (node == null) {
                    node = node(address);
                    nodes.put(address, node);
                    begun.add(node);
                }
                present.add(node);
            }
            nodes.values().removeIf(node -> {
                boolean isGone = !present.contains(node);
                if (isGone) {
                    gone.add(node);
                }
                return isGone;
            });
            primaries = List.copyOf(present);
            slots = next;
            number = present.size();
        } finally {
            lock.unlock();
            firstSlots.complete(null);
        }
        LOG.info("{} has {} primaries", server, number);
        begun.forEach(node -> node.connection.start());
        listeners.forEach(Runnable::run);
        gone.forEach(Node::close);
    }

    private Node node(String address) {
        RedisURI uri = uri(address);
        Node node = new Node(
                Uris.describe(uri), clients.data().at(uri), clients.link().at(uri), each);
        if (longestBudget > 0) {
            node.connection.expectBudget(Duration.ofNanos(longestBudget));
        }
        return node;
    }

    /** An address with all else that the first seed says. */
    private RedisURI uri(String address) {
        int colon = address.lastIndexOf(':');
        return RedisURI.builder(seeds.get(0))
                .withHost(address.substring(0, colon))
                .withPort(Integer.parseInt(address.substring(colon + 1)))
                .build();
    }

    private List<RedisURI> known() {
        List<RedisURI> all = new ArrayList<>();
        slots.primaries().forEach(address -> all.add(uri(address)));
        all.addAll(seeds);
        return all;
    }

    void close() {
        List<Node> all;
        lock.lock();
        try {
            closed = true;
            all = List.copyOf(nodes.values());
            nodes.clear();
            primaries = List.of();
            slots = SlotMap.NONE;
        } finally {
            lock.unlock();
        }
        scout.close();
        all.forEach(Node::close);
        firstSlots.completeExceptionally(unreachable());
    }
}
