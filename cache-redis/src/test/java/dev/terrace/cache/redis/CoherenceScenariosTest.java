package dev.terrace.cache.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheBuilder;
import dev.terrace.cache.CacheListener.LinkState;
import dev.terrace.cache.CacheStats;
import dev.terrace.cache.Loader;
import dev.terrace.cache.Near;
import dev.terrace.cache.WhenFarFails;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.testkit.FaultyLink;
import dev.terrace.cache.testkit.Ledger;
import dev.terrace.cache.testkit.RedisServer;
import dev.terrace.cache.testkit.ScenarioReport;
import io.lettuce.core.RedisURI;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.DefaultClientResources;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The scenarios of near copies that others change. */
@Tag("scenario")
final class CoherenceScenariosTest {

    private static final boolean FULL = Boolean.getBoolean("scenarios.full");
    private static final Duration BOUND = Duration.ofSeconds(1);
    private static final Duration IN_TIME = Duration.ofSeconds(20);
    /** What a busy machine may add. */
    private static final Duration SLACK = Duration.ofMillis(500);

    private final List<AutoCloseable> opened = new ArrayList<>();
    private final Map<String, String> rows = new ConcurrentHashMap<>();
    private RedisServer server;

    @BeforeEach
    void start() {
        server = keep(RedisServer.start());
    }

    @AfterEach
    void closeAll() throws Exception {
        Collections.reverse(opened);
        for (AutoCloseable closeable : opened) {
            closeable.close();
        }
    }

    @Test
    void X05_aLostLinkLeavesNoStaleRead() {
        int keys = 50;
        Ledger ledger = new Ledger(keys, 1_000);
        Loader<String, String> row = key -> Long.toString(ledger.latest(Integer.parseInt(key.substring(1))));
        try (FaultyLink proxy = FaultyLink.to(server.port())) {
            Cache<String, String> a = node("x05", tier(builder -> builder), builder -> builder);
            Cache<String, String> b = node(
                    "x05",
                    tier(builder -> builder.linkThrough(RedisURI.create("redis://127.0.0.1:" + proxy.port()))),
                    builder -> builder.loader(row));
            awaitTrue("the link is armed", () -> b.stats().link().state() == LinkState.ARMED);
            write(a, ledger);
            for (int key = 0; key < keys; key++) {
                b.get("k" + key);
            }
            proxy.refuse();
            proxy.cut();
            awaitTrue("the link is lost", () -> b.stats().link().state() == LinkState.DOWN);

            long worst = 0;
            long reads = 0;
            long downUntil = System.nanoTime() + Duration.ofSeconds(3).toNanos();
            for (int round = 0; System.nanoTime() < downUntil; round++) {
                if (round % 100 == 0) {
                    write(a, ledger);
                }
                int key = round % keys;
                long began = System.nanoTime();
                worst = Math.max(worst, ledger.staleness(key, Long.parseLong(b.get("k" + key)), began));
                reads++;
                LockSupport.parkNanos(200_000);
            }
            write(a, ledger);
            long armings = b.stats().link().armings();
            proxy.heal();
            awaitTrue("the link is back", () -> b.stats().link().armings() > armings);

            int stale = 0;
            for (int key = 0; key < keys; key++) {
                stale += Long.parseLong(b.get("k" + key)) == ledger.latest(key) ? 0 : 1;
            }
            assertThat(stale).isZero();
            assertThat(Duration.ofNanos(worst)).isLessThan(BOUND.plus(SLACK));
            ScenarioReport.figure(
                    "X05",
                    "redis",
                    stale + " of " + keys + " stale after the reconnect; oldest of " + reads
                            + " reads while the link was down " + worst / 1_000_000 + " ms (bound " + BOUND.toMillis()
                            + "); " + nearRatios(b));
        }
    }

    private static void write(Cache<String, String> node, Ledger ledger) {
        for (int key = 0; key < ledger.keys(); key++) {
            long number = ledger.next(key);
            node.put("k" + key, Long.toString(number));
            ledger.acknowledged(key, number);
        }
    }

