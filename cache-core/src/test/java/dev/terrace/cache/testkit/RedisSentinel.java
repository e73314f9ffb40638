package dev.terrace.cache.testkit;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A private Redis with a replica, watched by three sentinels that fail over when two of them miss the primary for half a
 * second; all on free loopback ports. Needs an installed {@code redis-server}; else an {@link AssertionError} says what to
 * install. It keeps nothing and ends with the JVM at the latest.
 *
 * <p>Every method is bounded; not thread-safe.
 */
public final class RedisSentinel implements AutoCloseable {

    private static final String NAME = "primary";
    private static final int SENTINELS = 3;

    /** They meet by what they publish every two seconds. */
    private static final Spare<RedisSentinel> SPARE = new Spare<>("redis-sentinel-spare", RedisSentinel::startNow);

    private final List<RedisServer> data = new ArrayList<>();
    private final List<RedisServer> sentinels = new ArrayList<>();

    private RedisSentinel() {}

    /** Starts them and waits until the replica is in sync and the sentinels know each other and it. */
    public static RedisSentinel start() {
        return SPARE.take();
    }

    private static RedisSentinel startNow() {
        if (ServerKind.REDIS.executable().isEmpty()) {
            throw ServerKind.REDIS.missing();
        }
        RedisSentinel started = new RedisSentinel();
        try {
            started.form();
            return started;
        } catch (RuntimeException | Error e) {
            started.close();
            throw e;
        }
    }

    /** For clients: names all sentinels. */
    public String uri() {
        return sentinels.stream()
                        .map(sentinel -> "127.0.0.1:" + sentinel.port())
                        .collect(Collectors.joining(",", "redis-sentinel://", ""))
                + "#" + NAME;
    }

    /** The one that most of the sentinels take for the primary now. */
    public RedisServer primary() {
        return data.stream()
                .filter(server -> sentinels.stream()
                                .filter(sentinel -> primaryPort(sentinel) == server.port())
                                .count()
                        > SENTINELS / 2)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("the sentinels do not agree"));
    }

    /** The other one. */
    public RedisServer replica() {
        RedisServer primary = primary();
        return data.stream().filter(server -> server != primary).findFirst().orElseThrow();
    }

    /** The three sentinels. */
    public List<RedisServer> sentinels() {
        return List.copyOf(sentinels);
    }

    /** Kills the primary and waits until the replica has its place; that one is returned. */
    public RedisServer killPrimary() {
        RedisServer replica = replica();
        primary().kill();
        return awaitPrimary(replica);
    }

    /** Stops the primary in its tracks and waits until the replica has its place; thaw the old one through {@link #replica}. */
    public RedisServer freezePrimary() {
        RedisServer primary = primary();
        primary.freeze();
        return awaitSuccessorOf(primary);
    }

    /** Waits until all sentinels name the other one for the primary, and it is; that one is returned. */
    public RedisServer awaitSuccessorOf(RedisServer lost) {
        return awaitPrimary(
                data.stream().filter(server -> server != lost).findFirst().orElseThrow());
    }

    /** Lets the replica take over from a living primary, as an operator does; it is returned. */
    public RedisServer failOver() {
        RedisServer replica = replica();
        sentinels.get(0).command("SENTINEL", "FAILOVER", NAME);
        return awaitPrimary(replica);
    }

    /** From now on sentinels miss a primary after this long, and not after half a second. */
    public void missAfter(Duration silence) {
        sentinels.forEach(
                sentinel -> sentinel.command("SENTINEL", "SET", NAME, "down-after-milliseconds", silence.toMillis()));
    }

    /** Whether the replica is in sync and could take over now. */
    public boolean isReadyToFailOver() {
        return sentinels.stream().allMatch(RedisSentinel::knowsGoodReplica)
                && sentinels.stream().map(RedisSentinel::primaryPort).distinct().count() == 1;
    }

    /** The two that hold data. */
    public List<RedisServer> servers() {
        return List.copyOf(data);
    }

    @Override
    public void close() {
        sentinels.forEach(RedisServer::close);
        data.forEach(RedisServer::close);
    }

    /** Says the ports. */
    @Override
    public String toString() {
        return "RedisSentinel[" + uri() + "]";
    }

    private void form() {
        RedisServer primary = RedisServer.start("--repl-diskless-sync-delay", "0");
        data.add(primary);
        data.add(RedisServer.start("--replicaof", "127.0.0.1 " + primary.port(), "--repl-diskless-sync-delay", "0"));
        Polling.until(
                "the replica is in sync",
                () -> data.get(1).info("replication", "master_link_status").equals("up"));
        for (int i = 0; i < SENTINELS; i++) {
            sentinels.add(RedisServer.startSentinel(List.of(
                    "sentinel monitor " + NAME + " 127.0.0.1 " + primary.port() + " 2",
                    "sentinel down-after-milliseconds " + NAME + " 500",
                    "sentinel failover-timeout " + NAME + " 2000",
                    "sentinel parallel-syncs " + NAME + " 1")));
        }
        Polling.until(
                "the sentinels know each other and the replica",
                () -> sentinels.stream()
                        .allMatch(sentinel ->
                                size(sentinel, "SENTINELS") == SENTINELS - 1 && knowsGoodReplica(sentinel)));
    }

    private RedisServer awaitPrimary(RedisServer expected) {
        Polling.until(
                "the replica is the primary",
                () -> sentinels.stream().allMatch(sentinel -> primaryPort(sentinel) == expected.port())
                        && expected.info("replication", "role").equals("master"));
        return expected;
    }

    /** Until the replica has told a sentinel of itself, that one finds nobody to fail over to, and tries again much later. */
    private static boolean knowsGoodReplica(RedisServer sentinel) {
        return sentinel.command("SENTINEL", "REPLICAS", NAME) instanceof List<?> replicas
                && replicas.size() == 1
                && replicas.get(0) instanceof List<?> fields
                && value(fields, "master-link-status").equals("ok");
    }

    private static String value(List<?> fields, String name) {
        for (int i = 0; i + 1 < fields.size(); i += 2) {
            if (new String((byte[]) fields.get(i), StandardCharsets.US_ASCII).equals(name)) {
                return new String((byte[]) fields.get(i + 1), StandardCharsets.US_ASCII);
            }
        }
        return "";
    }

    private static int size(RedisServer sentinel, String what) {
        return sentinel.command("SENTINEL", what, NAME) instanceof List<?> list ? list.size() : 0;
    }

    private static int primaryPort(RedisServer sentinel) {
        return sentinel.command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME) instanceof List<?> address
                ? Integer.parseInt(new String((byte[]) address.get(1), StandardCharsets.US_ASCII))
                : -1;
    }
}
