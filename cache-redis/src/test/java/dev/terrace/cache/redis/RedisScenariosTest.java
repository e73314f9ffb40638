package dev.terrace.cache.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.Cache;
import dev.terrace.cache.TwoNodeScenarios;
import dev.terrace.cache.codec.json.JsonCodec;
import dev.terrace.cache.spi.FarTier;
import dev.terrace.cache.testkit.RedisServer;
import dev.terrace.cache.testkit.ScenarioReport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** The scenarios against a real Redis. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class RedisScenariosTest extends TwoNodeScenarios {

    private final RedisServer server = RedisServer.start();

    @Override
    protected String variant() {
        return "redis";
    }

    @Override
    protected FarTier connect() {
        return RedisFarTier.connect(server.uri());
    }

    @Override
    protected void freeze() {
        server.freeze();
    }

    @Override
    protected void thaw() {
        server.thaw();
    }

    private record Product(String name, int cents) {}

    private record PricedProduct(String name, long cents, String currency) {}

    @Override
    protected List<Version<?>> versions() {
        return List.of(
                new Version<>(JsonCodec.of(Product.class), new Product("lamp", 4_900)),
                new Version<>(JsonCodec.of(PricedProduct.class), new PricedProduct("lamp", 4_900, "EUR")));
    }

    @Test
    void X18_wallClocksThatDifferChangeNothing() throws Exception {
        RedisFarTier far = opened(RedisFarTier.connect(server.uri()));
        Cache<String, String> here = opened(ShiftedNode.cache(far));
        ShiftedNode ahead = opened(ShiftedNode.start("+15m", server.uri()));
        ShiftedNode behind = opened(ShiftedNode.start("-15m", server.uri()));
        List<Node> nodes = List.of(command -> ShiftedNode.done(here, command), ahead::ask, behind::ask);
        assertThat(shift(nodes.get(1))).isCloseTo(Duration.ofMinutes(15), Duration.ofMinutes(1));
        assertThat(shift(nodes.get(2))).isCloseTo(Duration.ofMinutes(-15), Duration.ofMinutes(1));

        int changes = 0;
        for (int round = 0; round < 30; round++) {
            Node writer = nodes.get(round % 3);
            Node other = nodes.get((round + 1 + round / 3 % 2) % 3);
            writer.ask("put", "k", "value " + round, "600000");
            // The last writer wins, whoever it is.
            assertAllRead(nodes, "value " + round);
            switch (round % 4) {
                case 0 -> other.ask("invalidate", "k");
                case 1 -> other.ask("invalidateTag");
                case 2 -> other.ask("clear");
                default -> other.ask("put", "k", "other " + round, "600000");
            }
            assertAllRead(nodes, round % 4 == 3 ? "other " + round : "null");
            changes += 2;
        }

        Duration life = Duration.ofSeconds(2);
        List<Duration> lives = new ArrayList<>();
        for (Node writer : nodes) {
            writer.ask("put", "k", "long", "60000");
            for (Node reader : nodes) {
                assertThat(Long.parseLong(reader.ask("freshFor", "k"))).isBetween(30_000L, 60_000L);
                assertThat(Long.parseLong(reader.ask("age", "k"))).isBetween(0L, 30_000L);
            }
        }
        long[] writtenAt = new long[nodes.size()];
        for (int i = 0; i < nodes.size(); i++) {
            writtenAt[i] = System.nanoTime();
            nodes.get(i).ask("put", "by " + i, "short", Long.toString(life.toMillis()));
        }
        List<Ending> endings = new ArrayList<>();
        for (int i = 0; i < nodes.size(); i++) {
            for (Node reader : nodes) {
                endings.add(new Ending(reader, "by " + i, writtenAt[i]));
            }
        }
        while (!endings.isEmpty()) {
            endings.removeIf(ending -> {
                boolean hasEnded = ending.reader().ask("get", ending.key()).equals("null");
                Duration seen = Duration.ofNanos(System.nanoTime() - ending.writtenAt());
                if (hasEnded) {
                    lives.add(seen);
                }
                assertThat(seen).isLessThan(life.multipliedBy(5));
                return hasEnded;
            });
        }
        assertThat(lives).allSatisfy(seen -> assertThat(seen).isGreaterThan(life.minusMillis(200)));
        ScenarioReport.figure(
                "X18",
                variant(),
                "clocks at -15, 0 and +15 minutes: " + changes
                        + " changes by each in turn read by all as written; a life of "
                        + life.toMillis() + " ms seen as "
                        + lives.stream().min(Duration::compareTo).orElseThrow().toMillis() + " to "
                        + lives.stream().max(Duration::compareTo).orElseThrow().toMillis() + " ms");
    }

    /** A life whose end a node is to see. */
    private record Ending(Node reader, String key, long writtenAt) {}

    private static void assertAllRead(List<Node> nodes, String expected) {
        for (Node reader : nodes) {
            holds("the staleness bound passes", () -> expected.equals(reader.ask("get", "k")));
        }
    }

    private static Duration shift(Node node) {
        return Duration.ofMillis(Long.parseLong(node.ask("clock")) - System.currentTimeMillis());
    }

    /** A node, in this JVM or in one of its own. */
    private interface Node {
        String ask(String... command);
    }

    @Test
    void X22_aBulkReadCostsThreeReadsOfTheServer() {
        BulkRead read = new BulkRead();
        read.costsThreeReads(node("x22", read::settings), nodeWithoutNear("x22"), List.of(server), variant());
    }

    @AfterAll
    void stopServer() {
        server.close();
    }
}
