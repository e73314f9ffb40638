package dev.terrace.cache.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheBuilder;
import dev.terrace.cache.CacheListener.LinkState;
import dev.terrace.cache.EntryOptions;
import dev.terrace.cache.FailureKind;
import dev.terrace.cache.Near;
import dev.terrace.cache.WhenFarFails;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.testkit.Ledger;
import dev.terrace.cache.testkit.RedisCluster;
import dev.terrace.cache.testkit.RedisSentinel;
import dev.terrace.cache.testkit.RedisServer;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.cluster.RedisClusterClient;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Far tiers whose primary may become another one: with sentinels, and in a cluster. */
final class RedisTopologiesTest {

    private static final int NODES = 2;
    private static final int LINK = 1;
    private static final Duration BOUND = Duration.ofSeconds(1);
    private static final Duration BUDGET = Duration.ofMillis(100);
    private static final Duration IN_TIME = Duration.ofSeconds(30);
    private static final int KEYS = 60;
    /** Since it came back, on a busy machine. */
    private static final Duration LEFT_WITHIN = Duration.ofSeconds(1);

    private final List<AutoCloseable> opened = new ArrayList<>();
    private final AtomicInteger loads = new AtomicInteger();

    @AfterEach
    void closeAll() throws Exception {
        Collections.reverse(opened);
        for (AutoCloseable closeable : opened) {
            closeable.close();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"TRACKING", "NOTICES"})
    void nodesInAClusterSeeEachOthersChanges(RedisCoherence coherence) {
        RedisCluster cluster = keep(RedisCluster.start());
        // What is loaded since Redis is slow to answer is trusted for as long; so it has time.
        Cache<String, String> here =
                told(builder(tier(cluster, coherence), Duration.ofSeconds(60)).farBudget(Duration.ofSeconds(5)));
        Cache<String, String> there =
                told(builder(tier(cluster, coherence), Duration.ofSeconds(60)).farBudget(Duration.ofSeconds(5)));
        List<String> keys = keys();
        there.putAll(keys.stream().collect(Collectors.toMap(key -> key, key -> "old")));
        assertThat(here.getAll(keys))
                .hasSize(KEYS)
                .allSatisfy((key, value) -> assertThat(value).isEqualTo("old"));
        assertThat(loads).hasValue(0);
        assertThat(cluster.nodes())
                .allSatisfy(node -> assertThat(node.command("DBSIZE")).isNotEqualTo(0L));

        keys.forEach(key -> there.put(key, "new"));
        keys.forEach(key -> seen(here, key, "new"));
        there.invalidateAll(keys);
        keys.forEach(key -> seen(here, key, "loaded"));
        keys.forEach(key -> there.put(key, "tagged", EntryOptions.tags("tag")));
        keys.forEach(key -> seen(here, key, "tagged"));
        there.invalidateTag("tag");
        keys.forEach(key -> seen(here, key, "loaded"));
        keys.forEach(key -> there.put(key, "kept"));
        keys.forEach(key -> seen(here, key, "kept"));
        there.clear();
        keys.forEach(key -> seen(here, key, "loaded"));
        if (coherence == RedisCoherence.TRACKING) {
            here.put("k1", "foreign");
            cluster.ownerOf("t:{topology:k1}").command("DEL", "t:{topology:k1}");
            seen(here, "k1", "loaded");
        }
    }

    @Test
    void ofABulkPutOnlyTheKeysOfThePrimaryThatRefusesItAreNotBelieved() {
        RedisCluster cluster = keep(RedisCluster.start());
        Cache<String, String> node = patientNode(tier(cluster, RedisCoherence.TRACKING));
        List<String> keys = keys();
        node.putAll(keys.stream().collect(Collectors.toMap(key -> key, key -> "old")));
        RedisServer counting = cluster.ownerOf("s:{topology}");
        RedisServer full = cluster.nodes().stream()
                .filter(one -> one != counting)
                .findFirst()
                .orElseThrow();
        List<String> theirs = keys.stream()
                .filter(key -> cluster.ownerOf("t:{topology:" + key + "}") == full)
                .toList();
        assertThat(theirs).hasSizeBetween(1, KEYS - 1);

        full.command("CONFIG", "SET", "maxmemory", "1");
        Map<String, String> rows = keys.stream().collect(Collectors.toMap(key -> key, key -> "new"));
        assertThatThrownBy(() -> node.putAll(rows)).hasStackTraceContaining("OOM");
        full.command("CONFIG", "SET", "maxmemory", "0");

        assertThat(node.stats().failures()).containsEntry(FailureKind.FAR_WRITE, 1L);
        assertThat(node.getAll(keys))
                .allSatisfy((key, value) -> assertThat(value).isEqualTo(theirs.contains(key) ? "loaded" : "new"));
    }

