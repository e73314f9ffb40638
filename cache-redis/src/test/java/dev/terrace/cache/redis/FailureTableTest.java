package dev.terrace.cache.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheBuilder;
import dev.terrace.cache.CacheException;
import dev.terrace.cache.CacheListener.LinkState;
import dev.terrace.cache.FailureKind;
import dev.terrace.cache.Near;
import dev.terrace.cache.WhenFarFails;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.testkit.FaultyLink;
import dev.terrace.cache.testkit.RedisServer;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** What each failure of a Redis does to each operation: the table of {@code docs/failures.md}, which is checked against it. */
final class FailureTableTest {

    private static final int LINK = 1;
    private static final Path TABLE = Path.of("../docs/failures.md");
    private static final Duration BUDGET = Duration.ofMillis(100);
    /** Five operations may each find out for themselves, on a machine that is busy. */
    private static final Duration LONGEST = Duration.ofMillis(500);

    private static final Duration IN_TIME = Duration.ofSeconds(30);
    private static final int MANY = 10;
    private static final int PADDING = 5_000;

    @TempDir
    private static Path directory;

    /** What is broken, how, and what is expected then. */
    @SuppressWarnings("ImmutableEnumChecker") // The functions hold nothing.
    private enum Failure {
        FROZEN(
                "the server is frozen, or does not answer",
                broken -> broken.server.freeze(),
                broken -> broken.server.thaw(),
                Expected.SILENT),
        KILLED("the server is dead", broken -> broken.server.kill(), broken -> broken.server.restart(), Expected.AWAY),
        RESTARTED("the server was restarted empty", broken -> broken.restarted(), broken -> {}, Expected.EMPTY),
        LOADING(
                "the server was restarted, and is loading what it had",
                broken -> broken.loading(),
                broken -> broken.loaded(),
                Expected.AWAY),
        OUT_OF_MEMORY(
                "the server is out of memory and evicts nothing",
                broken -> broken.server.command("CONFIG", "SET", "maxmemory", "1"),
                broken -> broken.server.command("CONFIG", "SET", "maxmemory", "0"),
                Expected.FULL),
        READ_ONLY(
                "the server has become a replica",
                broken -> broken.becomesReplica(),
                broken -> broken.server.command("REPLICAOF", "NO", "ONE"),
                Expected.AWAY),
        SCRIPTS_FORGOTTEN(
                "the server has forgotten all scripts",
                broken -> broken.server.command("SCRIPT", "FLUSH"),
                broken -> {},
                Expected.WELL),
        SCRIPTS_REFUSED(
                "the access list allows no scripts any more",
                broken -> broken.allow("-@scripting"),
                broken -> broken.allow("+@scripting"),
                Expected.READ_ALONE),
        READS_REFUSED(
                "the access list allows no reads any more",
                broken -> broken.allow("-@read"),
                broken -> broken.allow("+@read"),
                Expected.WRITTEN_ALONE),
        TRACKING_REFUSED(
                "the access list allows no key tracking any more",
                broken -> broken.mayNotTrack(),
                broken -> broken.mayTrack(),
                Expected.WELL),
        PUBLISHING_REFUSED(
                "nodes listen for change notices, and the access list allows no publishing any more",
                broken -> broken.mayNotPublish(),
                broken -> broken.allow("+publish"),
                Expected.READ_AND_FILLED),
        PASSWORD_CHANGED(
                "the password was changed, and all connections killed",
                broken -> broken.locked(),
                broken -> broken.server.setPassword(""),
                Expected.AWAY),
        CONNECTIONS_KILLED("all connections are killed", broken -> broken.killClients(), broken -> {}, Expected.WELL),
        LINK_KILLED(
                "the link alone is killed, and cannot be made anew",
                broken -> broken.losesLink(),
                broken -> broken.link.heal(),
                Expected.WELL),
        BLACK_HOLE(
                "the network swallows what the server answers",
                broken -> broken.data.toClient().blackhole(),
                broken -> broken.data.heal(),
                Expected.SILENT);

