package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.spi.FarStore.MarkerReading;
import dev.terrace.cache.testkit.FaultyFarTier.Call;
import dev.terrace.cache.testkit.FaultyFarTier.Fault;
import dev.terrace.cache.testkit.FaultyFarTier.Gate;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Invalidations by tag and of everything, between nodes and while something is loaded. */
final class TagsAndClearTest {

    private static final EntryOptions TAGGED = EntryOptions.tags("t");

    private final Fleet fleet = new Fleet();
    private final Fleet.Node node = fleet.node(this::tagging);
    private final Fleet.Node other = fleet.node(this::tagging);

    private void tagging(CacheBuilder<Integer, String> builder) {
        builder.staleFor(Duration.ofHours(1)).loader((key, context) -> {
            context.tags("t");
            return fleet.rows.get(key);
        });
    }

    @AfterEach
    void close() {
        fleet.close();
    }

    @Test
    void aTagEndsWhatHasItAndNothingElse() {
        node.cache.put(1, "a", TAGGED);
        node.cache.put(2, "b");
        node.cache.invalidateTag("t");

        assertThat(node.cache.getIfPresent(1)).isNull();
        assertThat(node.cache.getIfPresent(2)).isEqualTo("b");
    }

    @Test
    void whatIsPutAfterwardsIsValid() {
        node.cache.put(1, "a", TAGGED);
        node.cache.invalidateTag("t");
        node.cache.put(1, "b", TAGGED);

        assertThat(node.cache.getIfPresent(1)).isEqualTo("b");
        assertThat(other.read(1)).isEqualTo("b");
    }

    @Test
    void whatIsPutElsewhereAfterwardsIsValidThereThoughItsNodeDidNotKnowOfTheTag() {
        other.cache.put(1, "a", TAGGED);
        fleet.time.advance(Duration.ofMillis(10));
        node.cache.invalidateTag("t");
        fleet.time.advance(Duration.ofMillis(10));
        other.cache.put(1, "b", TAGGED);

        assertThat(node.read(1)).isEqualTo("b");
        fleet.time.advance(Fleet.MAX_STALENESS);
        assertThat(other.read(1)).isEqualTo("b");
    }

    @Test
    void anotherNodeSeesItWithinTheBound() {
        node.cache.put(1, "old", TAGGED);
        fleet.rows.put(1, "new");
        assertThat(other.read(1)).isEqualTo("old");
        node.cache.invalidateTag("t");
        fleet.time.advance(Fleet.MAX_STALENESS);

        assertThat(other.read(1)).isEqualTo("new");
    }

    @Test
    void aClearIsSeenByAnotherNodeWithinTheBound() {
        node.cache.put(1, "old");
        fleet.rows.put(1, "new");
        assertThat(other.read(1)).isEqualTo("old");
        node.cache.clear();
        fleet.time.advance(Fleet.MAX_STALENESS);

        assertThat(other.read(1)).isEqualTo("new");
    }

    @Test
    void aLoadThatBeganBeforeAClearIsNotValidAfterIt() {
        fleet.rows.put(1, "old");
        node.async().get(1);
        fleet.time.advance(Duration.ofMillis(10));
        other.cache.clear();
        node.runLoads();
        fleet.rows.put(1, "new");

        assertThat(other.read(1)).isEqualTo("new");
    }

    @Test
    void aLoadThatBeganBeforeItsTagWasInvalidatedIsNotValidAfterIt() {
        fleet.rows.put(1, "old");
        node.async().get(1);
        fleet.time.advance(Duration.ofMillis(10));
        other.cache.invalidateTag("t");
        node.runLoads();
        fleet.rows.put(1, "new");

        assertThat(other.read(1)).isEqualTo("new");
        fleet.time.advance(Fleet.MAX_STALENESS);
        assertThat(node.read(1)).isEqualTo("new");
    }

    @Test
    void whatTheFarTierHasLostOfTheMarkersCausesALoadAndNoResurrection() {
        node.cache.put(1, "old", TAGGED);
        node.cache.invalidateTag("t");
        fleet.server.clear();
        fleet.rows.put(1, "new");
        fleet.time.advance(Fleet.MAX_STALENESS);

        assertThat(node.cache.getIfPresent(1)).isNull();
        assertThat(node.read(1)).isEqualTo("new");
        assertThat(other.read(1)).isEqualTo("new");
    }

    @Test
    void aLoadThatFoundAMarkerMissingIsValidAtOnce() {
        fleet.rows.put(1, "a");
        assertThat(node.read(1)).isEqualTo("a");
        assertThat(node.cache.getIfPresent(1)).isEqualTo("a");
        assertThat(other.read(1)).isEqualTo("a");
        assertThat(other.loaded + other.loads.size()).isZero();
    }