    /** It could tell nobody what it changes there. */
    @Test
    void whoMayNotAskWhatAPrimaryIsCalledChangesNothing() {
        RedisCluster cluster = keep(RedisCluster.start());
        cluster.nodes()
                .forEach(node -> node.command(
                        "ACL", "SETUSER", "limited", "on", ">secret", "~*", "&*", "+@all", "-cluster|myid"));
        RedisFarTier tier = keep(RedisFarTier.connect("redis-cluster://limited:secret@127.0.0.1:"
                + cluster.nodes().get(0).port()));
        Cache<String, String> node = node(tier, BOUND);

        assertThatThrownBy(() -> node.put("k", "v")).hasStackTraceContaining("+cluster|myid");
        assertThat(cluster.ownerOf("t:{topology:k}").command("EXISTS", "t:{topology:k}"))
                .isEqualTo(0L);
    }

    /** What one node clears, another one's later put must outlive, though the counter is on another server. */
    @Test
    void aPutAfterAClearOfAnotherNodeStays() {
        RedisCluster cluster = keep(RedisCluster.start());
        Cache<String, String> here = patientNode(tier(cluster));
        Cache<String, String> there = patientNode(tier(cluster));
        for (int round = 0; round < 100; round++) {
            there.clear();
            here.put("k" + round, "value");
            assertThat(here.get("k" + round)).isEqualTo("value");
        }
        assertThat(loads).hasValue(0);
    }

    @Test
    void aClusterIsKnownFromAClientOfTheApplicationToo() {
        RedisCluster cluster = keep(RedisCluster.start());
        RedisClusterClient client = RedisClusterClient.create(cluster.uris().get(1));
        keep(() -> client.shutdown(0, 2, TimeUnit.SECONDS));
        try (RedisFarTier tier = RedisFarTier.using(client)) {
            Cache<String, String> node = node(tier, BOUND);
            node.put("k", "v");
            assertThat(node.get("k")).isEqualTo("v");
            assertThat(tier.shared()
                            .call("test", "exists", commands -> commands.exists("t:{topology:k}"))
                            .await())
                    .isEqualTo(1L);
            node.close();
        }
        assertThat(client.connect().sync().ping()).isEqualTo("PONG");
    }

    @ParameterizedTest
    @EnumSource(names = {"TRACKING", "NOTICES"})
    void slotsThatMoveUnderLoadLeaveNoStaleReadAndNoFailure(RedisCoherence coherence) throws Exception {
        RedisCluster cluster = keep(RedisCluster.start());
        Load load = new Load(node(tier(cluster, coherence), BOUND), node(tier(cluster, coherence), BOUND));
        load.start();
        for (int key = 0; key < 10; key++) {
            String under = "t:{topology:k" + key + "}";
            RedisServer owner = cluster.ownerOf(under);
            RedisServer other = cluster.nodes().stream()
                    .filter(node -> node != owner)
                    .findFirst()
                    .orElseThrow();
            cluster.moveSlotOf(under, other);
            LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
        }
        load.end();

        load.assertNothingStale();
        load.assertHealed();
        assertThat(load.reader.stats().link().state()).isEqualTo(LinkState.ARMED);
    }

    @ParameterizedTest
    @EnumSource(names = {"TRACKING", "NOTICES"})
    void aMasterThatIsLostUnderLoadIsReplacedByItsReplica(RedisCoherence coherence) throws Exception {
        RedisCluster cluster = keep(RedisCluster.start(1));
        Load load = new Load(node(tier(cluster, coherence), BOUND), node(tier(cluster, coherence), BOUND));
        load.start();
        cluster.killOwnerOf("t:{topology:k1}");
        load.awaitHealed();
        load.end();

        load.assertHealed();
        assertThat(load.slowest.get()).isLessThan(BUDGET.multipliedBy(4).toNanos());
    }

