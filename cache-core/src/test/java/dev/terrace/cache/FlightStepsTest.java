package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.testkit.FaultyFarTier.Call;
import dev.terrace.cache.testkit.FaultyFarTier.Fault;
import dev.terrace.cache.testkit.FaultyFarTier.Gate;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
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
}
