package dev.terrace.cache.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheException;
import dev.terrace.cache.CacheListener.LinkState;
import dev.terrace.cache.CacheStats;
import dev.terrace.cache.Near;
import dev.terrace.cache.WhenFarFails;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.testkit.Ledger;
import dev.terrace.cache.testkit.ScenarioReport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * How old a value is that a read returns, while things go wrong: one writer per key with rising numbers, readers on three
 * nodes, faults drawn from a seed, failovers among them. {@code -Dprobe.seed=N -Dprobe.seconds=N} choose.
 */
@Tag("scenario")
final class StalenessProbeTest {

    private static final boolean FULL = Boolean.getBoolean("scenarios.full");
    private static final long SEED = Long.getLong("probe.seed", System.nanoTime());
    private static final Duration HEALTHY = Duration.ofSeconds(FULL ? 20 : 1);
    private static final Duration FAULTY = Duration.ofSeconds(Long.getLong("probe.seconds", FULL ? 120 : 8));
    private static final Duration BOUND = Duration.ofSeconds(1);
    private static final int KEYS = 24;
    private static final int NODES = 3;
    /** Ticks of coarse clocks, and the way from an acknowledgement on the server to its noting here. */
    private static final long TICKS = 5_000_000;

    private static final long QUICKEST_FAR_READ = 10_000;

    private final List<AutoCloseable> opened = new ArrayList<>();
    private final Ledger ledger = new Ledger(KEYS, 1 << 15);
    private final AtomicReferenceArray<Writing> writings = new AtomicReferenceArray<>(KEYS);
    private final List<Node> nodes = new ArrayList<>();
    private final Pauses pauses = new Pauses();
    private StalenessFaults faults;
    private volatile boolean over;

    @BeforeEach
    void start() {
        faults = keep(new StalenessFaults(ledger, "t:{probe:k"));
        keep(pauses);
    }

    @AfterEach
    void closeAll() throws Exception {
        over = true;
        Collections.reverse(opened);
        for (AutoCloseable closeable : opened) {
            closeable.close();
        }
    }

    @Test
    @Timeout(400)
    void G4_nothingIsOlderThanTheBoundWhateverHappens() throws Exception {
        Outcome outcome = probe(Duration.ZERO, RedisCoherence.TRACKING);

        assertThat(outcome.late()).as("reads over the bound, seed " + SEED).isZero();
        ScenarioReport.figure("G4", "redis, strict", outcome.told());
    }

    @Test
    @Timeout(400)
    void G4_changeNoticesKeepTheBoundAsWell() throws Exception {
        Outcome outcome = probe(Duration.ZERO, RedisCoherence.NOTICES);

        assertThat(outcome.late()).as("reads over the bound, seed " + SEED).isZero();
        ScenarioReport.figure("G4", "redis, strict, change notices", outcome.told());
    }

    @Test
    @Timeout(400)
    void G4_onlyNodesThatSayTheyAreCutOffServeLonger() throws Exception {
        Outcome outcome = probe(Duration.ofSeconds(30), RedisCoherence.TRACKING);

        assertThat(outcome.lateUnsaid())
                .as("reads over the bound that nobody has said, seed " + SEED)
                .isZero();
        ScenarioReport.figure("G4", "redis, serving while cut off", outcome.told());
    }

    /** What readers have seen. */
    private record Outcome(long late, long lateUnsaid, String told) {}