    @ParameterizedTest
    @EnumSource(names = {"TRACKING", "NOTICES"})
    void aPrimaryThatIsLostUnderLoadIsReplacedByTheOneThatSentinelsName(RedisCoherence coherence) throws Exception {
        RedisSentinel sentinel = keep(RedisSentinel.start());
        Load load = new Load(node(tier(sentinel, coherence), BOUND), node(tier(sentinel, coherence), BOUND));
        load.start();
        sentinel.killPrimary();
        load.awaitHealed();
        load.end();

        load.assertHealed();
        assertThat(load.slowest.get()).isLessThan(BUDGET.multipliedBy(4).toNanos());
    }

    /** The old primary lives on as a replica, which must not be believed. */
    @ParameterizedTest
    @EnumSource(names = {"TRACKING", "NOTICES"})
    void aPrimaryThatHandsOverIsLeft(RedisCoherence coherence) throws Exception {
        RedisSentinel sentinel = keep(RedisSentinel.start());
        Load load = new Load(node(tier(sentinel, coherence), BOUND), node(tier(sentinel, coherence), BOUND));
        load.start();
        RedisServer old = sentinel.primary();
        RedisServer successor = sentinel.failOver();
        // Until then the old one takes writes, which are lost, and is believed by whoever has not asked the sentinels
        // since.
        awaitTrue("both nodes are at the successor", () -> {
            try {
                return connectionsAt(old) == 0
                        && connectionsAt(successor) == NODES * (RedisFarTier.Builder.DEFAULT_CONNECTIONS + LINK);
            } catch (UncheckedIOException closed) {
                // The sentinels end all its connections, this one too.
                return false;
            }
        });
        load.awaitHealed();
        load.end();

        load.assertHealed();
    }

    /**
     * Until sentinels have told it, which takes them seconds, an old primary that comes back takes writes, which are lost. The
     * connections here outlive the failover: they are given up for their silence after twice the budget only.
     */
    @Test
    void anOldPrimaryThatComesBackIsLeftBeforeItIsToldThatItIsNone() {
        RedisSentinel sentinel = keep(RedisSentinel.start());
        RedisServer old = sentinel.primary();
        List<Cache<String, String>> nodes = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            nodes.add(patientNode(tier(sentinel, RedisCoherence.TRACKING)));
        }
        RedisServer successor = sentinel.freezePrimary();
        old.thaw();
        long thawedAt = System.nanoTime();
        for (int i = 0; i < nodes.size(); i++) {
            Cache<String, String> node = nodes.get(i);
            String key = "here" + i;
            awaitTrue("it writes to the successor", () -> isWrittenTo(successor, node, key));
        }
        assertThat(Duration.ofNanos(System.nanoTime() - thawedAt)).isLessThan(LEFT_WITHIN);

