package dev.terrace.cache.testkit;

import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * A private Redis Cluster on free loopback ports: three masters that share the slots evenly, each with as many replicas as
 * asked for. Needs an installed {@code redis-server}, 7.0 or newer; else an {@link AssertionError} says what to install. It
 * keeps nothing and ends with the JVM at the latest.
 *
 * <p>A master is declared dead after about a second of silence. Every method is bounded; not thread-safe.
 */
public final class RedisCluster implements AutoCloseable {

    private static final int MASTERS = 3;
    private static final int SLOTS = 16_384;
    private static final int[] CRC16 = crc16Table();

    /** Redis lets a new cluster write after two seconds. */
    private static final Spare<RedisCluster> SPARE = new Spare<>("redis-cluster-spare", () -> start(0, List::of));

    private final List<RedisServer> nodes = new ArrayList<>();

    private RedisCluster() {}

    /** Starts three masters without replicas and waits until all agree on the cluster. */
    public static RedisCluster start() {
        return SPARE.take();
    }

    /** Starts three masters and the replicas of each, and waits until all agree on the cluster and replicas are in sync. */
    public static RedisCluster start(int replicasOfEach) {
        return start(replicasOfEach, List::of);
    }

    /**
     * The same with more options.
     *
     * @param more a node's, as on the command line of {@code redis-server}; asked for once a node
     */
    public static RedisCluster start(int replicasOfEach, Supplier<List<String>> more) {
        if (ServerKind.REDIS.executable().isEmpty()) {
            throw ServerKind.REDIS.missing();
        }
        RedisCluster cluster = new RedisCluster();
        try {
            cluster.form(replicasOfEach, more);
            return cluster;
        } catch (RuntimeException | Error e) {
            cluster.close();
            throw e;
        }
    }

    /** All servers, masters of the beginning first; dead ones too. */
    public List<RedisServer> nodes() {
        return List.copyOf(nodes);
    }

    /** Where each node is, for clients that discover the rest. */
    public List<String> uris() {
        return nodes.stream().map(RedisServer::uri).toList();
    }

    /** The slot of a key, which only its part in braces decides where it has one. */
    public static int slot(String key) {
        int open = key.indexOf('{');
        int close = open < 0 ? -1 : key.indexOf('}', open + 1);
        String hashed = close > open + 1 ? key.substring(open + 1, close) : key;
        int crc = 0;
        for (byte b : hashed.getBytes(StandardCharsets.UTF_8)) {
            crc = (crc << 8 & 0xFFFF) ^ CRC16[(crc >> 8 ^ b) & 0xFF];
        }
        return crc % SLOTS;
    }