    private Outcome probe(Duration serveWhileCutOff, RedisCoherence coherence) throws InterruptedException {
        for (int i = 0; i < NODES; i++) {
            nodes.add(new Node(serveWhileCutOff, coherence));
        }
        List<Reader> readers = new ArrayList<>();
        Thread writer = new Thread(this::write, "writer");
        writer.start();
        // Every key is there before anybody judges what is read of it.
        awaitTrue(() -> ledger.latest(KEYS - 1) > 0);
        for (Node node : nodes) {
            readers.add(new Reader(node, new Random(SEED + readers.size())));
        }
        readers.forEach(Thread::start);
        pass(HEALTHY);
        NearCounts healthy = NearCounts.of(nodes);
        faults.breakThings(
                new Random(SEED),
                FAULTY,
                nodes.stream().flatMap(node -> Stream.of(node.data, node.link)).toList());
        faults.assertFailedOver();
        over = true;
        for (Reader reader : readers) {
            reader.join(30_000);
        }
        writer.join(30_000);

        NearCounts whole = NearCounts.of(nodes);
        StalenessHistogram all = new StalenessHistogram();
        long late = 0;
        long lateUnsaid = 0;
        for (Reader reader : readers) {
            assertThat(reader.failure).isNull();
            all.add(reader.staleness);
            late += reader.late;
            lateUnsaid += reader.lateUnsaid;
        }
        String told = "seed " + SEED + ", " + all.reads() + " reads, bound " + BOUND.toMillis() + " ms: oldest "
                + all.worst() / 1_000_000 + " ms, JVM paused " + pauses.longest() / 1_000_000
                + " ms at most; reads by staleness: " + all + "; " + faults + "; healthy: " + healthy
                + "; while things went wrong: " + whole.since(healthy);
        System.out.println(told);
        assertThat(Duration.ofNanos(all.worst()))
                .as(told)
                .isLessThan(BOUND.plus(serveWhileCutOff).plusNanos(TICKS + pauses.longest()));
        if (FULL) {
            assertThat(healthy.hitRatio()).isGreaterThanOrEqualTo(0.99);
            // What is read of a key while it is changed may be older than the change, and is kept by nobody.
            assertThat(healthy.needlesslyRefusedShare()).as(told).isLessThanOrEqualTo(0.05);
            assertThat(whole.needlesslyRefusedShare()).as(told).isLessThanOrEqualTo(0.05);
        }
        return new Outcome(late, lateUnsaid, told);
    }

    private void write() {
        Random random = new Random(SEED);
        while (!over) {
            for (int key = 0; key < KEYS && !over; key++) {
                write(key, nodes.get(random.nextInt(NODES)));
                LockSupport.parkNanos(80_000_000);
            }
        }
    }

    /**
     * The last write of a key.
     *
     * @param ended in local nanoseconds; null while it is under way
     */
    private record Writing(long began, @Nullable Long ended) {

        /** A change is told a little after it was made, on a busy machine. */
        private static final long TELLING = 50_000_000;

        boolean overlaps(long from, long to) {
            return began - to <= 0 && (ended == null || ended + TELLING - from >= 0);
        }
    }

    private void write(int key, Node node) {
        faults.writing.lock();
        long began = System.nanoTime();
        writings.set(key, new Writing(began, null));
        try {
            long number = ledger.next(key);
            node.cache.put("k" + key, Long.toString(number));
            ledger.acknowledged(key, number);
        } catch (CacheException refused) {
            // Not acknowledged: nobody has to see it, and who reads the source may.
        } finally {
            writings.set(key, new Writing(began, System.nanoTime()));
            faults.writing.unlock();
        }
    }

    private static void pass(Duration time) throws InterruptedException {
        TimeUnit.NANOSECONDS.sleep(time.toNanos());
    }

    /**
     * What near tiers did.
     *
     * @param explained how many inserts were refused to reads during which their own key was changed
     */
    private record NearCounts(long hits, long misses, long inserts, long refused, long explained) {

        static NearCounts of(List<Node> nodes) {
            NearCounts all = new NearCounts(0, 0, 0, 0, 0);
            for (Node node : nodes) {
                CacheStats.NearStats near = node.cache.stats().near();
                all = new NearCounts(
                        all.hits + near.hits(),
                        all.misses + near.misses(),
                        all.inserts + near.inserts(),
                        all.refused + near.refusedInserts(),
                        all.explained + node.explainedRefusals.sum());
            }
            return all;
        }

        NearCounts since(NearCounts before) {
            return new NearCounts(
                    hits - before.hits,
                    misses - before.misses,
                    inserts - before.inserts,
                    refused - before.refused,
                    explained - before.explained);
        }

        double hitRatio() {
            return (double) hits / Math.max(1, hits + misses);
        }

        long needlesslyRefused() {
            return Math.max(0, refused - explained);
        }