        for (int key = 0; key < KEYS; key++) {
            nodes.get(key % nodes.size()).put("k" + key, "acknowledged");
        }
        // As sentinels do some seconds later.
        old.command("REPLICAOF", "127.0.0.1", successor.port());
        awaitTrue("the old primary is a replica", () -> isReplica(old));
        for (int key = 0; key < KEYS; key++) {
            assertThat(successor.command("EXISTS", "t:{topology:k" + key + "}")).isEqualTo(1L);
            for (Cache<String, String> node : nodes) {
                seen(node, "k" + key, "acknowledged");
            }
        }
        awaitTrue(
                "all are told by the successor",
                () -> nodes.stream().allMatch(node -> node.stats().link().state() == LinkState.ARMED));
    }

    /** For data, and the links. */
    private static long connectionsAt(RedisServer server) {
        return server.text("CLIENT", "LIST")
                .lines()
                .filter(client -> client.contains(" name=terrace "))
                .count();
    }

    private static boolean isWrittenTo(RedisServer server, Cache<String, String> node, String key) {
        try {
            node.put(key, "value");
        } catch (RuntimeException notYet) {
            return false;
        }
        return Long.valueOf(1).equals(server.command("EXISTS", "t:{topology:" + key + "}"));
    }

    private static boolean isReplica(RedisServer server) {
        try {
            return server.info("replication", "role").equals("slave");
        } catch (UncheckedIOException closed) {
            return false;
        }
    }

    @Test
    void aReplicaIsNotTakenForAPrimary() {
        RedisServer primary = keep(RedisServer.start());
        RedisServer replica = keep(RedisServer.start("--replicaof", "127.0.0.1 " + primary.port()));
        RedisFarTier tier = keep(RedisFarTier.connect(replica.uri()));
        Cache<String, String> node =
                keep(builder(tier, BOUND).whenFarFails(WhenFarFails.DEGRADE).build());

        assertThat(node.get("k")).isEqualTo("loaded");
        assertThat(node.stats().link().state()).isEqualTo(LinkState.DOWN);
        assertThat(node.stats().far().hits()).isZero();
    }

    @Test
    void aClientOfTheApplicationMayNameSentinels() {
        RedisSentinel sentinel = keep(RedisSentinel.start());
        RedisClient client = RedisClient.create(sentinel.uri());
        keep(() -> client.shutdown(0, 2, TimeUnit.SECONDS));
        Cache<String, String> node = node(keep(RedisFarTier.using(client)), BOUND);
        node.put("k", "v");
        assertThat(sentinel.primary().command("EXISTS", "t:{topology:k}")).isEqualTo(1L);
    }

    @Test
    void sentinelsThatWantAPasswordAreAskedOnOneConnectionEachWhichEndsWithTheTier() {
        RedisSentinel sentinel = keep(RedisSentinel.start());
        sentinel.sentinels().forEach(one -> one.command("ACL", "SETUSER", "default", "resetpass", ">secret"));
        RedisURI refused = RedisURI.create(sentinel.uri());
        RedisFarTier without = keep(RedisFarTier.connect(refused));
        assertThatThrownBy(() -> without.open("topology", BUDGET)
                        .ping()
                        .toCompletableFuture()
                        .get(20, TimeUnit.SECONDS))
                .hasStackTraceContaining("no sentinel names a primary");
        without.close();

        RedisURI uri = RedisURI.create(sentinel.uri());
        uri.getSentinels().forEach(one -> one.setAuthentication("secret"));
        RedisFarTier tier = keep(RedisFarTier.connect(uri));
        Cache<String, String> node = node(tier, BOUND);
        node.put("k", "v");
        assertThat(sentinel.primary().command("EXISTS", "t:{topology:k}")).isEqualTo(1L);
        awaitTrue(
                "all are asked",
                () -> sentinel.sentinels().stream().allMatch(one -> askedBy(one).size() == 1));
        List<List<String>> before =
                sentinel.sentinels().stream().map(RedisTopologiesTest::askedBy).toList();
        LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1));
        assertThat(sentinel.sentinels().stream()
                        .map(RedisTopologiesTest::askedBy)
                        .toList())
                .isEqualTo(before);

        node.close();
        tier.close();
        awaitTrue(
                "nobody asks any more",
                () -> sentinel.sentinels().stream().allMatch(one -> askedBy(one).isEmpty()));
    }

    /** The connections that ask a sentinel for the primary. */
    private static List<String> askedBy(RedisServer sentinel) {
        return sentinel.text("CLIENT", "LIST")
                .lines()
                .filter(client -> client.contains(" cmd=sentinel|get-master-addr-by-name "))
                .map(client -> client.replaceAll("^id=(\\d+) .*", "$1"))
                .toList();
    }

    /** One node writes rising numbers, another one reads them. */
    private static final class Load {
        final Cache<String, String> writer;
        final Cache<String, String> reader;
        final AtomicLong slowest = new AtomicLong();
        private final Ledger ledger = new Ledger(KEYS, 1 << 14);
        private final AtomicBoolean over = new AtomicBoolean();
        private final AtomicLong oldest = new AtomicLong();
        private final AtomicReference<Throwable> failure = new AtomicReference<>();
        private final List<Thread> threads = new ArrayList<>();

        Load(Cache<String, String> writer, Cache<String, String> reader) {
            this.writer = writer;
            this.reader = reader;
        }

        void start() {
            write();
            threads.add(new Thread(() -> repeated(this::write)));
            threads.add(new Thread(() -> repeated(this::read)));
            threads.forEach(Thread::start);
        }

        private void repeated(Runnable step) {
            try {
                while (!over.get()) {
                    step.run();
                }
            } catch (Throwable t) {
                failure.compareAndSet(null, t);
            }
        }

        private void write() {
            for (int key = 0; key < KEYS; key++) {
                long number = ledger.next(key);
                try {
                    writer.put("k" + key, Long.toString(number));
                    ledger.acknowledged(key, number);
                } catch (RuntimeException notAcknowledged) {
                    // Nobody has to see it.
                }
                LockSupport.parkNanos(500_000);
            }
        }

        private void read() {
            for (int key = 0; key < KEYS; key++) {
                long began = System.nanoTime();
                String value = reader.get("k" + key);
                slowest.accumulateAndGet(System.nanoTime() - began, Math::max);
                if (!value.equals("loaded")) {
                    oldest.accumulateAndGet(ledger.staleness(key, Long.parseLong(value), began), Math::max);
                }
                LockSupport.parkNanos(200_000);
            }
        }

        void end() throws InterruptedException {
            over.set(true);
            for (Thread thread : threads) {
                thread.join(IN_TIME.toMillis());
            }
            assertThat(failure.get()).isNull();
        }

        /** A write is acknowledged and told again, and none of before is left to be repaired. */
        void awaitHealed() {
            awaitTrue("a write is acknowledged, and told", () -> {
                try {
                    writer.put("healed", "yes");
                } catch (RuntimeException notYet) {
                    return false;
                }
                return reader.stats().link().state() == LinkState.ARMED
                        && writer.stats().link().state() == LinkState.ARMED
                        && writer.stats().far().recoveryQueued() == 0;
            });
        }

        /** Every key works, and is the same on both. */
        void assertHealed() {
            for (int key = 0; key < KEYS; key++) {
                String name = "k" + key;
                awaitTrue("a write is acknowledged, and no repair is to come, which would end it", () -> {
                    try {
                        writer.put(name, "last");
                        return writer.stats().far().recoveryQueued() == 0;
                    } catch (RuntimeException notYet) {
                        return false;
                    }
                });
                seen(reader, name, "last");
            }
        }

        void assertNothingStale() {
            assertThat(Duration.ofNanos(oldest.get())).isLessThan(BOUND.plusMillis(500));
        }
    }

    private static List<String> keys() {
        return IntStream.range(0, KEYS).mapToObj(i -> "k" + i).toList();
    }

    private RedisFarTier tier(RedisCluster cluster) {
        return tier(cluster, RedisCoherence.TRACKING);
    }

    private RedisFarTier tier(RedisCluster cluster, RedisCoherence coherence) {
        String nodes =
                cluster.nodes().stream().map(node -> "127.0.0.1:" + node.port()).collect(Collectors.joining(","));
        return keep(RedisFarTier.builder()
                .uri("redis-cluster://" + nodes)
                .coherence(coherence)
                .build());
    }

    private RedisFarTier tier(RedisSentinel sentinel, RedisCoherence coherence) {
        return keep(
                RedisFarTier.builder().uri(sentinel.uri()).coherence(coherence).build());
    }

    private Cache<String, String> node(RedisFarTier tier, Duration bound) {
        return told(builder(tier, bound));
    }

    /** One that does not turn to its loader because the machine is busy. */
    private Cache<String, String> patientNode(RedisFarTier tier) {
        return told(builder(tier, BOUND).farBudget(Duration.ofSeconds(5)));
    }

    private Cache<String, String> told(CacheBuilder<String, String> builder) {
        Cache<String, String> node = keep(builder.build());
        awaitTrue("it is told", () -> node.stats().link().state() == LinkState.ARMED);
        return node;
    }

    private CacheBuilder<String, String> builder(RedisFarTier tier, Duration bound) {
        return Cache.<String, String>builder("topology")
                .near(Near.maximumSize(1_000))
                .far(tier, StringCodec.utf8())
                .freshFor(Duration.ofMinutes(10))
                .maxStaleness(bound)
                .farBudget(BUDGET)
                .whenFarFails(WhenFarFails.THROW)
                .loader(key -> {
                    loads.incrementAndGet();
                    return "loaded";
                })
                .bulkLoader(wanted -> {
                    loads.addAndGet(wanted.size());
                    return wanted.stream().collect(Collectors.toMap(key -> key, key -> "loaded", (a, b) -> a));
                });
    }

    private static void seen(Cache<String, String> node, String key, String value) {
        AtomicReference<String> last = new AtomicReference<>();
        awaitTrue(
                () -> key + " is " + last.get() + " and not " + value + ", " + node.lookup(key) + ", " + node.stats(),
                () -> {
                    last.set(node.get(key));
                    return value.equals(last.get());
                });
    }

    private <T extends AutoCloseable> T keep(T opening) {
        opened.add(opening);
        return opening;
    }

    private static void awaitTrue(String what, BooleanSupplier condition) {
        awaitTrue(() -> what, condition);
    }

    private static void awaitTrue(Supplier<String> what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + IN_TIME.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as(() -> "in time: " + what.get()).isLessThan(deadline);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
    }
}
