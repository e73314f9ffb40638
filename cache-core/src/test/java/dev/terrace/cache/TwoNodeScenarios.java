package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.codec.Codec;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.spi.FarTier;
import dev.terrace.cache.testkit.ScenarioReport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The scenarios of nodes that share a far tier. A test class extends it per far tier, and runs its real server. */
public abstract class TwoNodeScenarios extends OneNodeScenarios {

    /** A connection of a new node to the one server. */
    protected abstract FarTier connect();

    /** Stops the server in its tracks: sockets stay open, nothing is answered. */
    protected abstract void freeze();

    /** Lets a frozen server go on. */
    protected abstract void thaw();

    @Override
    protected final CacheBuilder<String, String> tiers(String cache) {
        return tiersWithoutNear(cache).near(Near.maximumSize(10_000));
    }

    @Override
    protected final CacheBuilder<String, String> tiersWithoutNear(String cache) {
        return Cache.<String, String>builder(cache).far(opened(connect()), StringCodec.utf8());
    }

    @Override
    final boolean isShared() {
        return true;
    }

    @Test
    final void X03_loadsOfDifferentKeysDoNotWaitForEachOther() {
        int callers = 10;
        Duration load = Duration.ofMillis(200);
        CyclicBarrier together = new CyclicBarrier(callers);
        Loader<String, String> loader = key -> {
            meet(together);
            Rows.take(load);
            return "row " + key;
        };
        Cache<String, String> a = node("x03", builder -> builder.loader(loader));
        Cache<String, String> b = node("x03", builder -> builder.loader(loader));

        List<Callers.Outcome<String>> outcomes = Callers.begin(
                        callers, caller -> (caller % 2 == 0 ? a : b).get("k" + caller))
                .ended();

        assertThat(outcomes).allSatisfy(outcome -> assertThat(outcome.failure()).isNull());
        assertThat(leasesGranted(a) + leasesGranted(b)).isEqualTo(callers);
        assertThat(Callers.slowest(outcomes)).isLessThan(load.plus(SLACK));
        ScenarioReport.figure(
                "X03",
                variant(),
                callers + " loads of 200 ms at once on two nodes, done in " + millis(Callers.span(outcomes)) + " ms");
    }