        private final String text;
        private final Consumer<FailureTableTest> begin;
        private final Consumer<FailureTableTest> end;
        private final Expected expected;

        Failure(String text, Consumer<FailureTableTest> begin, Consumer<FailureTableTest> end, Expected expected) {
            this.text = text;
            this.begin = begin;
            this.end = end;
            this.expected = expected;
        }

        private String row() {
            return "| " + text + " | " + String.join(" | ", expected.outcomes()) + " | "
                    + (expected.waits() ? "the budget" : "nothing") + " | "
                    + (expected.counted().isEmpty()
                            ? "nothing"
                            : expected.counted().stream()
                                    .map(kind -> "`" + kind + "`")
                                    .collect(Collectors.joining(", ")))
                    + " |";
        }
    }

    /**
     * What operations do, in the order in which the test calls them.
     *
     * @param outcomes of a get of a near copy, a get, a bulk get, a refresh, a put and an invalidation
     * @param waits whether a call may wait for the far budget
     * @param counted which failures, besides those of heartbeats
     */
    private record Expected(List<String> outcomes, boolean waits, Set<FailureKind> counted) {

        static final Expected WELL = new Expected(
                List.of("near copy", "Redis", "Redis", "loader, stored", "acknowledged", "acknowledged"),
                false,
                kinds());
        static final Expected EMPTY = new Expected(
                List.of("near copy or loader", "loader", "loader", "loader, stored", "acknowledged", "acknowledged"),
                false,
                kinds());
        static final Expected AWAY = new Expected(
                List.of("near copy", "loader", "loader", "loader, stored near", "repaired later", "repaired later"),
                false,
                kinds(FailureKind.FAR_READ, FailureKind.FAR_WRITE));
        static final Expected SILENT = new Expected(AWAY.outcomes(), true, AWAY.counted());
        /** Scripts see nothing either, and write all the same. */
        static final Expected WRITTEN_ALONE = new Expected(
                List.of(
                        "near copy",
                        "loader",
                        "loader",
                        "loader, stored near",
                        "acknowledged or repaired later",
                        "acknowledged or repaired later"),
                false,
                kinds(FailureKind.FAR_READ));

        static final Expected FULL = new Expected(
                List.of("near copy", "Redis", "Redis", "loader, stored near", "repaired later", "acknowledged"),
                false,
                kinds(FailureKind.FAR_LEASE, FailureKind.FAR_WRITE));
        static final Expected READ_ALONE = new Expected(
                List.of("near copy", "Redis", "Redis", "loader, stored near", "repaired later", "repaired later"),
                false,
                kinds(FailureKind.FAR_LEASE, FailureKind.FAR_WRITE));

        /** A fill need not be told. */
        static final Expected READ_AND_FILLED = new Expected(
                List.of("near copy", "Redis", "Redis", "loader, stored", "repaired later", "repaired later"),
                false,
                kinds(FailureKind.FAR_WRITE));

        private static Set<FailureKind> kinds(FailureKind... listed) {
            Set<FailureKind> counted = EnumSet.noneOf(FailureKind.class);
            counted.addAll(List.of(listed));
            return counted;
        }

        /** Where nothing may wait, waiting for the budget is too long. */
        Duration budget() {
            return waits ? BUDGET : LONGEST.multipliedBy(2);
        }
    }

    private final List<AutoCloseable> opened = new ArrayList<>();
    private RedisServer server;
    private FaultyLink data;
    private FaultyLink link;

    @BeforeEach
    void nothingIsOpen() {
        opened.clear();
    }

    @AfterEach
    void closeAll() throws Exception {
        Collections.reverse(opened);
        for (AutoCloseable closeable : opened) {
            closeable.close();
        }
        opened.clear();
    }

    @TestFactory
    List<DynamicTest> eachFailure() {
        return List.of(Failure.values()).stream()
                .map(failure -> DynamicTest.dynamicTest(failure.text, () -> {
                    try {
                        check(failure);
                    } finally {
                        closeAll();
                    }
                }))
                .toList();
    }

