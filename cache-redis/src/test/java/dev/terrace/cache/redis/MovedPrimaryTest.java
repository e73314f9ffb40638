package dev.terrace.cache.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheListener.LinkState;
import dev.terrace.cache.Near;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.testkit.FaultyLink;
import dev.terrace.cache.testkit.RedisCluster;
import dev.terrace.cache.testkit.RedisServer;
import io.lettuce.core.RedisURI;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.internal.HostAndPort;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.MappingSocketAddressResolver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntUnaryOperator;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Connections that reach another primary of a cluster than the one whose address they were made to. */
final class MovedPrimaryTest {

    private static final int CONNECTIONS_FOR_DATA = RedisFarTier.Builder.DEFAULT_CONNECTIONS;
    private static final int LINK = 1;
    private static final int NODES = 2;
    private static final String NAME = "moved";
    private static final String NAME_HERE = "terrace";
    private static final String OTHERS = "others";
    private static final String RECORD = "t:{moved:key}";
    private static final Duration SHORT = Duration.ofMillis(300);
    /** What is seen in less was told. */
    private static final Duration LONG = Duration.ofSeconds(60);

    private final List<AutoCloseable> opened = new ArrayList<>();

    @AfterEach
    void closeAll() throws Exception {
        Collections.reverse(opened);
        for (AutoCloseable closeable : opened) {
            closeable.close();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"TRACKING", "NOTICES"})
    void aLinkThatReachedAnotherPrimaryVouchesForNothing(RedisCoherence coherence) {
        RedisCluster cluster = keep(RedisCluster.start());
        RedisServer meant = cluster.ownerOf(RECORD);
        RedisServer other = otherThan(meant, cluster);
        FaultyLink way = keep(FaultyLink.to(other.port()));
        long dataSoFar = connectionsOf(meant);
        long linksSoFar = connectionsOf(other);
        Cache<String, String> here = cache(cluster, coherence, SHORT, linkThrough(way, meant));
        Cache<String, String> there = cache(cluster, coherence, LONG, builder -> builder);
        awaitArmed(there);
        for (int i = 0; connectionsOf(other) - linksSoFar < 6 + NODES * (CONNECTIONS_FOR_DATA + LINK); i++) {
            isSeenOf(there, here, "value " + i);
            assertThat(here.stats().link().state()).isEqualTo(LinkState.DOWN);
        }
        // The data was left for it, ever less often: but for the other node's, each but the first was made anew.
        long forData = connectionsOf(meant) - dataSoFar - CONNECTIONS_FOR_DATA - LINK;
        assertThat(forData / CONNECTIONS_FOR_DATA).isBetween(2L, 7L);
    }

    @ParameterizedTest
    @EnumSource(names = {"TRACKING", "NOTICES"})
    void onceTheLinkReachesThePrimaryItTellsOfItsKeys(RedisCoherence coherence) {
        RedisCluster cluster = keep(RedisCluster.start());
        RedisServer meant = cluster.ownerOf(RECORD);
        RedisServer other = otherThan(meant, cluster);
        FaultyLink way = keep(FaultyLink.to(other.port()));
        Cache<String, String> here = cache(cluster, coherence, LONG, linkThrough(way, meant));
        Eventually.holds(
                "the other links are there", () -> links(other, NAME_HERE).size() == 1);
        assertThat(here.stats().link().state()).isEqualTo(LinkState.DOWN);

        way.moveTo(meant.port());
        awaitArmed(here);
        assertThat(links(meant, NAME_HERE)).hasSize(1);
        Cache<String, String> there = cache(cluster, coherence, LONG, builder -> builder);
        isSeenOf(there, here, "old");
        isSeenOf(there, here, "new");
    }

    /** All that reached the other primary since stands there when the address is the right one's again. */
    @Test
    void aPrimaryWhoseAddressLedElsewhereForAWhileIsFoundAgain() {
        List<FaultyLink> addresses = new ArrayList<>();
        RedisCluster cluster = keep(RedisCluster.start(0, () -> {
            FaultyLink address = keep(FaultyLink.to(0));
            addresses.add(address);
            return List.of("--cluster-announce-port", Integer.toString(address.port()));
        }));
        Map<Integer, Integer> straight = new HashMap<>();
        for (int i = 0; i < addresses.size(); i++) {
            RedisServer node = cluster.nodes().get(i);
            addresses.get(i).moveTo(node.port());
            straight.put(addresses.get(i).port(), node.port());
        }
        RedisServer meant = cluster.ownerOf(RECORD);
        RedisServer other = otherThan(meant, cluster);
        FaultyLink address = addresses.get(cluster.nodes().indexOf(meant));
        Cache<String, String> here = cache(
                cluster,
                RedisCoherence.TRACKING,
                SHORT,
                builder -> builder.uri(
                        "redis-cluster://127.0.0.1:" + addresses.get(0).port()));
        awaitArmed(here);
        Cache<String, String> there = cache(
                cluster,
                RedisCoherence.TRACKING,
                LONG,
                builder ->
                        builder.connectionName(OTHERS).resources(resources(port -> straight.getOrDefault(port, port))));
        isSeenOf(there, here, "old");

        address.moveTo(other.port());
        links(meant, NAME_HERE).forEach(link -> meant.command("CLIENT", "KILL", "ID", link));
        Eventually.holds(
                "link and data have gone there", () -> links(other, NAME_HERE).size() == 2);
        Eventually.holds("it is written", () -> isStored(there, "new"));
        // Nobody can be asked for it: it is loaded.
        Eventually.holds("the old value is not served", () -> here.get("key").equals("loaded"));

        address.moveTo(meant.port());
        Eventually.holds(
                "it is stored where it belongs",
                () -> isStored(here, "newer") && here.stats().far().recoveryQueued() == 0);
        Eventually.holds("the link is there", () -> links(meant, NAME_HERE).size() == 1);
        awaitArmed(here);
        isSeenOf(there, here, "newest");
    }

