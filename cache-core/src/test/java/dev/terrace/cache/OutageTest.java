package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.CacheListener.BreakerState;
import dev.terrace.cache.testkit.FaultyFarTier.Call;
import dev.terrace.cache.testkit.FaultyFarTier.Fault;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** G4 and G6 while the far tier cannot be reached, and while the loader's source fails with it. */
final class OutageTest {

    private static final Duration CUT_OFF = Duration.ofSeconds(30);
    private static final Duration MOMENT = Duration.ofMillis(10);

    private final Fleet fleet = new Fleet();

    @AfterEach
    void close() {
        fleet.close();
    }

    private Fleet.Node node(Consumer<CacheBuilder<Integer, String>> settings) {
        Fleet.Node node = fleet.node(builder -> settings.accept(
                builder.freshFor(Duration.ofHours(1)).serveWhileCutOff(CUT_OFF).loader(key -> {
                    String row = fleet.rows.get(key);
                    if (row == null) {
                        throw new IllegalStateException("the source is down");
                    }
                    return row;
                })));
        fleet.rows.put(1, "a");
        assertThat(node.read(1)).isEqualTo("a");
        return node;
    }

    private void fails(Fleet.Node node) {
        node.far.always(Fault.fail());
        fleet.rows.clear();
    }

    private CompletableFuture<String> asked(Fleet.Node node) {
        CompletableFuture<String> value = node.async().get(1);
        node.runLoads();
        return value;
    }

    @Test
    void nearCopiesAreServedWhileTheyAreTrusted() {
        Fleet.Node node = node(builder -> {});
        fails(node);
        fleet.time.advance(Fleet.MAX_STALENESS.minus(MOMENT));

        assertThat(asked(node)).isCompletedWithValue("a");
        assertThat(node.cache.stats().near().cutOffServes()).isZero();
    }

    @Test
    void aNodeIsCutOffOnceNothingWasAnsweredForMaxStalenessAndServesNearCopiesForSoLongMore() {
        Fleet.Node node = node(builder -> {});
        fails(node);
        fleet.time.advance(Fleet.MAX_STALENESS.plus(MOMENT));

        assertThat(node.cache.stats().far().breaker()).isNotEqualTo(BreakerState.CLOSED);
        assertThat(asked(node)).isCompletedWithValue("a");
        assertThat(node.cache.stats().near().cutOffServes()).isEqualTo(1);
        assertThat(node.cache.lookup(1).cutOff()).isTrue();
        fleet.time.advance(CUT_OFF.minus(MOMENT.multipliedBy(2)));
        assertThat(asked(node)).isCompletedWithValue("a");
    }

    @Test
    void pastThatTheLoaderIsAskedAndItsFailureThrownWhereverTheValueIsFresh() {
        Fleet.Node node = node(builder -> builder.staleFor(Duration.ofHours(1)));
        fails(node);
        fleet.time.advance(Fleet.MAX_STALENESS.plus(CUT_OFF));

        assertThat(asked(node)).isCompletedExceptionally();
        assertThat(node.cache.lookup(1).isPresent()).isFalse();
    }

    @Test
    void pastThatALoadedValueIsTrustedFromTheStartOfItsLoad() {
        Fleet.Node node = node(builder -> {});
        node.far.always(Fault.fail());
        fleet.time.advance(Fleet.MAX_STALENESS.plus(CUT_OFF));
        fleet.rows.put(1, "b");
        assertThat(asked(node)).isCompletedWithValue("b");
        int loads = node.loaded;

        assertThat(node.copy(1).trustedUntil).isEqualTo(fleet.time.nanos() + Fleet.MAX_STALENESS.toNanos());
        fleet.time.advance(Fleet.MAX_STALENESS.minus(MOMENT));
        assertThat(asked(node)).isCompletedWithValue("b");
        fleet.time.advance(CUT_OFF);
        assertThat(asked(node)).isCompletedWithValue("b");
        assertThat(node.loaded).isEqualTo(loads);
    }