    /** The master that serves a key now, as the cluster itself says. */
    public RedisServer ownerOf(String key) {
        int slot = slot(key);
        return nodes.stream()
                .filter(node -> myself(node).map(line -> owns(line, slot)).orElse(false))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("nobody serves slot " + slot));
    }

    /** The replicas of a master, as it says. */
    public List<RedisServer> replicasOf(RedisServer master) {
        String id = id(master);
        return nodes.stream()
                .filter(node -> myself(node)
                        .map(line -> line.split(" ", -1)[3].equals(id))
                        .orElse(false))
                .toList();
    }

    /** Makes a replica of this living master the master, as an operator does, and waits until all nodes know. */
    public RedisServer failOver(RedisServer master) {
        RedisServer replica = replicasOf(master).get(0);
        replica.command("CLUSTER", "FAILOVER");
        String id = id(replica);
        Polling.until(
                "all nodes know the new master",
                () -> living().allMatch(node ->
                        line(node, id).contains("master") && line(node, id).split(" ", -1).length > 8));
        return replica;
    }

    /** Kills the master of a key and waits until a replica has taken its place; that one is returned. */
    public RedisServer killOwnerOf(String key) {
        RedisServer owner = ownerOf(key);
        List<RedisServer> replicas = replicasOf(owner);
        owner.kill();
        int slot = slot(key);
        Polling.until(
                "a replica has taken over",
                () -> replicas.stream()
                        .anyMatch(replica ->
                                myself(replica).map(line -> owns(line, slot)).orElse(false)));
        awaitAgreement();
        return ownerOf(key);
    }

    /** Moves the slot of a key, with the keys in it, to another master, one key after the other as an operator's tool does. */
    public void moveSlotOf(String key, RedisServer to) {
        int slot = slot(key);
        RedisServer from = ownerOf(key);
        to.command("CLUSTER", "SETSLOT", slot, "IMPORTING", id(from));
        from.command("CLUSTER", "SETSLOT", slot, "MIGRATING", id(to));
        while (from.command("CLUSTER", "GETKEYSINSLOT", slot, 100) instanceof List<?> keys && !keys.isEmpty()) {
            for (Object one : keys) {
                from.command("MIGRATE", "127.0.0.1", to.port(), one, 0, 5_000);
            }
        }
        String id = id(to);
        to.command("CLUSTER", "SETSLOT", slot, "NODE", id);
        from.command("CLUSTER", "SETSLOT", slot, "NODE", id);
        living().filter(node ->
                        node != to && node != from && line(node, id(node)).contains("master"))
                .forEach(node -> node.command("CLUSTER", "SETSLOT", slot, "NODE", id));
    }

    @Override
    public void close() {
        nodes.forEach(RedisServer::close);
    }

    /** Says the ports. */
    @Override
    public String toString() {
        return "RedisCluster" + uris();
    }

    private void form(int replicasOfEach, Supplier<List<String>> more) {
        for (int i = 0; i < MASTERS * (1 + replicasOfEach); i++) {
            List<String> options = new ArrayList<>(List.of(
                    "--cluster-enabled",
                    "yes",
                    "--cluster-port",
                    Integer.toString(Server.freePort()),
                    "--cluster-node-timeout",
                    "1000",
                    "--cluster-replica-validity-factor",
                    "0",
                    "--repl-diskless-sync-delay",
                    "0"));
            options.addAll(more.get());
            nodes.add(RedisServer.start(options.toArray(String[]::new)));
        }
        for (int i = 0; i < nodes.size(); i++) {
            nodes.get(i).command("CLUSTER", "SET-CONFIG-EPOCH", i + 1);
        }
        for (int i = 0; i < MASTERS; i++) {
            nodes.get(i).command("CLUSTER", "ADDSLOTSRANGE", SLOTS * i / MASTERS, SLOTS * (i + 1) / MASTERS - 1);
        }
        RedisServer first = nodes.get(0);
        for (RedisServer node : nodes.subList(1, nodes.size())) {
            first.command("CLUSTER", "MEET", "127.0.0.1", node.port(), busPort(node));
        }
        Polling.until(
                "all nodes know each other", () -> nodes.stream().allMatch(node -> handshaken(node) == nodes.size()));
        for (int i = MASTERS; i < nodes.size(); i++) {
            nodes.get(i).command("CLUSTER", "REPLICATE", id(nodes.get(i % MASTERS)));
        }
        awaitAgreement();
        Polling.until(
                "replicas are in sync",
                () -> nodes.subList(MASTERS, nodes.size()).stream()
                        .allMatch(replica -> replica.info("replication", "master_link_status")
                                .equals("up")));
        Polling.until(
                "all nodes know the replicas",
                () -> nodes.stream()
                        .allMatch(node -> lines(node)
                                        .filter(line -> line.contains("slave"))
                                        .count()
                                == (long) MASTERS * replicasOfEach));
    }

    private void awaitAgreement() {
        Polling.until(
                "the cluster is complete",
                () -> living().allMatch(node -> node.text("CLUSTER", "INFO").contains("cluster_state:ok")));
    }

    private Stream<RedisServer> living() {
        return nodes.stream().filter(node -> myself(node).isPresent());
    }

    private static long handshaken(RedisServer node) {
        return lines(node).filter(line -> !line.contains("handshake")).count();
    }

    private static int busPort(RedisServer node) {
        String address = myself(node).orElseThrow().split(" ", -1)[1];
        return Integer.parseInt(address.substring(address.indexOf('@') + 1).split(",", -1)[0]);
    }

    private static String id(RedisServer node) {
        return node.text("CLUSTER", "MYID");
    }

    private static Stream<String> lines(RedisServer node) {
        return node.text("CLUSTER", "NODES").lines();
    }

    private static String line(RedisServer node, String id) {
        return lines(node).filter(line -> line.startsWith(id)).findFirst().orElse("");
    }

    /** What a node says of itself; nothing where it is dead. */
    private static Optional<String> myself(RedisServer node) {
        try {
            return lines(node).filter(line -> line.contains("myself")).findFirst();
        } catch (UncheckedIOException dead) {
            return Optional.empty();
        }
    }

    private static boolean owns(String line, int slot) {
        return line.contains("master")
                && Arrays.stream(line.split(" ", -1)).skip(8).anyMatch(range -> {
                    if (range.startsWith("[")) {
                        return false;
                    }
                    String[] ends = range.split("-", -1);
                    return Integer.parseInt(ends[0]) <= slot && slot <= Integer.parseInt(ends[ends.length - 1]);
                });
    }

    private static int[] crc16Table() {
        int[] table = new int[256];
        for (int i = 0; i < table.length; i++) {
            int crc = i << 8;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1;
            }
            table[i] = crc & 0xFFFF;
        }
        return table;
    }
}
