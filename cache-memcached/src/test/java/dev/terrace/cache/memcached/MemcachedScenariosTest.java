package dev.terrace.cache.memcached;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.Cache;
import dev.terrace.cache.TwoNodeScenarios;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.codec.json.JsonCodec;
import dev.terrace.cache.spi.FarTier;
import dev.terrace.cache.testkit.MemcachedServer;
import dev.terrace.cache.testkit.OwnThread;
import dev.terrace.cache.testkit.ScenarioReport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.parallel.Isolated;

/** The scenarios against a real Memcached. */
@Isolated
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class MemcachedScenariosTest extends TwoNodeScenarios {

    private static final Duration STALENESS = Duration.ofMillis(100);
    private static final int LANES = 2;

    private final MemcachedServer server = MemcachedServer.start();

    @Override
    protected String variant() {
        return "memcached";
    }

    @Override
    protected FarTier connect() {
        return tier();
    }

    private MemcachedFarTier tier() {
        return MemcachedFarTier.connect("127.0.0.1:" + server.port());
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

    /** Without a link, the other node may read the old value until its trust ends, and no longer. */
    @Test
    void X06_anInvalidationRacingAMissLeavesNoStaleValue() throws Exception {
        int rounds = 20_000;
        int batch = 2_000;
        Map<String, String> rows = new ConcurrentHashMap<>();
        List<Cache<String, String>> nodes = List.of(
                node("x06", builder -> builder.maxStaleness(STALENESS).loader(rows::get)),
                node("x06", builder -> builder.maxStaleness(STALENESS).loader(rows::get)));
        AtomicInteger stale = new AtomicInteger();
        for (int first = 0; first < rounds; first += batch) {
            List<String> keys =
                    IntStream.range(first, first + batch).mapToObj(i -> "k" + i).toList();
            keys.forEach(key -> rows.put(key, "old"));
            together(lane -> {
                for (int i = lane % LANES; i < batch; i += LANES) {
                    String key = keys.get(i);
                    switch (lane / LANES) {
                        case 0 -> {
                            rows.put(key, "new");
                            nodes.get(0).invalidate(key);
                        }
                        case 1 -> nodes.get(0).get(key);
                        default -> nodes.get(1).get(key);
                    }
                }
            });
            pass(STALENESS.multipliedBy(2));
            for (Cache<String, String> node : nodes) {
                for (int reads = 0; reads < 2; reads++) {
                    keys.forEach(key -> stale.addAndGet("new".equals(node.get(key)) ? 0 : 1));
                }
            }
        }
        assertThat(stale).hasValue(0);
        assertThat(nodes)
                .allSatisfy(node -> assertThat(node.stats().near().hits()).isPositive());
        ScenarioReport.figure(
                "X06",
                variant(),
                "0 stale in " + rounds + " rounds on either node; fills refused "
                        + nodes.stream()
                                .mapToLong(node -> node.stats().far().refusedFills())
                                .sum());
    }

    @Test
    void X07_writersOfOneKeyOnTwoNodesAgreeInTheEnd() throws Exception {
        int keys = 3_000;
        List<Cache<String, String>> nodes = List.of(
                node("x07", builder -> builder.maxStaleness(STALENESS)),
                node("x07", builder -> builder.maxStaleness(STALENESS)));
        together(lane -> {
            for (int i = lane % LANES; i < keys; i += LANES) {
                nodes.get(lane / LANES % 2).put("k" + i, "value of lane " + lane);
            }
        });
        pass(STALENESS.multipliedBy(2));
        Cache<String, String> far = nodeWithoutNear("x07");
        int different = 0;
        for (int i = 0; i < keys; i++) {
            String stored = far.getIfPresent("k" + i);
            assertThat(stored).isNotNull();
            for (Cache<String, String> node : nodes) {
                different += stored.equals(node.getIfPresent("k" + i)) ? 0 : 1;
            }
        }
        assertThat(different).isZero();
        ScenarioReport.figure("X07", variant(), "0 of " + keys + " keys differ between near copies and the far tier");
    }

    private interface Lane {
        void run(int lane);
    }

    /** Runs three times as many threads as there are lanes at once, and waits for them. */
    private static void together(Lane lane) throws Exception {
        List<CompletableFuture<Void>> all = IntStream.range(0, 3 * LANES)
                .mapToObj(i -> OwnThread.run(() -> lane.run(i)))
                .toList();
        CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).get(90, TimeUnit.SECONDS);
    }

    private static void pass(Duration time) {
        long end = System.nanoTime() + time.toNanos();
        while (System.nanoTime() < end) {
            LockSupport.parkNanos(end - System.nanoTime());
        }
    }

    @Test
    void X22_aBulkReadCostsThreeRoundTrips() {
        int rounds = 7;
        AtomicInteger bulkLoads = new AtomicInteger();
        AtomicInteger loaded = new AtomicInteger();
        Cache<String, String> writer = nodeWithoutNear("x22");
        MemcachedFarTier tier = opened(tier());
        Cache<String, String> node = node(
                "x22",
                builder -> builder.far(tier, StringCodec.utf8())
                        .loader(key -> {
                            throw new AssertionError("a single load of " + key);
                        })
                        .bulkLoader(keys -> {
                            bulkLoads.incrementAndGet();
                            loaded.addAndGet(keys.size());
                            return keys.stream().collect(Collectors.toMap(key -> key, key -> "row"));
                        }));

        List<Long> trips = new ArrayList<>();
        for (int round = 0; round < rounds; round++) {
            String prefix = "r" + round + "-";
            List<String> keys =
                    IntStream.range(0, 100).mapToObj(i -> prefix + i).toList();
            writer.putAll(keys.subList(0, 50).stream().collect(Collectors.toMap(key -> key, key -> "row")));
            // What was asked before must not be asked again.
            node.getIfPresent(prefix + 0);
            bulkLoads.set(0);
            loaded.set(0);
            long fillsBefore = node.stats().far().fills();
            long before = tier.roundTrips();

            assertThat(node.getAll(keys))
                    .hasSize(100)
                    .allSatisfy((key, row) -> assertThat(row).isEqualTo("row"));
            holds("all is stored", () -> node.stats().far().fills() - fillsBefore == 50);

            trips.add(tier.roundTrips() - before);
            assertThat(bulkLoads).hasValue(1);
            assertThat(loaded).hasValue(50);
        }

        // A heartbeat may come in between.
        long fewest = trips.stream().min(Long::compare).orElseThrow();
        assertThat(fewest).as("round trips: %s", trips).isEqualTo(3);
        ScenarioReport.figure(
                "X22", variant(), "1 bulk load, " + fewest + " round trips (in " + rounds + " rounds: " + trips + ")");
    }

    @AfterAll
    void stopServer() {
        server.close();
    }
}