    @Test
    void withServeWhileCutOffZeroTheLoaderIsAskedAsSoonAsTrustEnds() {
        Fleet.Node node = node(builder -> builder.serveWhileCutOff(Duration.ZERO));
        fails(node);
        fleet.time.advance(Fleet.MAX_STALENESS.plus(MOMENT));

        assertThat(asked(node)).isCompletedExceptionally();
    }

    @Test
    void betweenTheEndOfTrustAndTheMomentAtWhichTheNodeIsCutOffTheLoaderIsAsked() {
        Fleet.Node node = node(builder -> {});
        // Trust in the copy runs out while the far tier still answers others of this node.
        fleet.time.advance(Fleet.MAX_STALENESS.minus(MOMENT));
        fails(node);
        fleet.time.advance(MOMENT);

        assertThat(asked(node)).isCompletedExceptionally();
        fleet.time.advance(Fleet.MAX_STALENESS);
        assertThat(asked(node)).as("cut off by now").isCompletedWithValue("a");
    }

    @Test
    void aStaleCopyPastItsTrustIsServedWhileCutOffWithoutWaitingForTheFailingLoader() {
        Fleet.Node node =
                node(builder -> builder.freshFor(Duration.ofSeconds(5)).staleFor(Duration.ofHours(1)));
        fails(node);
        fleet.time.advance(Duration.ofSeconds(10));

        assertThat(asked(node)).isCompletedWithValue("a");
        assertThat(node.cache.stats().loads().failures()).isEqualTo(1);
        assertThat(asked(node)).isCompletedWithValue("a");
        assertThat(node.cache.stats().loads().failures()).as("paused").isEqualTo(1);
    }

    @Test
    void whoIsBackBelievesNothingThatItHasNotCompared() {
        Fleet.Node node = node(builder -> {});
        Fleet.Node other = node(builder -> {});
        node.far.always(Fault.fail());
        fleet.time.advance(Fleet.MAX_STALENESS.plus(MOMENT));
        assertThat(asked(node)).isCompletedWithValue("a");
        other.cache.put(1, "b");
        node.far.heal();
        fleet.time.advance(Duration.ofSeconds(1));

        assertThat(asked(node)).isCompletedWithValue("b");
    }

    @Test
    void whoseFarTierIsSwitchedOffIsNotCutOffAndAsksTheLoader() {
        Fleet.Node node = node(builder -> {});
        node.far.always(Fault.fail());
        fleet.time.advance(Fleet.MAX_STALENESS.plus(MOMENT));
        assertThat(node.cache.stats().far().breaker()).isNotEqualTo(BreakerState.CLOSED);
        fleet.rows.put(1, "b");
        assertThat(asked(node)).as("cut off").isCompletedWithValue("a");

        node.switches().far(false);

        assertThat(asked(node)).isCompletedWithValue("b");
    }

    @Test
    void anOpenBreakerCostsReadsNothing() {
        Fleet.Node node = node(builder -> {});
        node.far.always(Fault.hang());
        fleet.time.advance(Duration.ofSeconds(3));
        assertThat(node.cache.stats().far().breaker()).isNotEqualTo(BreakerState.CLOSED);
        fleet.rows.put(2, "b");
        int reads = node.far.count(Call.READ);

        assertThat(node.read(2)).isEqualTo("b");
        assertThat(node.far.count(Call.READ)).isEqualTo(reads);
    }

    @Test
    void aSilentFarTierCostsAReadItsBudget() {
        Fleet.Node node = node(builder -> {});
        node.far.always(Fault.hang());
        fleet.rows.put(2, "b");
        CompletableFuture<String> value = node.async().get(2);
        assertThat(node.loads).isEmpty();
        fleet.time.advance(Fleet.BUDGET.plus(MOMENT));
        node.runLoads();

        assertThat(value).isCompletedWithValue("b");
    }

    @Test
    void itHealsByTheHeartbeatAlone() {
        Fleet.Node node = node(builder -> {});
        node.far.always(Fault.fail());
        fleet.time.advance(Duration.ofSeconds(10));
        assertThat(node.cache.stats().far().breaker()).isNotEqualTo(BreakerState.CLOSED);
        node.far.heal();
        fleet.time.advance(Duration.ofSeconds(1));

        assertThat(node.cache.stats().far().breaker()).isEqualTo(BreakerState.CLOSED);
    }
}