    @Test
    void theTableSaysWhatTheTestsExpect() throws IOException {
        List<String> rows = Files.readAllLines(TABLE).stream()
                .dropWhile(line -> !line.startsWith("| what fails |"))
                .skip(2)
                .takeWhile(line -> line.startsWith("| "))
                .toList();
        assertThat(rows)
                .isEqualTo(List.of(Failure.values()).stream().map(Failure::row).toList());
    }

    private void check(Failure failure) {
        server = keep(RedisServer.start(
                "--maxmemory-policy",
                "noeviction",
                "--dir",
                directory.toString(),
                "--dbfilename",
                failure + ".rdb",
                "--rdbcompression",
                "no",
                "--key-load-delay",
                "2000",
                "--loading-process-events-interval-bytes",
                "1024"));
        data = keep(FaultyLink.to(server.port()));
        link = keep(FaultyLink.to(server.port()));
        Cache<String, String> node = node(
                keep(RedisFarTier.builder()
                        .uri(uri(data))
                        .linkThrough(uri(link))
                        .build()),
                builder -> builder.farBudget(failure.expected.budget()));
        Cache<String, String> other = keep(Cache.<String, String>builder("failures")
                .far(keep(RedisFarTier.connect(server.uri())), StringCodec.utf8())
                .freshFor(Duration.ofMinutes(10))
                .farBudget(Duration.ofSeconds(5))
                .whenFarFails(WhenFarFails.THROW)
                .build());
        List<String> many = IntStream.range(0, MANY).mapToObj(i -> "many" + i).toList();
        for (String key : List.of("far", "refreshed", "put", "invalidated")) {
            other.put(key, "stored");
        }
        other.putAll(many.stream().collect(Collectors.toMap(key -> key, key -> "stored")));
        other.put("near", "stored");
        awaitTrue(
                "it is near",
                () -> node.get("near").equals("stored") && node.stats().near().hits() > 3);

        failure.begin.accept(this);
        List<String> seen = new ArrayList<>();
        seen.add(timed(() -> "stored".equals(node.get("near")) ? "near copy" : "loader"));
        seen.add(timed(() -> origin(node.get("far"))));
        seen.add(timed(() -> origin(node.getAll(many))));
        seen.add(timed(() -> {
            node.refresh("refreshed");
            return node.get("refreshed").equals("loaded") ? "loader" : "old";
        }));
        seen.add(timed(() -> acknowledged(() -> node.put("put", "new"))));
        seen.add(timed(() -> acknowledged(() -> node.invalidate("invalidated"))));
        // What a node has written itself is never older than that, whatever has become of it.
        assertThat(node.get("put")).isIn("new", "loaded");
        assertThat(node.get("invalidated")).isEqualTo("loaded");

        List<String> expected = failure.expected.outcomes();
        for (int i = 0; i < seen.size(); i++) {
            assertThat(expected.get(i)).as(failure + ", operation " + i).contains(seen.get(i));
        }
        Set<FailureKind> counted = EnumSet.noneOf(FailureKind.class);
        counted.addAll(node.stats().failures().keySet());
        // Heartbeats come when they come.
        counted.remove(FailureKind.FAR_HEARTBEAT);
        assertThat(counted).as(failure + ", what is counted").isEqualTo(failure.expected.counted());

        failure.end.accept(this);
        awaitTrue(
                "a write is acknowledged again",
                () -> acknowledged(() -> node.put("healed", "yes")).equals("acknowledged"));
        awaitTrue("the link is back", () -> node.stats().link().state() == LinkState.ARMED);
        awaitTrue("what waited is repaired", () -> node.stats().far().recoveryQueued() == 0);
        assertThat(other.getIfPresent("put")).isNotEqualTo("stored");
        assertThat(other.getIfPresent("invalidated")).isNotEqualTo("stored");
    }

    private static String origin(String value) {
        return value.equals("stored") ? "Redis" : "loader";
    }

