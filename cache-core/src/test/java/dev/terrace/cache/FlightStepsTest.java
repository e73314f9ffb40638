package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.spi.FarReading;
import dev.terrace.cache.testkit.FaultyFarTier.Call;
import dev.terrace.cache.testkit.FaultyFarTier.Fault;
import dev.terrace.cache.testkit.FaultyFarTier.Gate;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The way of a flight, where two nodes or two callers meet on it. */
final class FlightStepsTest {

    private final Fleet fleet = new Fleet();

    @AfterEach
    void close() {
        fleet.close();
    }

    @Test
    void theRetryPauseHasBegunBeforeAnybodyCanStartAnotherLoad() {
        Fleet.Node node =
                fleet.node(builder -> builder.staleFor(Duration.ofHours(1)).loader(key -> {
                    throw new IllegalStateException("no row");
                }));
        node.cache.put(1, "a");
        fleet.time.advance(Fleet.FRESH);
        assertThat(node.async().get(1)).isCompletedWithValue("a");
        node.engine()
                .flights()
                .standing(1)
                .outcome
                .whenComplete((answer, failure) -> node.async().get(1));

        node.loads.remove().run();

        assertThat(node.loads).isEmpty();
    }

    @Test
    void aLeaseThatIsGrantedTooLateIsGivenBack() {
        Fleet.Node node = fleet.node();
        Fleet.Node other = fleet.node();
        Gate gate = new Gate();
        node.far.next(Call.LEASE, Fault.delayReply(gate));
        node.async().get(1);
        fleet.time.advance(Fleet.BUDGET.plusMillis(10));
        assertThat(node.loads).as("goes on without the far tier").hasSize(1);

        gate.open();

        other.async().get(1);
        assertThat(other.loads).as("has the lease").hasSize(1);
        assertThat(other.cache.stats().far().leasesBusy()).isZero();
    }

    @Test
    void aLeaseThatIsGrantedTooLateIsGivenBackWhileTheBreakerIsOpen() {
        Fleet.Node node = fleet.node();
        Fleet.Node other = fleet.node();
        Gate gate = new Gate();
        node.far.next(Call.LEASE, Fault.delayReply(gate));
        node.async().get(1);
        node.far.always(Fault.fail());
        fleet.time.advance(Duration.ofSeconds(2));
        assertThat(node.cache.stats().far().breaker()).isNotEqualTo(CacheListener.BreakerState.CLOSED);
        node.far.heal();

        gate.open();

        other.async().get(1);
        assertThat(other.loads).hasSize(1);
    }

    @Test
    void aLeaseThatIsGrantedInTimeIsKept() {
        Fleet.Node node = fleet.node();
        Fleet.Node other = fleet.node();
        fleet.rows.put(1, "a");
        node.async().get(1);
        CompletableFuture<String> waiting = other.async().get(1);
        assertThat(other.loads).isEmpty();
        assertThat(other.cache.stats().far().leasesBusy()).isEqualTo(1);

        node.runLoads();
        fleet.time.advance(Duration.ofMillis(10));

        assertThat(waiting).isCompletedWithValue("a");
        assertThat(other.loaded).isZero();
    }

    @Test
    void whoWaitsTooLongForAnotherNodesLoadLoadsAndStoresNothing() {
        Fleet.Node node = fleet.node();
        Fleet.Node other = fleet.node(builder -> builder.leaseWait(Duration.ofMillis(500)));
        node.async().get(1);
        CompletableFuture<String> waiting = other.async().get(1);
        fleet.time.advance(Duration.ofMillis(490));
        assertThat(other.loads).isEmpty();
        fleet.time.advance(Duration.ofMillis(100));
        fleet.rows.put(1, "a");
        other.runLoads();

        assertThat(waiting).isCompletedWithValue("a");
        assertThat(other.copy(1)).isNull();
        assertThat(fleet.stored(1)).isEqualTo(FarReading.ABSENT);
    }

    @Test
    void aLeaseOutlivesTheLongestLoadAndATombstoneOutlivesTheLease() {
        Duration loadDeadline = Duration.ofSeconds(10);
        Fleet.Node node = fleet.node(builder -> builder.loadDeadline(loadDeadline));
        Fleet.Node other = fleet.node();
        fleet.rows.put(1, "old");
        node.async().get(1);
        other.cache.invalidate(1);
        fleet.time.advance(loadDeadline.minusMillis(1));
        assertThat(fleet.stored(1)).as("the tombstone").isInstanceOf(FarReading.Found.class);
        node.runLoads();

        fleet.rows.put(1, "new");
        assertThat(other.read(1)).isEqualTo("new");
        node.async().get(2);
        fleet.time.advance(loadDeadline.minusMillis(1));
        fleet.rows.put(2, "b");
        node.runLoads();
        assertThat(fleet.stored(2)).as("stored under its lease").isInstanceOf(FarReading.Found.class);
    }

    @Test
    void aFillThatAnInvalidationOvertookIsRefusedAndItsValueKeptNowhere() {
        Fleet.Node node = fleet.node();
        Fleet.Node other = fleet.node();
        fleet.rows.put(1, "old");
        CompletableFuture<String> value = node.async().get(1);
        other.cache.invalidate(1);
        node.runLoads();

        assertThat(value).isCompletedWithValue("old");
        assertThat(node.copy(1)).isNull();
        assertThat(node.cache.stats().far().refusedFills()).isEqualTo(1);
    }

