package dev.terrace.cache.memcached;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheException;
import dev.terrace.cache.CacheStats;
import dev.terrace.cache.Near;
import dev.terrace.cache.WhenFarFails;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.redis.RedisInvalidationBus;
import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.spi.InvalidationBus;
import dev.terrace.cache.testkit.FaultyLink;
import dev.terrace.cache.testkit.Ledger;
import dev.terrace.cache.testkit.MemcachedServer;
import dev.terrace.cache.testkit.OwnThread;
import dev.terrace.cache.testkit.RedisServer;
import dev.terrace.cache.testkit.ScenarioReport;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Isolated;

/** The scenarios of near copies that others change, on real servers, with a bus over Redis and without one. */
@Tag("scenario")
@Isolated
final class BusScenariosTest {

    private static final boolean FULL = Boolean.getBoolean("scenarios.full");
    private static final Duration BOUND = Duration.ofSeconds(1);
    private static final Duration IN_TIME = Duration.ofSeconds(30);
    /** What a busy machine may add. */
    private static final Duration SLACK = Duration.ofMillis(500);

    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private volatile boolean over;

    @AfterEach
    void closeAll() throws Exception {
        over = true;
        for (AutoCloseable closeable : opened) {
            closeable.close();
        }
    }

    @Test
    void X05_aLostBusLeavesNoStaleRead() {
        int keys = 50;
        MemcachedServer server = keep(MemcachedServer.start());
        RedisServer redis = keep(RedisServer.start());
        FaultyLink proxy = keep(FaultyLink.to(redis.port()));
        Ledger ledger = new Ledger(keys, 1_000);
        Cache<String, String> a = node("x05", List.of(server), bus(redis.uri()), ledger);
        Cache<String, String> b = node("x05", List.of(server), bus("redis://127.0.0.1:" + proxy.port()), ledger);
        awaitTrue("both hear", () -> hears(a) && hears(b));
        write(a, ledger);
        for (int key = 0; key < keys; key++) {
            b.get("k" + key);
        }
        proxy.refuse();
        proxy.cut();

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
        for (int key = 0; key < keys; key++) {
            b.get("k" + key);
        }
        write(a, ledger);
        long interruptions = b.stats().link().armings();
        proxy.heal();
        awaitTrue("the bus is back", () -> b.stats().link().armings() > interruptions);

        int stale = 0;
        for (int key = 0; key < keys; key++) {
            stale += Long.parseLong(b.get("k" + key)) == ledger.latest(key) ? 0 : 1;
        }
        assertThat(stale).isZero();
        assertThat(Duration.ofNanos(worst)).isLessThan(BOUND.plus(SLACK));
        ScenarioReport.figure(
                "X05",
                "memcached, Redis bus",
                stale + " of " + keys + " stale after the reconnect; oldest of " + reads
                        + " reads while the bus was down " + worst / 1_000_000 + " ms (bound " + BOUND.toMillis()
                        + "); " + nearRatios(List.of(b)));
    }

    @Test
    void X08_aFillPublishesNothing() {
        int fills = FULL ? 1_000 : 200;
        MemcachedServer server = keep(MemcachedServer.start());
        RedisServer redis = keep(RedisServer.start());
        Ledger ledger = new Ledger(fills, 10);
        Cache<String, String> a = node("x08", List.of(server), bus(redis.uri()), ledger);
        Cache<String, String> b = node("x08", List.of(server), bus(redis.uri()), ledger);
        awaitTrue("both hear", () -> hears(a) && hears(b));
        for (int key = 0; key < fills; key++) {
            assertThat(a.get("k" + key)).isEqualTo("0");
            assertThat(b.get("k" + key)).isEqualTo("0");
        }
        assertThat(published(redis)).isZero();
        assertThat(b.stats().link().changes()).isZero();

        // That a change is told at all, and how soon it is seen.
        long[] seen = new long[fills];
        for (int key = 0; key < fills; key++) {
            long number = ledger.next(key);
            String value = Long.toString(number);
            long began = System.nanoTime();
            a.put("k" + key, value);
            int asked = key;
            awaitTrue("it is seen", () -> value.equals(b.get("k" + asked)));
            seen[key] = System.nanoTime() - began;
        }
        assertThat(published(redis)).isEqualTo(fills);
        Arrays.sort(seen);
        ScenarioReport.figure(
                "X08",
                "memcached, Redis bus",
                String.format(
                        Locale.ROOT,
                        "0 messages published for %d fills; 1 for each put, read on the other node after p50 %.2f ms,"
                                + " p99 %.2f ms",
                        2 * fills,
                        seen[fills / 2] / 1e6,
                        seen[fills * 99 / 100] / 1e6));
    }