    @Test
    void aLoadAfterAnInvalidationThatItsNodeLearnsOfByReadingIsValid() {
        node.cache.put(1, "old", TAGGED);
        other.read(1);
        fleet.time.advance(Duration.ofMillis(10));
        node.cache.invalidateTag("t");
        fleet.time.advance(Fleet.MAX_STALENESS);
        fleet.rows.put(1, "new");

        assertThat(other.read(1)).isEqualTo("new");
        assertThat(other.cache.stats().loads().successes()).isEqualTo(1);
        assertThat(other.cache.getIfPresent(1)).isEqualTo("new");
        assertThat(node.read(1)).isEqualTo("new");
        assertThat(node.cache.stats().loads().successes()).isZero();
    }

    @Test
    void aTagThatTheFarTierDidNotTakeIsInvalidHereAtOnceAlsoForWhatWasJustPut() {
        node.cache.put(1, "old", TAGGED);
        node.far.always(Call.RAISE_MARKERS, Fault.fail());
        CompletableFuture<Void> invalidated = node.async().invalidateTag("t");

        assertThat(invalidated).isCompletedExceptionally();
        assertThat(node.cache.getIfPresent(1)).isNull();
    }

    @Test
    void aTagThatTheFarTierDidNotTakeIsNotBelievedOfWhatThisNodeHasNotSeenEither() {
        node.cache.put(1, "a", TAGGED);
        fleet.time.advance(Duration.ofMillis(10));
        // So that the sequence there is ahead of all that this node knows.
        other.cache.invalidateTag("another");
        other.cache.put(2, "old", TAGGED);
        node.far.always(Call.RAISE_MARKERS, Fault.fail());
        node.async().invalidateTag("t");
        fleet.rows.put(2, "new");

        assertThat(node.read(2)).isEqualTo("new");
    }

    @Test
    void aTagThatTheFarTierDidNotTakeIsRepairedThere() {
        node.cache.put(1, "old", TAGGED);
        node.far.next(Call.RAISE_MARKERS, Fault.fail());
        node.async().invalidateTag("t");
        assertThat(node.cache.stats().far().recoveryQueued()).isEqualTo(1);
        assertThat(other.read(1)).isEqualTo("old");
        fleet.time.advance(Duration.ofSeconds(2));
        fleet.rows.put(1, "new");

        assertThat(node.cache.stats().far().recoveryQueued()).isZero();
        assertThat(other.read(1)).isEqualTo("new");
        assertThat(node.read(1)).isEqualTo("new");
    }

    @Test
    void numbersOfThisNodeNeverReachTheFarTierAndNeverOutliveTheFarTiersNext() {
        node.far.always(Call.RAISE_MARKERS, Fault.fail());
        node.async().invalidateTag("t");
        fleet.rows.put(1, "a");
        node.far.heal();
        fleet.time.advance(Duration.ofSeconds(2));
        assertThat(node.read(1)).isEqualTo("a");
        other.cache.invalidateTag("t");
        fleet.rows.put(1, "b");
        fleet.time.advance(Fleet.MAX_STALENESS);

        assertThat(node.read(1)).isEqualTo("b");
    }

    @Test
    void whatWasLoadedUnderANumberOfThisNodeIsInvalidAfterTheRepair() {
        node.cache.put(1, "old", TAGGED);
        node.far.always(Call.RAISE_MARKERS, Fault.fail());
        node.async().invalidateTag("t");
        fleet.rows.put(1, "a");
        assertThat(node.read(1)).isEqualTo("a");
        node.far.heal();
        fleet.time.advance(Duration.ofSeconds(2));
        assertThat(node.cache.stats().far().recoveryQueued()).isZero();
        fleet.rows.put(1, "b");

        assertThat(other.read(1)).isEqualTo("b");
    }

    @Test
    void aReadThatOvertakesAClearIsNotBelieved() {
        node.cache.put(1, "old");
        Gate gate = new Gate();
        node.far.next(Call.RAISE_MARKERS, Fault.delayReply(gate));
        node.async().clear();
        fleet.rows.put(1, "new");
        node.async().get(1);
        gate.open();
        node.runLoads();

        assertThat(node.read(1)).isEqualTo("new");
    }

    @Test
    void aNodeKeepsABoundedNumberOfMarkers() {
        Markers markers = new Markers(false, 100, 0);
        IntStream.range(0, 10_000)
                .forEach(i -> markers.absorb(
                        new Markers.Question(List.of("t" + i), List.of(Watch.NONE), 0),
                        new MarkerReading(Map.of("t" + i, (long) i), 0)));

        assertThat(IntStream.range(0, 10_000).filter(i -> markers.known("t" + i) != null))
                .hasSizeLessThanOrEqualTo(100);
    }

    @Test
    void whatWasDroppedForRoomIsStillInvalidWithoutAFarTier() {
        Markers markers = new Markers(true, 100, 0);
        long before = markers.knownSeq();
        IntStream.range(0, 10_000).forEach(i -> markers.raiseHere("t" + i));

        assertThat(IntStream.range(0, 10_000).filter(i -> markers.highest(List.of("t" + i)) <= before))
                .isEmpty();
    }
}