    @Test
    @Timeout(900)
    void X06_anInvalidationRacingAMissLeavesNoStaleValue() throws Exception {
        int rounds = FULL ? 20_000 : 2_000;
        int together = 250;
        Cache<String, String> a = node("x06", tier(builder -> builder), this::loading);
        Cache<String, String> b = node("x06", tier(builder -> builder), this::loading);
        ExecutorService readers = keep(Pool.of(2)).threads;
        int staleHere = 0;
        int staleThere = 0;
        for (int round = 0; round < rounds; round += together) {
            for (int i = round; i < round + together; i++) {
                String key = "k" + i;
                rows.put(key, "old");
                CountDownLatch begin = new CountDownLatch(1);
                Future<String> here = readers.submit(awaiting(begin, () -> a.get(key)));
                Future<String> there = readers.submit(awaiting(begin, () -> b.get(key)));
                begin.countDown();
                rows.put(key, "new");
                a.invalidate(key);
                // Read your writes.
                staleHere += "new".equals(a.get(key)) ? 0 : 1;
                done(here);
                done(there);
            }
            LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
            for (int i = round; i < round + together; i++) {
                String key = "k" + i;
                staleHere += "new".equals(a.get(key)) ? 0 : 1;
                staleThere += seenInTime(b, key) ? 0 : 1;
            }
        }
        assertThat(staleHere).isZero();
        assertThat(staleThere).isZero();
        ScenarioReport.figure(
                "X06",
                "redis",
                "in " + rounds + " rounds " + staleHere + " stale on the writing node, " + staleThere
                        + " on the other; " + nearRatios(a) + "; the other: " + nearRatios(b));
    }

    /** What is old once the bound has passed is old for good. */
    private static boolean seenInTime(Cache<String, String> node, String key) {
        long end = System.nanoTime() + BOUND.plus(SLACK).toNanos();
        while (!"new".equals(node.get(key))) {
            if (System.nanoTime() > end) {
                return false;
            }
            LockSupport.parkNanos(1_000_000);
        }
        return true;
    }

    @Test
    void X07_writersOfOneKeyOnTwoNodesAgreeInTheEnd() throws Exception {
        int keys = 3_000;
        Cache<String, String> a = node("x07", tier(builder -> builder), this::loading);
        Cache<String, String> b = node("x07", tier(builder -> builder), this::loading);
        Cache<String, String> far =
                keep(patient(Cache.<String, String>builder("x07").far(tier(builder -> builder), StringCodec.utf8()))
                        .build());
        ExecutorService writers = keep(Pool.of(3)).threads;
        List<Future<Void>> written = new ArrayList<>();
        for (int writer = 0; writer < 3; writer++) {
            Cache<String, String> node = writer == 0 ? b : a;
            String value = "by " + writer;
            written.add(writers.submit(() -> {
                for (int key = 0; key < keys; key++) {
                    node.put("k" + key, value);
                    node.get("k" + key);
                }
                return null;
            }));
        }
        for (Future<Void> each : written) {
            done(each);
        }
        LockSupport.parkNanos(BOUND.plus(SLACK).toNanos());

        int apart = 0;
        for (int key = 0; key < keys; key++) {
            String stored = far.getIfPresent("k" + key);
            apart += a.get("k" + key).equals(stored) && b.get("k" + key).equals(stored) ? 0 : 1;
        }
        assertThat(apart).isZero();
        ScenarioReport.figure(
                "X07",
                "redis",
                apart + " of " + keys + " keys apart after three writers each on two nodes; " + nearRatios(a));
    }

    @Test
    void X08_aFillPublishesNothing() {
        int fills = FULL ? 1_000 : 200;
        List<String> figures = new ArrayList<>();
        for (int nodes : FULL ? List.of(1, 10, 50) : List.of(1, 10)) {
            figures.add(fill(nodes, fills));
        }
        assertThat(commandCalls("publish") + commandCalls("spublish")).isZero();
        ScenarioReport.figure(
                "X08", "redis", "0 messages published for " + fills + " fills; " + String.join(", ", figures));
    }

    private String fill(int nodes, int fills) {
        String name = "x08-" + nodes;
        DefaultClientResources resources = DefaultClientResources.create();
        keep(() -> resources.shutdown(0, 2, TimeUnit.SECONDS).await(2_000));
        List<Cache<String, String>> caches = new ArrayList<>();
        for (int i = 0; i < nodes; i++) {
            caches.add(node(name, tier(builder -> builder.resources((ClientResources) resources)), this::loading));
        }
        Cache<String, String> first = caches.get(0);
        first.get("warm");
        caches.forEach(node -> awaitTrue("it is told", () -> node.stats().link().changes() > 0));
        long[] before = serverCosts();
        long told = told(caches);
        for (int i = 0; i < fills; i++) {
            rows.put("k" + i, "row");
            first.get("k" + i);
        }
        awaitTrue("all are told", () -> told(caches) - told >= (long) nodes * fills);
        long[] after = serverCosts();
        return String.format(
                Locale.ROOT,
                "with %d nodes %.1f notices, %d bytes out and %.0f µs of the server for each",
                nodes,
                (double) (told(caches) - told) / fills,
                (after[0] - before[0]) / fills,
                (double) (after[1] - before[1]) / fills);
    }

    private static long told(List<Cache<String, String>> caches) {
        return caches.stream()
                .mapToLong(cache -> cache.stats().link().changes())
                .sum();
    }

