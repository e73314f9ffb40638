package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.testkit.FaultyFarTier.Call;
import dev.terrace.cache.testkit.FaultyFarTier.Fault;
import dev.terrace.cache.testkit.FaultyFarTier.Gate;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** G4: trust in a near copy runs from the moment at which the far tier was asked for it. */
final class TrustTest {

    /** Within the far budget. */
    private static final Duration SLOW = Duration.ofMillis(90);

    private final Fleet fleet = new Fleet();
    private final Fleet.Node node = fleet.node();
    private final Fleet.Node other = fleet.node();

    @AfterEach
    void close() {
        fleet.close();
    }

    private void answeredSlowly(Call call, Runnable asking) {
        Gate gate = new Gate();
        node.far.next(call, Fault.delayReply(gate));
        asking.run();
        fleet.time.advance(SLOW);
        gate.open();
    }

    /** And meanwhile another read confirms the markers, which bound nothing then. */
    private void answeredSlowlyBesideAnother(Call call, Runnable asking) {
        node.cache.getIfPresent(8);
        fleet.time.advance(Fleet.MAX_STALENESS.dividedBy(5).minus(SLOW.dividedBy(3)));
        Gate gate = new Gate();
        node.far.next(call, Fault.delayReply(gate));
        asking.run();
        fleet.time.advance(SLOW.dividedBy(2));
        node.cache.getIfPresent(9);
        fleet.time.advance(SLOW.dividedBy(2));
        gate.open();
    }

    private Duration trustLeft(int key) {
        return Duration.ofNanos(node.copy(key).trustedUntil - fleet.time.nanos());
    }

    @Test
    void aReadThatIsAnsweredSlowlyGivesTrustFromItsQuestionOn() {
        other.cache.put(1, "a");

        answeredSlowlyBesideAnother(Call.READ, () -> node.async().get(1));

        assertThat(trustLeft(1)).isEqualTo(Fleet.MAX_STALENESS.minus(SLOW));
    }

    @Test
    void aComparisonThatIsAnsweredSlowlyGivesTrustFromItsQuestionOn() {
        other.cache.put(1, "a");
        node.read(1);
        fleet.time.advance(Fleet.MAX_STALENESS);

        answeredSlowlyBesideAnother(Call.READ_HEADERS, () -> node.async().get(1));

        assertThat(trustLeft(1)).isEqualTo(Fleet.MAX_STALENESS.minus(SLOW));
    }

    @Test
    void aRecordThatCameWithALeaseReplyIsTrustedFromTheLeaseQuestionOn() {
        other.cache.put(2, "b");
        node.read(2);
        // So that the markers would be asked for again when the reply is there, and bound nothing.
        fleet.time.advance(Fleet.MAX_STALENESS.dividedBy(5).minus(SLOW.dividedBy(2)));
        Gate gate = new Gate();
        node.far.next(Call.READ, Fault.delayReply(gate));
        node.async().get(1);
        other.cache.put(1, "a");

        answeredSlowly(Call.LEASE, gate::open);

        assertThat(node.copy(1).value).isEqualTo("a");
        assertThat(trustLeft(1)).isLessThanOrEqualTo(Fleet.MAX_STALENESS.minus(SLOW));
    }

    @Test
    void aFilledValueIsTrustedFromTheFillQuestionOn() {
        fleet.rows.put(1, "a");
        node.async().get(1);

        answeredSlowly(Call.FILL, node::runLoads);

        assertThat(trustLeft(1)).isEqualTo(Fleet.MAX_STALENESS.minus(SLOW));
    }

    @Test
    void aPutValueIsTrustedFromThePutQuestionOn() {
        node.cache.getIfPresent(2);

        answeredSlowly(Call.PUT, () -> node.async().put(1, "a"));

        assertThat(trustLeft(1)).isEqualTo(Fleet.MAX_STALENESS.minus(SLOW));
    }

    @Test
    void aValueThatTheFarTierDidNotTakeIsTrustedFromItsLoadOn() {
        fleet.rows.put(1, "a");
        node.far.always(Fault.fail());
        CompletableFuture<String> value = node.async().get(1);
        fleet.time.advance(SLOW);
        node.runLoads();

        assertThat(value).isCompletedWithValue("a");
        assertThat(trustLeft(1)).isEqualTo(Fleet.MAX_STALENESS.minus(SLOW));
    }

    @Test
    void tagsOfACopyAreTrustedFromTheOldestConfirmationOfTheirMarkersOn() {
        other.cache.put(1, "a", EntryOptions.tags("t"));
        node.read(1);
        fleet.time.advance(Duration.ofMillis(150));
        other.cache.put(2, "b", EntryOptions.tags("t"));

        node.read(2);

        // The marker was confirmed with the first read, and not asked for again so soon.
        assertThat(trustLeft(2)).isEqualTo(Fleet.MAX_STALENESS.minusMillis(150));
    }

    @Test
    void aComparedCopyTakesOverTheTimesOfItsRecord() {
        other.cache.put(1, "a");
        node.read(1);
        // The server's clock says by now that the end is nearer.
        Duration nearer = Duration.ofSeconds(40);
        fleet.clockSet = nearer.toNanos() / 1_000;
        fleet.time.advance(Fleet.MAX_STALENESS);

        assertThat(node.read(1)).isEqualTo("a");

        assertThat(node.cache.stats().near().validations()).isEqualTo(1);
        assertThat(Duration.ofNanos(node.copy(1).freshUntil - fleet.time.nanos()))
                .isLessThanOrEqualTo(Fleet.FRESH.minus(nearer));
    }

    @Test
    void pastItsTrustACopyIsComparedAndServedAgainOnlyIfItIsTheSameChange() {
        other.cache.put(1, "a");
        node.read(1);
        fleet.time.advance(Fleet.MAX_STALENESS.minusNanos(1));
        other.cache.put(1, "b");
        assertThat(node.read(1)).isEqualTo("a");

        fleet.time.advance(Duration.ofNanos(1));

        assertThat(node.read(1)).isEqualTo("b");
        assertThat(node.far.count(Call.READ_HEADERS)).isEqualTo(1);
    }
}