    private static String origin(Map<String, String> values) {
        assertThat(values).hasSize(MANY);
        List<String> origins = values.values().stream()
                .map(FailureTableTest::origin)
                .distinct()
                .toList();
        assertThat(origins).hasSize(1);
        return origins.get(0);
    }

    private static String acknowledged(Runnable write) {
        try {
            write.run();
            return "acknowledged";
        } catch (CacheException away) {
            return "repaired later";
        }
    }

    private static String timed(Supplier<String> operation) {
        long began = System.nanoTime();
        String outcome = operation.get();
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(LONGEST);
        return outcome;
    }

    private void allow(String rule) {
        server.command("ACL", "SETUSER", "default", rule);
    }

    private void mayNotPublish() {
        RedisClient listening = RedisClient.create(server.uri());
        keep(() -> listening.shutdown(0, 2, TimeUnit.SECONDS));
        listening.connectPubSub().sync().subscribe("n:{failures}");
        allow("-publish");
    }

    private void mayNotTrack() {
        allow("-client|tracking");
        killAll();
        settle(RedisFarTier.Builder.DEFAULT_CONNECTIONS);
    }

    /** Whoever was refused asks again when it connects anew. */
    private void mayTrack() {
        allow("+client|tracking");
        killAll();
    }

    private void locked() {
        server.setPassword("another");
        killAll();
    }

    /** It loads slowly: each key of its file takes 2 ms, and each thousand bytes it answers that it is loading. */
    private void loading() {
        for (int i = 0; i < PADDING; i++) {
            server.command("SET", "padding " + i, new byte[1_024]);
        }
        server.command("SAVE");
        server.restart();
    }

    private void loaded() {
        assertThat(server.info("persistence", "loading")).isEqualTo("1");
        server.command("CONFIG", "SET", "key-load-delay", "0");
        awaitTrue("it has loaded", () -> server.info("persistence", "loading").equals("0"));
    }

    private void restarted() {
        server.restart();
        settle(RedisFarTier.Builder.DEFAULT_CONNECTIONS + LINK);
    }

    private void killClients() {
        killAll();
        settle(RedisFarTier.Builder.DEFAULT_CONNECTIONS + LINK);
    }

    private void killAll() {
        server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    }

    private void becomesReplica() {
        server.command("REPLICAOF", "127.0.0.1", "1");
        // As sentinels do.
        killAll();
    }

    private void losesLink() {
        link.refuse();
        link.cut();
    }

    /** A lost connection is noticed, and replaced. */
    private void settle(int connections) {
        awaitTrue(
                "it is connected again",
                () -> server.text("CLIENT", "LIST")
                                .lines()
                                .filter(client -> client.contains("name=failures"))
                                .count()
                        == connections);
        LockSupport.parkNanos(Duration.ofMillis(300).toNanos());
    }

    private Cache<String, String> node(RedisFarTier tier, UnaryOperator<CacheBuilder<String, String>> more) {
        Cache<String, String> node = keep(more.apply(Cache.<String, String>builder("failures")
                        .near(Near.maximumSize(1_000))
                        .far(tier, StringCodec.utf8())
                        .freshFor(Duration.ofMinutes(10))
                        .whenFarFails(WhenFarFails.THROW)
                        .loader(key -> "loaded")
                        .bulkLoader(keys -> keys.stream().collect(Collectors.toMap(key -> key, key -> "loaded"))))
                .build());
        awaitTrue("it is told", () -> node.stats().link().state() == LinkState.ARMED);
        return node;
    }

    private static RedisURI uri(FaultyLink way) {
        return RedisURI.builder()
                .withHost("127.0.0.1")
                .withPort(way.port())
                .withClientName("failures")
                .build();
    }

    private <T extends AutoCloseable> T keep(T opening) {
        opened.add(opening);
        return opening;
    }

    private static void awaitTrue(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + IN_TIME.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("in time: " + what).isLessThan(deadline);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
    }
}