    /** Bytes sent, and µs of processor time. */
    private long[] serverCosts() {
        double seconds = Double.parseDouble(server.info("cpu", "used_cpu_user"))
                + Double.parseDouble(server.info("cpu", "used_cpu_sys"));
        return new long[] {Long.parseLong(server.info("stats", "total_net_output_bytes")), (long) (seconds * 1e6)};
    }

    private long commandCalls(String command) {
        return server.text("INFO", "commandstats")
                .lines()
                .filter(line -> line.startsWith("cmdstat_" + command + ":"))
                .mapToLong(line -> Long.parseLong(line.replaceAll(".*:calls=(\\d+).*", "$1")))
                .sum();
    }

    @Test
    void X16_aRefusedWriteIsRepaired() {
        Cache<String, String> a = node(
                "x16",
                tier(builder -> builder),
                builder -> loading(builder).whenFarFails(WhenFarFails.DEGRADE).farBudget(Duration.ofMillis(500)));
        Cache<String, String> b = node("x16", tier(builder -> builder), this::loading);
        rows.put("key", "old");
        a.put("key", "old");
        assertThat(b.get("key")).isEqualTo("old");

        server.command("CONFIG", "SET", "maxmemory-policy", "noeviction");
        server.command("CONFIG", "SET", "maxmemory", "1");
        rows.put("key", "new");
        a.put("key", "new");
        long writtenAt = System.nanoTime();
        assertThat(a.stats().far().recoveryQueued() + a.stats().failures().size())
                .isPositive();
        assertThat(a.get("key")).as("read your writes").isEqualTo("new");
        server.command("CONFIG", "SET", "maxmemory", "0");
        awaitTrue("the other node sees it", () -> "new".equals(b.get("key")));
        long seenAt = System.nanoTime();
        awaitTrue("it is repaired", () -> a.stats().far().recoveryQueued() == 0);

        assertThat(a.get("key")).isEqualTo("new");
        assertThat(b.get("key")).isEqualTo("new");
        ScenarioReport.figure(
                "X16",
                "redis",
                "repaired, and seen by the other node " + (seenAt - writtenAt) / 1_000_000
                        + " ms after the refused put; the writer itself served the new row at once");
    }

    private static String nearRatios(Cache<String, String> node) {
        CacheStats.NearStats near = node.stats().near();
        long inserts = near.inserts() + near.refusedInserts();
        return String.format(
                Locale.ROOT,
                "near hit ratio %.3f, %.1f %% of inserts refused",
                near.hitRatio(),
                inserts == 0 ? 0 : 100.0 * near.refusedInserts() / inserts);
    }

    private CacheBuilder<String, String> loading(CacheBuilder<String, String> builder) {
        return builder.loader(key -> rows.getOrDefault(key, "row"));
    }

    private Cache<String, String> node(
            String name, RedisFarTier tier, UnaryOperator<CacheBuilder<String, String>> more) {
        CacheBuilder<String, String> builder = Cache.<String, String>builder(name)
                .near(Near.maximumSize(10_000))
                .far(tier, StringCodec.utf8());
        Cache<String, String> node = keep(more.apply(patient(builder)).build());
        awaitTrue("the link is armed", () -> node.stats().link().state() == LinkState.ARMED);
        return node;
    }

    private static CacheBuilder<String, String> patient(CacheBuilder<String, String> builder) {
        return builder.freshFor(Duration.ofMinutes(10))
                .maxStaleness(BOUND)
                .farBudget(Duration.ofSeconds(10))
                .whenFarFails(WhenFarFails.THROW);
    }

    private RedisFarTier tier(UnaryOperator<RedisFarTier.Builder> more) {
        return keep(more.apply(RedisFarTier.builder().uri(server.uri())).build());
    }

    private <T extends AutoCloseable> T keep(T opening) {
        opened.add(opening);
        return opening;
    }

    /** Threads that end with the test. */
    private record Pool(ExecutorService threads) implements AutoCloseable {
        static Pool of(int threads) {
            return new Pool(Executors.newFixedThreadPool(threads));
        }

        @Override
        public void close() {
            threads.shutdownNow();
        }
    }

    private static <T> Callable<T> awaiting(CountDownLatch begin, Callable<T> call) {
        return () -> {
            assertThat(begin.await(20, TimeUnit.SECONDS)).isTrue();
            return call.call();
        };
    }

    private static <T> void done(Future<T> future) throws InterruptedException, ExecutionException {
        try {
            future.get(60, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError("not done in time", e);
        }
    }

    private static void awaitTrue(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + IN_TIME.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as(what).isLessThan(deadline);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
    }
}