    @Test
    void aLoadThatTakesTooLongReleasesItsCallersAndItsLease() {
        Fleet.Node node = fleet.node(builder -> builder.loadDeadline(Duration.ofSeconds(5)));
        Fleet.Node other = fleet.node();
        CompletableFuture<String> value = node.async().get(1);
        fleet.time.advance(Duration.ofSeconds(5));

        assertThat(value.handle((v, failure) -> failure).join()).isInstanceOf(LoadTimeoutException.class);
        assertThat(node.loads).as("stopped").isEmpty();
        other.async().get(1);
        assertThat(other.loads).as("has the lease").hasSize(1);
    }

    @Test
    void aFailedLoadGivesItsLeaseBack() {
        Fleet.Node node = fleet.node(builder -> builder.loader(key -> {
            throw new IllegalStateException("no row");
        }));
        Fleet.Node other = fleet.node();
        CompletableFuture<String> value = node.async().get(1);
        node.runLoads();

        assertThat(value).isCompletedExceptionally();
        other.async().get(1);
        assertThat(other.loads).as("has the lease").hasSize(1);
    }

    @Test
    void aStaleValueIsServedOnceTheSoftDeadlineHasPassed() {
        Fleet.Node node =
                fleet.node(builder -> builder.staleFor(Duration.ofHours(1)).softDeadline(Duration.ofMillis(200)));
        node.cache.put(1, "a");
        fleet.time.advance(Fleet.FRESH);
        CompletableFuture<String> value = node.async().get(1);
        fleet.time.advance(Duration.ofMillis(199));
        assertThat(value).isNotDone();
        fleet.time.advance(Duration.ofMillis(1));

        assertThat(value).isCompletedWithValue("a");
        assertThat(node.loads).as("goes on").hasSize(1);
    }

    @Test
    void duringTheRetryPauseTheStaleValueIsServedWithoutALoad() {
        Fleet.Node node = fleet.node(builder -> builder.staleFor(Duration.ofHours(1))
                .retryAfter(Duration.ofSeconds(5))
                .loader(key -> {
                    throw new IllegalStateException("no row");
                }));
        node.cache.put(1, "a");
        fleet.time.advance(Fleet.FRESH);
        node.read(1);
        assertThat(node.cache.stats().loads().failures()).isEqualTo(1);
        fleet.time.advance(Duration.ofMillis(4_900));
        assertThat(node.read(1)).isEqualTo("a");
        assertThat(node.cache.stats().loads().failures()).isEqualTo(1);
        fleet.time.advance(Duration.ofMillis(100));
        assertThat(node.read(1)).isEqualTo("a");

        assertThat(node.cache.stats().loads().failures()).isEqualTo(2);
        assertThat(node.copy(1).goneAt() - fleet.time.nanos())
                .as("its life has not grown")
                .isLessThan(Duration.ofHours(1).toNanos());
    }

    @Test
    void nothingFoundIsLoadedAgainUnlessItIsToBeCached() {
        Fleet.Node node = fleet.node();
        assertThat(node.read(1)).isNull();
        assertThat(node.read(1)).isNull();
        assertThat(node.loaded).isEqualTo(2);
        Fleet.Node remembering = fleet.node(builder -> builder.negativeFor(Duration.ofSeconds(10)));
        Fleet.Node other = fleet.node();
        assertThat(remembering.read(2)).isNull();
        assertThat(remembering.read(2)).isNull();
        assertThat(other.read(2)).isNull();

        assertThat(remembering.cache.stats().loads().successes()).isEqualTo(1);
        assertThat(other.cache.stats().loads().successes()).isZero();
        fleet.time.advance(Duration.ofSeconds(10));
        fleet.rows.put(2, "b");
        assertThat(remembering.read(2)).isEqualTo("b");
    }

    @Test
    void whatTheLoaderDoesNotFindAnyMoreIsServedNoLonger() {
        Fleet.Node node = fleet.node(builder -> builder.staleFor(Duration.ofHours(1)));
        Fleet.Node other = fleet.node(builder -> builder.staleFor(Duration.ofHours(1)));
        node.cache.put(1, "a");
        fleet.time.advance(Fleet.FRESH);
        node.read(1);

        assertThat(node.cache.getIfPresent(1)).isNull();
        assertThat(other.cache.getIfPresent(1)).isNull();
    }

    @Test
    void ofAllNodesOneRefreshesEarly() {
        Consumer<CacheBuilder<Integer, String>> early = builder -> builder.earlyRefresh(EarlyRefresh.threshold(0.5));
        Fleet.Node node = fleet.node(early);
        Fleet.Node other = fleet.node(early);
        node.cache.put(1, "a");
        fleet.time.advance(Fleet.FRESH.multipliedBy(3).dividedBy(4));
        fleet.rows.put(1, "b");
        node.async().get(1);
        other.async().get(1);
        node.async().get(1);
        other.async().get(1);

        assertThat(node.loads.size() + other.loads.size()).isEqualTo(1);
        assertThat(node.engine().flights().size() + other.engine().flights().size())
                .as("the other waits for nobody")
                .isEqualTo(1);
    }
}