        double needlesslyRefusedShare() {
            return (double) needlesslyRefused() / Math.max(1, inserts + refused);
        }

        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "near hit ratio %.4f, of %d inserts %d refused since their key was changed during the read and %d (%.1f %%) for"
                            + " another reason",
                    hitRatio(),
                    inserts + refused,
                    refused - needlesslyRefused(),
                    needlesslyRefused(),
                    100 * needlesslyRefusedShare());
        }
    }

    /** A node whose two ways to the server can each be broken. */
    private final class Node {

        final StalenessFaults.Way data = keep(faults.way());
        final StalenessFaults.Way link = keep(faults.way());
        final Cache<String, String> cache;
        final LongAdder explainedRefusals = new LongAdder();

        Node(Duration serveWhileCutOff, RedisCoherence coherence) {
            RedisFarTier tier = keep(RedisFarTier.builder()
                    .uri(faults.uri())
                    .coherence(coherence)
                    .resources(data.resources())
                    .linkThrough(faults.uri(), link.resources())
                    .build());
            cache = cache(tier, serveWhileCutOff);
        }
    }

    private Cache<String, String> cache(RedisFarTier tier, Duration serveWhileCutOff) {
        Cache<String, String> cache = keep(Cache.<String, String>builder("probe")
                .near(Near.maximumSize(1_000))
                .far(tier, StringCodec.utf8())
                .freshFor(Duration.ofMinutes(10))
                .maxStaleness(BOUND)
                .serveWhileCutOff(serveWhileCutOff)
                .whenFarFails(WhenFarFails.THROW)
                .loader(key -> Long.toString(ledger.latest(Integer.parseInt(key.substring(1)))))
                .build());
        awaitTrue(() -> cache.stats().link().state() == LinkState.ARMED);
        return cache;
    }

    /** Reads keys of a node and judges what it gets. */
    private final class Reader extends Thread {

        final StalenessHistogram staleness = new StalenessHistogram();
        long late;
        long lateUnsaid;
        volatile Throwable failure;
        private final Node node;
        private final Random random;

        Reader(Node node, Random random) {
            super("reader");
            this.node = node;
            this.random = random;
        }

        @Override
        public void run() {
            try {
                while (!over) {
                    read(random.nextInt(KEYS));
                    LockSupport.parkNanos(50_000);
                }
            } catch (Throwable t) {
                failure = t;
            }
        }

        private void read(int key) {
            CacheStats.NearStats before = node.cache.stats().near();
            long pausedBefore = pauses.longestSince();
            long began = System.nanoTime();
            long number;
            try {
                number = Long.parseLong(node.cache.get("k" + key));
            } catch (CacheException overloaded) {
                return;
            } finally {
                explainRefusals(key, before.refusedInserts(), began);
            }
            long stale = ledger.staleness(key, number, began);
            staleness.count(stale);
            if (stale > BOUND.toNanos() + TICKS + Math.max(pausedBefore, pauses.longestSince())) {
                late++;
                lateUnsaid += node.cache.stats().near().cutOffServes() > before.cutOffServes() ? 0 : 1;
            }
        }

        /** Nobody else reads on this node. */
        private void explainRefusals(int key, long refusedBefore, long began) {
            long ended = System.nanoTime();
            if (ended - began < QUICKEST_FAR_READ) {
                return;
            }
            Writing writing = writings.get(key);
            if (writing != null && writing.overlaps(began, ended)) {
                node.explainedRefusals.add(node.cache.stats().near().refusedInserts() - refusedBefore);
            }
        }
    }

    /** How long this process was not run for: a thread that wants to run each millisecond notes when it does not. */
    private static final class Pauses implements AutoCloseable {

        private static final int REMEMBERED_SECONDS = 5;
        private volatile boolean closed;
        private volatile long longest;
        private final AtomicLong recent = new AtomicLong();
        private volatile long recentAt;

        Pauses() {
            Thread thread = new Thread(this::watch, "pauses");
            thread.setDaemon(true);
            thread.start();
        }

        private void watch() {
            long last = System.nanoTime();
            while (!closed) {
                LockSupport.parkNanos(1_000_000);
                long now = System.nanoTime();
                long pause = now - last - 1_000_000;
                last = now;
                if (now - recentAt > TimeUnit.SECONDS.toNanos(REMEMBERED_SECONDS) || pause > recent.get()) {
                    recent.set(pause);
                    recentAt = now;
                }
                longest = Math.max(longest, pause);
            }
        }

        long longest() {
            return longest;
        }

        /** The longest of the last few seconds. */
        long longestSince() {
            return Math.max(0, recent.get());
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    private <T extends AutoCloseable> T keep(T opening) {
        opened.add(opening);
        return opening;
    }

    private static void awaitTrue(BooleanSupplier condition) {
        long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("in time").isLessThan(deadline);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
    }
}