    private static long published(RedisServer redis) {
        return redis.text("INFO", "commandstats")
                .lines()
                .filter(line -> line.startsWith("cmdstat_publish:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll(".*:calls=(\\d+).*", "$1")))
                .sum();
    }

    @Test
    @Timeout(300)
    void G4_nothingIsOlderThanTheBoundWithoutABus() throws Exception {
        probe("memcached, 3 servers", false);
    }

    @Test
    @Timeout(300)
    void G4_nothingIsOlderThanTheBoundWithABusThatFails() throws Exception {
        probe("memcached, 3 servers, Redis bus", true);
    }

    /** One writer per key with rising numbers, readers on three nodes, faults drawn from a seed. */
    private void probe(String variant, boolean withBus) throws Exception {
        int keys = 24;
        long seed = Long.getLong("probe.seed", System.nanoTime());
        Duration faulty = Duration.ofSeconds(Long.getLong("probe.seconds", FULL ? 90 : 8));
        List<MemcachedServer> servers =
                List.of(keep(MemcachedServer.start()), keep(MemcachedServer.start()), keep(MemcachedServer.start()));
        RedisServer redis = keep(RedisServer.start());
        FaultyLink way = keep(FaultyLink.to(redis.port()));
        Ledger ledger = new Ledger(keys, 1 << 15);
        List<Cache<String, String>> nodes = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            InvalidationBus bus = withBus ? bus("redis://127.0.0.1:" + way.port()) : null;
            nodes.add(node("probe", servers, bus, ledger));
        }
        Watch watch = new Watch();
        List<CompletableFuture<Void>> threads = new ArrayList<>();
        threads.add(OwnThread.run(() -> write(nodes, ledger, new Random(seed))));
        awaitTrue("every key is there", () -> ledger.latest(keys - 1) > 0);
        for (Cache<String, String> node : nodes) {
            Random random = new Random(seed + threads.size());
            threads.add(OwnThread.run(() -> read(node, ledger, random, watch)));
        }
        TimeUnit.NANOSECONDS.sleep(Duration.ofSeconds(FULL ? 20 : 1).toNanos());
        String healthy = nearRatios(nodes) + ", oldest " + watch.worst.get() / 1_000_000 + " ms";
        long healthyReads = watch.reads.get();
        assertThat(healthyReads).isPositive();

        Random random = new Random(seed);
        long end = System.nanoTime() + faulty.toNanos();
        for (int round = 0; System.nanoTime() < end; round++) {
            MemcachedServer server = servers.get(random.nextInt(servers.size()));
            long millis = 200L + random.nextInt(2_000);
            // The first is always what is asked for: one of three servers killed and restarted.
            switch (round == 0 ? 0 : random.nextInt(withBus ? 4 : 2)) {
                case 0 -> {
                    server.kill();
                    TimeUnit.MILLISECONDS.sleep(millis);
                    server.restart();
                }
                case 1 -> {
                    server.freeze();
                    TimeUnit.MILLISECONDS.sleep(millis);
                    server.thaw();
                }
                case 2 -> {
                    way.toClient().blackhole();
                    TimeUnit.MILLISECONDS.sleep(millis);
                    way.heal();
                }
                default -> redis.command("CLIENT", "KILL", "TYPE", "pubsub");
            }
            TimeUnit.MILLISECONDS.sleep(random.nextInt(1_500));
        }
        over = true;
        for (CompletableFuture<Void> thread : threads) {
            thread.get(60, TimeUnit.SECONDS);
        }
        assertThat(watch.late.get()).as("reads over the bound, seed " + seed).isZero();
        ScenarioReport.figure(
                "G4",
                variant,
                "seed " + seed + ", " + watch.reads + " reads, bound " + BOUND.toMillis() + " ms: "
                        + watch.late + " over it, oldest " + watch.worst.get() / 1_000_000 + " ms, machine paused "
                        + watch.longestPause / 1_000_000 + " ms at most; while nothing failed: " + healthy);
    }

    private void write(List<Cache<String, String>> nodes, Ledger ledger, Random random) {
        while (!over) {
            for (int key = 0; key < ledger.keys() && !over; key++) {
                long number = ledger.next(key);
                try {
                    nodes.get(random.nextInt(nodes.size())).put("k" + key, Long.toString(number));
                    ledger.acknowledged(key, number);
                } catch (CacheException refused) {
                    // Not acknowledged: nobody has to see it, and who reads the source may.
                }
                LockSupport.parkNanos(40_000_000);
            }
        }
    }

    private void read(Cache<String, String> node, Ledger ledger, Random random, Watch watch) {
        while (!over) {
            int key = random.nextInt(ledger.keys());
            long began = System.nanoTime();
            long number;
            try {
                number = Long.parseLong(node.get("k" + key));
            } catch (CacheException overloaded) {
                continue;
            }
            watch.saw(ledger.staleness(key, number, began));
            long parked = System.nanoTime();
            LockSupport.parkNanos(200_000);
            watch.paused(System.nanoTime() - parked - 200_000);
        }
    }

    /** What readers have seen, and for how long the machine did not let them. */
    private static final class Watch {

        private final AtomicLong reads = new AtomicLong();
        private final AtomicLong late = new AtomicLong();
        private final AtomicLong worst = new AtomicLong();
        private volatile long longestPause;

        void saw(long staleness) {
            reads.incrementAndGet();
            worst.accumulateAndGet(staleness, Math::max);
            // Ticks of coarse clocks, and the way from an acknowledgement to its noting here.
            if (staleness > BOUND.toNanos() + TimeUnit.MILLISECONDS.toNanos(10) + longestPause) {
                late.incrementAndGet();
            }
        }

        synchronized void paused(long nanos) {
            longestPause = Math.max(longestPause, nanos);
        }
    }

    private static void write(Cache<String, String> node, Ledger ledger) {
        for (int key = 0; key < ledger.keys(); key++) {
            long number = ledger.next(key);
            node.put("k" + key, Long.toString(number));
            ledger.acknowledged(key, number);
        }
    }

    private static boolean hears(Cache<String, String> node) {
        return node.stats().link().armings() > 0;
    }

    private static String nearRatios(List<Cache<String, String>> nodes) {
        long hits = 0;
        long misses = 0;
        long inserts = 0;
        long refused = 0;
        for (Cache<String, String> node : nodes) {
            CacheStats.NearStats near = node.stats().near();
            hits += near.hits();
            misses += near.misses();
            inserts += near.inserts();
            refused += near.refusedInserts();
        }
        return String.format(
                Locale.ROOT,
                "near hit ratio %.3f, %.1f %% of inserts refused",
                (double) hits / Math.max(1, hits + misses),
                100.0 * refused / Math.max(1, inserts + refused));
    }

    private InvalidationBus bus(String uri) {
        return RedisInvalidationBus.over(keep(SharedRedis.connect(uri)));
    }

    private Cache<String, String> node(
            String name, List<MemcachedServer> servers, @Nullable InvalidationBus bus, Ledger ledger) {
        MemcachedFarTier tier = keep(MemcachedFarTier.connect(
                servers.stream().map(server -> "127.0.0.1:" + server.port()).collect(Collectors.joining(","))));
        var builder = Cache.<String, String>builder(name)
                .near(Near.maximumSize(10_000))
                .far(tier, StringCodec.utf8())
                .freshFor(Duration.ofMinutes(10))
                .maxStaleness(BOUND)
                .serveWhileCutOff(Duration.ZERO)
                .farBudget(servers.size() == 1 ? Duration.ofSeconds(10) : Duration.ofMillis(100))
                .whenFarFails(WhenFarFails.THROW)
                .loader(key -> Long.toString(ledger.latest(Integer.parseInt(key.substring(1)))));
        return keep((bus == null ? builder : builder.bus(bus)).build());
    }

    private <T extends AutoCloseable> T keep(T opening) {
        opened.push(opening);
        return opening;
    }

    private static void awaitTrue(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + IN_TIME.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as(what).isLessThan(deadline);
            LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(50));
        }
    }
}
