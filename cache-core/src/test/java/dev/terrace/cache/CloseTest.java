package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.testkit.FaultyFarTier.Call;
import dev.terrace.cache.testkit.FaultyFarTier.Fault;
import dev.terrace.cache.testkit.FaultyFarTier.Gate;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** G5: after a close nobody waits any more, and nothing goes on in the background. */
final class CloseTest {

    private final Fleet fleet = new Fleet();
    private final Fleet.Node node = fleet.node();

    @AfterEach
    void close() {
        fleet.close();
    }

    private void assertReleased(CompletableFuture<?> future) {
        assertThat(future).isNotDone();
        node.cache.close();
        assertThat(future).isCompletedExceptionally();
        assertThat(future.handle((value, failure) -> failure).join()).isInstanceOf(CacheClosedException.class);
    }

    @Test
    void aReadThatWaitsForTheFarTierIsReleased() {
        node.far.always(Fault.hang());

        assertReleased(node.async().get(1));
    }

    @Test
    void aReadThatNeverLoadsIsReleased() {
        node.far.always(Fault.hang());

        assertReleased(node.async().getIfPresent(1));
    }

    @Test
    void aReadThatAChangeHasOvertakenIsReleased() {
        node.far.next(Call.READ, Fault.hang());
        CompletableFuture<String> read = node.async().get(1);
        node.cache.invalidate(1);

        assertReleased(read);
    }

    @Test
    void aLoadThatAChangeHasOvertakenReleasesItsCaller() {
        CompletableFuture<String> read = node.async().get(1);
        assertThat(node.loads).hasSize(1);
        node.cache.invalidate(1);

        assertReleased(read);
    }

    @Test
    void aReadThatFollowsAnotherIsReleased() {
        CompletableFuture<String> read = overtakenBeforeItsLoad();
        assertThat(node.loads).hasSize(1);

        assertReleased(read);
    }

    private CompletableFuture<String> overtakenBeforeItsLoad() {
        Gate gate = new Gate();
        node.far.next(Call.LEASE, Fault.delayReply(gate));
        CompletableFuture<String> read = node.async().get(1);
        node.cache.invalidate(1);
        gate.open();
        return read;
    }

    @Test
    void aReadThatWaitsForAnotherNodesLoadIsReleased() {
        Fleet.Node other = fleet.node();
        other.async().get(1);
        assertThat(other.loads).hasSize(1);
        CompletableFuture<String> read = node.async().get(1);
        node.engine().forget(1);

        assertReleased(read);
    }

    @Test
    void theLeaseOfALoadThatHasNotBegunIsGivenBack() {
        Fleet.Node other = fleet.node();
        node.async().get(1);
        node.async().getAll(List.of(2, 3));
        assertThat(node.loads).as("wait for their threads").hasSize(3);

        node.cache.close();

        other.async().getAll(List.of(1, 2, 3));
        assertThat(other.loads).hasSize(3);
        assertThat(other.cache.stats().far().leasesBusy()).isZero();
    }

    @Test
    void aBulkReadIsReleased() {
        assertReleased(node.async().getAll(List.of(1, 2, 3)));
    }

    @Test
    void aRefreshIsReleased() {
        assertReleased(node.async().refresh(1));
    }

    @Test
    void writesThatWaitForTheFarTierAreReleased() {
        node.cache.getIfPresent(1);
        node.far.always(Fault.hang());
        List<CompletableFuture<?>> writes = List.of(
                node.async().put(1, "a"),
                node.async().putIfAbsent(2, "b"),
                node.async().invalidate(3),
                node.async().invalidateTag("t"),
                node.async().expire(4),
                node.async().clear());

        writes.forEach(write -> assertThat(write).isNotDone());
        node.cache.close();

        writes.forEach(write -> assertThat(write.handle((value, failure) -> failure))
                .isCompletedWithValueMatching(failure -> failure instanceof CacheClosedException));
    }

    @Test
    void nothingGoesOnInTheBackground() {
        node.far.always(Fault.fail());
        node.async().put(1, "a");
        node.async().invalidateTag("t");
        fleet.time.advance(Duration.ofSeconds(1));
        assertThat(fleet.time.scheduled()).isPositive();

        node.cache.close();
        fleet.time.advance(Duration.ofSeconds(30));

        assertThat(fleet.time.scheduled()).isZero();
        int calls = node.far.count(Call.RAISE_MARKERS) + node.far.count(Call.INVALIDATE) + node.far.count(Call.PING);
        fleet.time.advance(Duration.ofSeconds(30));
        assertThat(node.far.count(Call.RAISE_MARKERS) + node.far.count(Call.INVALIDATE) + node.far.count(Call.PING))
                .isEqualTo(calls);
    }

    @Test
    void aRepairThatIsUnderWayIsNotMadeAgain() {
        node.far.next(Call.INVALIDATE, Fault.fail());
        node.async().invalidate(1);
        node.far.always(Call.INVALIDATE, Fault.hang());
        fleet.time.advance(Fleet.BUDGET.multipliedBy(2).plusMillis(10));
        assertThat(node.far.count(Call.INVALIDATE))
                .as("one that failed, and its repair")
                .isEqualTo(2);

        node.cache.close();
        fleet.time.advance(Duration.ofSeconds(30));

        assertThat(node.far.count(Call.INVALIDATE)).isEqualTo(2);
        assertThat(fleet.time.scheduled()).isZero();
    }

    @Test
    void whatWasNotRepairedIsReported() {
        node.far.always(Fault.fail());
        node.async().put(1, "a");
        long before = node.cache.stats().failures().getOrDefault(FailureKind.FAR_WRITE, 0L);

        node.cache.close();

        assertThat(node.cache.stats().failures().get(FailureKind.FAR_WRITE)).isEqualTo(before + 1);
    }
}