    private static void meet(CyclicBarrier barrier) {
        try {
            barrier.await(20, TimeUnit.SECONDS);
        } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
            throw new IllegalStateException("the loads did not run at once", e);
        }
    }

    @Test
    final void X04_aFrozenServerCostsTheFirstCallsTheBudgetAndLaterOnesNothing() {
        freezeUnderLoad("x04", Duration.ofSeconds(3), variant());
    }

    /** Long enough for the connection to be given up. */
    @Test
    @Tag("slow")
    final void X04_aLongFreezeHealsAsAShortOneDoes() {
        freezeUnderLoad("x04-long", Duration.ofSeconds(8), variant() + ", 8 s");
    }

    private void freezeUnderLoad(String name, Duration time, String reported) {
        FrozenFarTier.Outage frozen = new FrozenFarTier.Outage() {
            @Override
            public void begin() {
                freeze();
            }

            @Override
            public void last() {
                Rows.take(time);
            }

            @Override
            public void end() {
                thaw();
            }

            @Override
            public String over() {
                return "the thaw";
            }
        };
        FrozenFarTier.underLoad(nodeWithoutNear(name), node(name, FrozenFarTier::settings), frozen, reported);
    }

    @Test
    final void X15_aChangeOnAnotherNodeDuringALoadIsNotUndoneByIt() {
        ChangesDuringLoads.onTwoNodes(this, 10);
    }

    @Test
    final void X15_theFarTierKeepsNoOldValueEither() {
        ChangesDuringLoads.inTheFarTier(this);
    }

    @Test
    final void X17_theLeaseOfALoadThatNeverReturnsEnds() {
        Duration deadline = Duration.ofMillis(300);
        CompletableFuture<String> never = new CompletableFuture<>();
        Cache<String, String> a = node(
                "x17-two", builder -> builder.loadDeadline(deadline).loader(key -> never.get(60, TimeUnit.SECONDS)));
        Cache<String, String> b = node("x17-two", builder -> builder.loader(key -> "row of B"));

        CompletableFuture<String> hanging = a.async().get("k");
        Eventually.holds("A holds the lease", () -> a.stats().far().leasesGranted() == 1);
        long start = System.nanoTime();
        assertThat(b.get("k")).isEqualTo("row of B");
        Duration waited = Duration.ofNanos(System.nanoTime() - start);

        assertThat(hanging.handle((row, failure) -> failure)
                        .orTimeout(20, TimeUnit.SECONDS)
                        .join())
                .isInstanceOf(LoadTimeoutException.class);
        assertThat(a.get("k")).isEqualTo("row of B");
        assertThat(waited).isLessThan(deadline.plus(SLACK));
        ScenarioReport.figure(
                "X17",
                variant() + ", other node",
                "deadline 300 ms: the other node has its value after " + millis(waited) + " ms");
    }

    /**
     * A version of the class of values, on the node that runs it.
     *
     * @param row what its loader loads
     */
    public record Version<V>(Codec<V> codec, V row) {}

    /** Two versions of a class, by a codec that is used for such. */
    protected abstract List<Version<?>> versions();

    /** A node of one version, and what it does to read the key that both read. */
    private record VersionedNode(Cache<String, ?> cache, Runnable read) {}

    private <V> VersionedNode versioned(Version<V> version, Duration staleness, AtomicInteger loads) {
        Cache<String, V> cache = opened(patient(Cache.<String, V>builder("x19"))
                .near(Near.maximumSize(100))
                .far(opened(connect()), version.codec())
                .maxStaleness(staleness)
                .loader((String key) -> {
                    loads.incrementAndGet();
                    return version.row();
                })
                .build());
        return new VersionedNode(cache, () -> assertThat(cache.get("k")).isEqualTo(version.row()));
    }

    @Test
    final void X19_twoVersionsOfTheValuesClassWorkSideBySide() {
        Duration staleness = Duration.ofMillis(250);
        Duration time = Duration.ofSeconds(2);
        AtomicInteger loads = new AtomicInteger();
        List<VersionedNode> nodes = new ArrayList<>();
        versions().forEach(version -> nodes.add(versioned(version, staleness, loads)));

        long start = System.nanoTime();
        long reads = 0;
        while (System.nanoTime() - start < time.toNanos()) {
            nodes.forEach(node -> node.read().run());
            reads += nodes.size();
            Rows.take(Duration.ofMillis(1));
        }
        Duration took = Duration.ofNanos(System.nanoTime() - start);

        // Then a copy that is read all the time is compared, and found to be replaced by the other node's.
        Duration between = staleness.multipliedBy(2).dividedBy(3);
        long bound = 2 + 2 * took.dividedBy(between);
        assertThat((long) loads.get()).isBetween(2L, bound);
        nodes.forEach(node -> {
            assertThat(node.cache().stats().failures()).containsOnlyKeys(FailureKind.DECODE);
            assertThat(node.cache().stats().near().hitRatio()).isGreaterThan(0.5);
        });
        ScenarioReport.figure(
                "X19",
                variant(),
                loads.get() * 60_000L / took.toMillis() + " loads a minute of a key that both versions read all the"
                        + " time, bound " + 2 * Duration.ofMinutes(1).dividedBy(between)
                        + " at a staleness bound of 250 ms; "
                        + reads + " reads without an exception; "
                        + nearHealth(nodes.get(0).cache()));
    }

    @Test
    final void X21_aBurstOnTwoNodesCausesOneLoad() {
        Bursts.onTwoNodes(this, 10);
    }

    private static long leasesGranted(Cache<?, ?> cache) {
        return cache.stats().far().leasesGranted();
    }
}