    /** They mean the host that was asked. */
    @Test
    void aMoveIsFollowedAtOnceWhereNodesDoNotSayTheirHosts() {
        RedisCluster cluster =
                keep(RedisCluster.start(0, () -> List.of("--cluster-preferred-endpoint-type", "unknown-endpoint")));
        Cache<String, String> here = cache(cluster, RedisCoherence.TRACKING, SHORT, builder -> builder);
        Eventually.holds("it is written", () -> isStored(here, "first"));
        for (int i = 0; i < 6; i++) {
            cluster.moveSlotOf(RECORD, otherThan(cluster.ownerOf(RECORD), cluster));
            assertThat(isStored(here, "value " + i)).isTrue();
        }
    }

    /** What is published in a cluster is told by all its nodes, and by no other. */
    @Test
    void whoIsOfNoClusterOrOfAnotherIsNotListenedTo() {
        RedisCluster cluster = keep(RedisCluster.start());
        RedisServer alone = keep(RedisServer.start());
        RedisServer ofAnother = keep(RedisCluster.start()).nodes().get(0);
        AtomicInteger astray = new AtomicInteger();
        RedisClusterClient client = RedisClusterClient.create(
                resources(port -> astray.get() == 0 ? port : astray.get()),
                cluster.uris().get(0));
        keep(() -> client.shutdown(0, 2, TimeUnit.SECONDS));
        SharedRedis redis = keep(SharedRedis.using(client));
        assertThat(redis.call("test", "ping", commands -> commands.ping()).await())
                .isEqualTo("PONG");

        astray.set(alone.port());
        MovedNameTest.Heard heard = new MovedNameTest.Heard(redis);
        for (RedisServer wrong : List.of(alone, ofAnother)) {
            long soFar = connectionsOf(wrong);
            astray.set(wrong.port());
            Eventually.holds("it is tried more than once", () -> connectionsOf(wrong) - soFar > 1);
            assertThat(MovedNameTest.Heard.listeners(wrong)).isEqualTo(0L);
        }
        assertThat(heard.listening.heard()).isNotDone();

        astray.set(0);
        heard.isHeard("news");
    }

    private static RedisServer otherThan(RedisServer one, RedisCluster cluster) {
        return cluster.nodes().stream().filter(node -> node != one).findFirst().orElseThrow();
    }

    /** The link to one primary goes another way. */
    private UnaryOperator<RedisFarTier.Builder> linkThrough(FaultyLink way, RedisServer meant) {
        return builder -> builder.linkThrough(
                RedisURI.create(meant.uri()), resources(port -> port == meant.port() ? way.port() : port));
    }

    /** Connections to a port are made to another one. */
    private ClientResources resources(IntUnaryOperator ports) {
        ClientResources resources = ClientResources.builder()
                .socketAddressResolver(MappingSocketAddressResolver.create(
                        (HostAndPort at) -> HostAndPort.of(at.getHostText(), ports.applyAsInt(at.getPort()))))
                .build();
        keep(() -> resources.shutdown(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2_000));
        return resources;
    }

    private Cache<String, String> cache(
            RedisCluster cluster,
            RedisCoherence coherence,
            Duration maxStaleness,
            UnaryOperator<RedisFarTier.Builder> more) {
        RedisFarTier.Builder builder = RedisFarTier.builder()
                .uri("redis-cluster://127.0.0.1:" + cluster.nodes().get(0).port())
                .coherence(coherence);
        RedisFarTier tier = keep(more.apply(builder).build());
        return keep(Cache.<String, String>builder(NAME)
                .near(Near.maximumSize(100))
                .far(tier, StringCodec.utf8())
                .freshFor(Duration.ofMinutes(10))
                .maxStaleness(maxStaleness)
                .farBudget(Duration.ofSeconds(1))
                .loader(key -> "loaded")
                .build());
    }

    private static void awaitArmed(Cache<String, String> cache) {
        Eventually.holds("the link is armed", () -> cache.stats().link().state() == LinkState.ARMED);
    }

    private static void isSeenOf(Cache<String, String> writer, Cache<String, String> reader, String value) {
        Eventually.holds("it is written", () -> isStored(writer, value));
        Eventually.holds(value + " is seen", () -> reader.get("key").equals(value));
    }

    private static boolean isStored(Cache<String, String> cache, String value) {
        return cache.async()
                .put("key", value)
                .handle((done, failure) -> failure == null)
                .join();
    }

    /** Those of a name that track, or that listen. */
    private static List<String> links(RedisServer server, String name) {
        return server.text("CLIENT", "LIST")
                .lines()
                .filter(client -> client.matches(".* name=" + name + " .* flags=\\w*[BP]\\w* .*"))
                .map(client -> client.replaceAll("^id=(\\d+) .*", "$1"))
                .toList();
    }

    /** All so far, that of this test among them. */
    private static long connectionsOf(RedisServer server) {
        return Long.parseLong(server.info("stats", "total_connections_received"));
    }

    private <T extends AutoCloseable> T keep(T opening) {
        opened.add(opening);
        return opening;
    }
}
