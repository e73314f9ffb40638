package dev.terrace.cache.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheBuilder;
import dev.terrace.cache.CacheListener.LinkState;
import dev.terrace.cache.CacheStats;
import dev.terrace.cache.FarWriteException;
import dev.terrace.cache.Loader;
import dev.terrace.cache.Near;
import dev.terrace.cache.ScenarioNodes;
import dev.terrace.cache.WhenFarFails;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.testkit.Ledger;
import dev.terrace.cache.testkit.ScenarioReport;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** The scenarios of near copies that others change, in one deployment of Redis. */
abstract class CoherenceScenarios extends ScenarioNodes {

    static final Duration BOUND = Duration.ofSeconds(1);
    /** What a busy machine may add. */
    static final Duration SLACK = Duration.ofMillis(500);

    final Map<String, String> rows = new ConcurrentHashMap<>();

    /** Where it runs. */
    abstract Deployed deployed();

    @Override
    protected final String variant() {
        return deployed().name();
    }

    @Override
    protected final CacheBuilder<String, String> tiers(String cache) {
        return tiersWithoutNear(cache).near(Near.maximumSize(10_000));
    }

    @Override
    protected final CacheBuilder<String, String> tiersWithoutNear(String cache) {
        return Cache.<String, String>builder(cache).far(opened(deployed().tier().build()), StringCodec.utf8());
    }

    final CacheBuilder<String, String> loading(CacheBuilder<String, String> builder) {
        return builder.loader(key -> rows.getOrDefault(key, "row"));
    }

    /** A node that is told of changes already. */
    final Cache<String, String> node(
            String name, RedisFarTier.Builder tier, UnaryOperator<CacheBuilder<String, String>> more) {
        CacheBuilder<String, String> builder = Cache.<String, String>builder(name)
                .near(Near.maximumSize(10_000))
                .far(opened(tier.build()), StringCodec.utf8())
                .freshFor(Duration.ofMinutes(10))
                .maxStaleness(BOUND)
                .farBudget(deployed().budget())
                .whenFarFails(WhenFarFails.THROW);
        Cache<String, String> node = opened(more.apply(builder).build());
        holds("the link is armed", () -> node.stats().link().state() == LinkState.ARMED);
        return node;
    }

    @Test
    final void X05_aLostLinkLeavesNoStaleRead() {
        int keys = 50;
        Ledger ledger = new Ledger(keys, 1 << 15);
        Loader<String, String> row = key -> Long.toString(ledger.latest(Integer.parseInt(key.substring(1))));
        Cache<String, String> a = node("x05", deployed().tier(), builder -> builder);
        Cache<String, String> b = node(
                "x05",
                deployed().tierThatMayLoseItsLink(),
                builder -> builder.loader(row).serveWhileCutOff(Duration.ZERO));
        writeAll(a, ledger);
        for (int key = 0; key < keys; key++) {
            b.get("k" + key);
        }
        deployed().loseLink();
        holds("the link is lost", () -> b.stats().link().state() == LinkState.DOWN);
        long armings = b.stats().link().armings();

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
        writeAll(a, ledger);
        deployed().healLink();
        holds(
                "the link is back",
                () -> b.stats().link().armings() > armings && b.stats().link().state() == LinkState.ARMED);

        int stale = 0;
        for (int key = 0; key < keys; key++) {
            stale += Long.parseLong(b.get("k" + key)) == ledger.latest(key) ? 0 : 1;
        }
        assertThat(stale).isZero();
        assertThat(Duration.ofNanos(worst)).isLessThan(BOUND.plus(SLACK));
        // What was missed is made good by comparing; from now on the new link has to tell.
        writeAll(a, ledger);
        for (int i = 0; i < keys; i++) {
            int key = i;
            holds("the new link tells", () -> Long.parseLong(b.get("k" + key)) == ledger.latest(key));
        }
        ScenarioReport.figure(
                "X05",
                variant(),
                stale + " of " + keys + " stale after the reconnect; oldest of " + reads
                        + " reads while the link was down " + worst / 1_000_000 + " ms (bound " + BOUND.toMillis()
                        + "); " + nearRatios(b));
    }

    /** Each key once; what is not acknowledged, nobody has to see. */
    private static void write(Cache<String, String> node, Ledger ledger) {
        for (int key = 0; key < ledger.keys(); key++) {
            isWritten(node, ledger, key);
        }
    }

    /** Each key until it is acknowledged, and no repair is left that would end it. */
    private static void writeAll(Cache<String, String> node, Ledger ledger) {
        for (int i = 0; i < ledger.keys(); i++) {
            int key = i;
            holds("it is acknowledged", () -> node.stats().far().recoveryQueued() == 0 && isWritten(node, ledger, key));
        }
    }

    private static boolean isWritten(Cache<String, String> node, Ledger ledger, int key) {
        long number = ledger.next(key);
        try {
            node.put("k" + key, Long.toString(number));
            ledger.acknowledged(key, number);
            return true;
        } catch (FarWriteException notAcknowledged) {
            return false;
        }
    }

    @Test
    final void X16_aRefusedWriteIsRepaired() {
        Cache<String, String> a = node(
                "x16",
                deployed().tier(),
                builder -> loading(builder).whenFarFails(WhenFarFails.DEGRADE).farBudget(Duration.ofMillis(200)));
        Cache<String, String> b = node("x16", deployed().tier(), this::loading);
        rows.put("key", "old");
        a.put("key", "old");
        assertThat(b.get("key")).isEqualTo("old");

        deployed().refuseWrites();
        long writtenAt;
        try {
            rows.put("key", "new");
            a.put("key", "new");
            writtenAt = System.nanoTime();
            assertThat(a.stats().far().recoveryQueued() + a.stats().failures().size())
                    .isPositive();
            assertThat(a.get("key")).as("read your writes").isEqualTo("new");
        } finally {
            deployed().allowWrites();
        }
        holds("the other node sees it", () -> "new".equals(b.get("key")));
        long seenAt = System.nanoTime();
        holds("it is repaired", () -> a.stats().far().recoveryQueued() == 0);

        assertThat(a.get("key")).isEqualTo("new");
        assertThat(b.get("key")).isEqualTo("new");
        ScenarioReport.figure(
                "X16",
                variant(),
                "repaired, and seen by the other node " + (seenAt - writtenAt) / 1_000_000
                        + " ms after the refused put; the writer itself served the new row at once");
    }

    static String nearRatios(Cache<String, String> node) {
        CacheStats.NearStats near = node.stats().near();
        long inserts = near.inserts() + near.refusedInserts();
        return String.format(
                Locale.ROOT,
                "near hit ratio %.3f, %.1f %% of inserts refused",
                near.hitRatio(),
                inserts == 0 ? 0 : 100.0 * near.refusedInserts() / inserts);
    }
}
