package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.spi.FarReading;
import dev.terrace.cache.spi.FarRecord;
import dev.terrace.cache.testkit.FaultyFarTier.Call;
import dev.terrace.cache.testkit.FaultyFarTier.Fault;
import dev.terrace.cache.testkit.FaultyFarTier.Gate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Changes that the far tier did not acknowledge. */
final class RecoveryTest {

    private final Fleet fleet = new Fleet();
    private final Fleet.Node node = fleet.node(builder -> builder.recoveryCapacity(3));
    private final Fleet.Node other = fleet.node();

    @AfterEach
    void close() {
        fleet.close();
    }

    private long queued() {
        return node.cache.stats().far().recoveryQueued();
    }

    @Test
    void theirKeyIsNotBelievedUntilTheRepair() {
        other.cache.put(1, "old");
        node.far.next(Call.INVALIDATE, Fault.fail());
        CompletableFuture<Void> invalidated = node.async().invalidate(1);
        fleet.rows.put(1, "new");

        assertThat(invalidated).isCompletedExceptionally();
        assertThat(node.read(1)).isEqualTo("new");
        assertThat(node.far.count(Call.READ)).isZero();
        assertThat(queued()).isEqualTo(1);
    }

    @Test
    void aReadThatOvertakesAFailingInvalidationDoesNotBringTheOldValueBack() {
        other.cache.put(1, "old");
        Gate gate = new Gate();
        node.far.next(Call.INVALIDATE, Fault.delayRequest(gate));
        node.async().invalidate(1);
        node.async().get(1);
        node.far.always(Call.INVALIDATE, Fault.fail());
        fleet.time.advance(Fleet.BUDGET.plusMillis(10));
        fleet.rows.put(1, "new");

        assertThat(node.read(1)).isEqualTo("new");
    }

    /** A read in between would believe the far tier. */
    @Test
    void itsKeyIsSuspectBeforeTheChangeEndsHere() {
        List<Boolean> underWay = new ArrayList<>();
        List<Stripes> stripes = new ArrayList<>();
        Fleet.Node watched = fleet.node(builder -> builder.listener(new CacheListener() {
            @Override
            public void onRecovery(String cache, int queued) {
                stripes.forEach(each -> underWay.add(!each.unchanged(1, each.stamp(1))));
            }
        }));
        stripes.add(watched.engine().rules().stripes());
        watched.far.next(Call.INVALIDATE, Fault.fail());

        watched.async().invalidate(1);

        assertThat(underWay).containsExactly(true);
    }

    @Test
    void aLostInvalidationIsMadeUpFor() {
        other.cache.put(1, "old");
        node.far.next(Call.INVALIDATE, Fault.fail());
        node.async().invalidate(1);
        fleet.time.advance(Duration.ofSeconds(1));
        fleet.rows.put(1, "new");

        assertThat(queued()).isZero();
        fleet.time.advance(Fleet.MAX_STALENESS);
        assertThat(other.read(1)).isEqualTo("new");
        assertThat(node.read(1)).isEqualTo("new");
    }

    @Test
    void aLostPutIsRepairedByAnInvalidationAndNeverByThePut() {
        other.cache.put(1, "old");
        node.far.next(Call.PUT, Fault.fail());
        node.async().put(1, "lost");
        fleet.time.advance(Duration.ofSeconds(1));

        assertThat(queued()).isZero();
        assertThat(fleet.stored(1))
                .isInstanceOfSatisfying(
                        FarReading.Found.class,
                        found -> assertThat(found.record().content().state()).isEqualTo(FarRecord.State.TOMBSTONE));
    }

    @Test
    void aPutWhoseReplyWasLostIsNotBelievedToBeThereNorNot() {
        node.far.next(Call.PUT, Fault.dropReply());
        node.async().put(1, "perhaps");
        fleet.time.advance(Fleet.BUDGET.plusMillis(10));
        fleet.rows.put(1, "source");

        assertThat(node.copy(1)).isNull();
        assertThat(node.read(1)).isEqualTo("source");
    }

    @Test
    void aRepairIsNotSentWhileTheWriteThatItRepairsMayStillArrive() {
        Gate gate = new Gate();
        // It fails for its sender at once, and reaches the server as late as it may.
        node.far.next(Call.PUT, Fault.delayRequest(gate));
        node.async().put(1, "zombie");
        fleet.time.advance(Fleet.BUDGET.plusMillis(1));
        int before = node.far.count(Call.INVALIDATE);
        fleet.time.advance(Fleet.BUDGET.minusMillis(10));

        assertThat(node.far.count(Call.INVALIDATE)).isEqualTo(before);
        fleet.time.advance(Duration.ofMillis(500));
        assertThat(node.far.count(Call.INVALIDATE)).isEqualTo(before + 1);
    }

    @Test
    void aWriteThatArrivedLateIsRepairedToo() {
        node.cache.put(1, "old");
        Gate gate = new Gate();
        node.far.next(Call.INVALIDATE, Fault.delayRequest(gate));
        node.async().invalidate(1);
        fleet.time.advance(Fleet.BUDGET.plusMillis(10));
        gate.open();
        fleet.time.advance(Duration.ofSeconds(1));

        assertThat(fleet.stored(1))
                .isInstanceOfSatisfying(
                        FarReading.Found.class,
                        found -> assertThat(found.record().content().state()).isEqualTo(FarRecord.State.TOMBSTONE));
    }

    @Test
    void aWriterWhomAnOpenBreakerRefusesIsToldWhyItOpened() {
        node.far.always(Fault.fail());
        for (int key = 1; key <= 5; key++) {
            node.async().put(key, "a");
        }
        int calls = node.far.count(Call.PUT);

        CompletableFuture<Void> refused = node.async().put(6, "a");

        assertThat(node.far.count(Call.PUT)).isEqualTo(calls);
        Throwable failure =
                refused.handle((none, thrown) -> Completions.cause(thrown)).join();
        assertThat(failure).isInstanceOf(FarWriteException.class);
        assertThat(failure.getCause()).hasMessageContaining("breaker is open");
        assertThat(failure).rootCause().hasMessageEndingWith("fails as the test says");
    }

    @Test
    void aWriteThatTheServerFindsLateIsRepairedAlthoughItsAnswerIsInTime() {
        other.cache.put(1, "old");
        node.cache.getIfPresent(2);
        fleet.clockSet = TimeUnit.SECONDS.toMicros(1);
        CompletableFuture<Void> invalidated = node.async().invalidate(1);
        CompletableFuture<Boolean> put = node.async().putIfAbsent(2, "b");
        fleet.rows.put(1, "new");

        assertThat(invalidated).isCompletedExceptionally();
        assertThat(put).isCompletedExceptionally();
        assertThat(queued()).isEqualTo(2);
        assertThat(node.read(1)).isEqualTo("new");
        fleet.time.advance(Duration.ofSeconds(2));
        assertThat(queued()).isZero();
        assertThat(other.read(1)).isEqualTo("new");
    }

    @Test
    void aRepairThatTheServerFindsLateIsMadeAgainAfterAPause() {
        other.cache.put(1, "old");
        node.far.next(Call.INVALIDATE, Fault.fail());
        node.async().invalidate(1);
        // Nobody tells the node that the server's clock was set.
        node.far.always(Call.PING, Fault.hang());
        fleet.time.advance(Fleet.BUDGET.multipliedBy(2).minusMillis(1));
        int before = node.far.count(Call.INVALIDATE);
        fleet.clockSet = TimeUnit.SECONDS.toMicros(1);
        fleet.time.advance(Duration.ofMillis(2));
        assertThat(node.far.count(Call.INVALIDATE)).isEqualTo(before + 1);
        assertThat(queued()).isEqualTo(1);

        // It asks for the time every ten seconds at the latest.
        node.far.heal();
        fleet.time.advance(Duration.ofSeconds(11));

        assertThat(queued()).isZero();
        assertThat(fleet.stored(1))
                .isInstanceOfSatisfying(
                        FarReading.Found.class,
                        found -> assertThat(found.record().content().state()).isEqualTo(FarRecord.State.TOMBSTONE));
    }

    @Test
    void aFullQueueBecomesOneClear() {
        other.cache.put(9, "old");
        for (int key = 11; key <= 20; key++) {
            node.cache.getIfPresent(key);
        }
        node.far.always(Call.INVALIDATE, Fault.fail());
        for (int key = 1; key <= 4; key++) {
            node.async().invalidate(key);
        }
        assertThat(node.cache.stats().far().breaker()).isEqualTo(CacheListener.BreakerState.CLOSED);

        assertThat(queued()).isEqualTo(1);
        assertThat(node.cache.stats().failures()).containsEntry(FailureKind.RECOVERY_OVERFLOW, 1L);
        fleet.rows.put(9, "new");
        assertThat(node.read(9)).as("every key is suspect").isEqualTo("new");
        fleet.time.advance(Duration.ofSeconds(2));
        assertThat(queued()).isZero();
        assertThat(other.read(9)).isEqualTo("new");
    }

    /** The server has cleared before the change that was lost, so that the clear does not cover it. */
    @Test
    void aChangeThatIsLostWhileTheClearOfAFullQueueIsUnderWayIsRepairedToo() {
        Gate clear = clearUnderWay();
        other.cache.put(9, "old");
        node.far.next(Call.INVALIDATE, Fault.fail());
        node.async().invalidate(9);
        fleet.rows.put(9, "new");
        clear.open();
        fleet.time.advance(Duration.ofSeconds(2));

        assertThat(queued()).isZero();
        assertThat(other.read(9)).isEqualTo("new");
    }

    @Test
    void aTagThatIsLostWhileTheClearOfAFullQueueIsUnderWayIsRaisedToo() {
        Gate clear = clearUnderWay();
        other.cache.put(9, "old", EntryOptions.tags("red"));
        node.far.next(Call.RAISE_MARKERS, Fault.fail());
        node.async().invalidateTag("red");
        fleet.rows.put(9, "new");
        clear.open();
        fleet.time.advance(Duration.ofSeconds(2));

        assertThat(queued()).isZero();
        assertThat(other.read(9)).isEqualTo("new");
    }

    /** The queue of the node became a clear, which the server has made and not answered yet. */
    private Gate clearUnderWay() {
        node.far.next(Call.INVALIDATE, Fault.fail(), Fault.fail(), Fault.fail(), Fault.fail());
        for (int key = 1; key <= 4; key++) {
            node.async().invalidate(key);
        }
        Gate clear = new Gate();
        node.far.next(Call.RAISE_MARKERS, Fault.delayReply(clear));
        for (int millis = 0; millis < 300 && clear.waiting() == 0; millis++) {
            fleet.time.advance(Duration.ofMillis(1));
        }
        assertThat(clear.waiting()).isEqualTo(1);
        return clear;
    }

    @Test
    void aChangeDuringTheRepairOfItsKeyIsRepairedAgain() {
        node.far.next(Call.INVALIDATE, Fault.fail());
        node.async().invalidate(1);
        Gate repair = new Gate();
        node.far.next(Call.INVALIDATE, Fault.delayReply(repair));
        fleet.time.advance(Duration.ofMillis(250));
        assertThat(repair.waiting()).isEqualTo(1);
        node.far.next(Call.INVALIDATE, Fault.fail());
        node.async().invalidate(1);
        repair.open();

        assertThat(queued()).isEqualTo(1);
        fleet.time.advance(Duration.ofSeconds(1));
        assertThat(queued()).isZero();
    }

    /** Fills the queue, so that a clear waits. */
    private void overflow() {
        node.far.next(Call.INVALIDATE, Fault.fail());
        node.async().invalidateAll(List.of(1, 2, 3, 4));
        assertThat(queued()).as("one clear").isEqualTo(1);
    }

    @Test
    void aChangeThatMayStillTakeEffectWhenTheClearIsSentIsRepairedByItself() {
        node.far.next(Call.INVALIDATE, Fault.fail());
        node.async().invalidate(9);
        fleet.time.advance(Duration.ofMillis(80));
        overflow();
        fleet.time.advance(Duration.ofMillis(60));
        node.far.next(Call.INVALIDATE, Fault.fail());
        node.async().invalidate(8);
        assertThat(queued()).isEqualTo(2);

        fleet.time.advance(Duration.ofMillis(80));
        assertThat(node.far.count(Call.RAISE_MARKERS)).isEqualTo(1);
        assertThat(queued()).as("the clear was sent before this one may be").isEqualTo(1);
        fleet.time.advance(Duration.ofSeconds(1));
        assertThat(queued()).isZero();
    }

    @Test
    void aPutIfAbsentThatMayOrMayNotHaveStoredIsRepaired() {
        node.far.next(Call.PUT_IF_UNCHANGED, Fault.dropReply());
        CompletableFuture<Boolean> stored = node.async().putIfAbsent(1, "perhaps");
        fleet.time.advance(Fleet.BUDGET.plusMillis(10));

        assertThat(stored).isCompletedExceptionally();
        assertThat(queued()).isEqualTo(1);
    }

    @Test
    void aKeyThatIsChangedAgainHasWaitedSinceItsFirstChange() {
        node.far.always(Call.INVALIDATE, Fault.fail());
        node.async().invalidate(1);
        for (int minute = 0; minute < 3; minute++) {
            fleet.time.advance(Duration.ofMinutes(1));
            node.async().invalidate(1);
            assertThat(queued()).isEqualTo(1);
        }
        Duration age = node.cache.stats().far().recoveryAge();
        assertThat(age).isBetween(Duration.ofMinutes(3), Duration.ofMinutes(4));

        for (int key = 2; key < 8; key++) {
            node.async().invalidate(key);
        }
        assertThat(queued()).as("one clear for four, and three").isEqualTo(4);
        node.async().invalidate(8);
        assertThat(queued()).as("one clear for all").isEqualTo(1);
        assertThat(node.cache.stats().far().recoveryAge()).isGreaterThanOrEqualTo(age);
        node.async().clear();
        assertThat(node.cache.stats().far().recoveryAge()).isGreaterThanOrEqualTo(age);
    }

    /** A node with room for as many repairs as are tried together, and more. */
    private Fleet.Node roomy() {
        return fleet.node(builder -> builder.recoveryCapacity(1_000));
    }

    private static void lose(Fleet.Node node, String prefix) {
        node.far.loseServerOf(name -> name.startsWith(prefix));
    }

    @Test
    void ofABulkWriteOnlyTheKeysOfTheLostServerWaitForRepair() {
        Fleet.Node writer = roomy();
        lose(writer, "1");
        CompletableFuture<Void> put = writer.async().putAll(Map.of(1, "a", 2, "b", 10, "c", 20, "d"));

        assertThat(put).isCompletedExceptionally();
        assertThat(writer.cache.stats().far().recoveryQueued()).isEqualTo(2);
        assertThat(writer.cache.stats().failures()).containsEntry(FailureKind.FAR_WRITE, 1L);
        assertThat(writer.copy(2)).as("it was acknowledged").isNotNull();
        assertThat(writer.copy(1)).isNull();
        assertThat(other.cache.getIfPresent(20)).isEqualTo("d");

        CompletableFuture<Void> invalidated = writer.async().invalidateAll(List.of(2, 11));
        assertThat(invalidated).isCompletedExceptionally();
        assertThat(writer.cache.stats().far().recoveryQueued()).isEqualTo(3);
        fleet.rows.put(2, "new");
        assertThat(writer.read(2)).isEqualTo("new");
        assertThat(writer.far.count(Call.READ)).as("it is not suspect").isEqualTo(1);
    }

    @Test
    void repairsOfALostServerDoNotHoldUpThoseOfOthers() {
        Fleet.Node writer = roomy();
        writer.far.next(Call.INVALIDATE, Fault.fail());
        writer.async()
                .invalidateAll(IntStream.range(0, 750).mapToObj(i -> 1_000 + i).toList());
        writer.far.next(Call.INVALIDATE, Fault.fail());
        writer.async().invalidateAll(List.of(2, 3, 4));
        lose(writer, "1");

        fleet.time.advance(Fleet.BUDGET.multipliedBy(2).plusMillis(1));

        assertThat(writer.cache.stats().far().recoveryQueued())
                .as("those of the lost server")
                .isEqualTo(750);
        int calls = writer.far.count(Call.INVALIDATE);
        fleet.time.advance(Duration.ofSeconds(1));
        assertThat(writer.far.count(Call.INVALIDATE) - calls)
                .as("what was refused once is tried ten times a second")
                .isBetween(9, 11);

        writer.far.heal();
        fleet.time.advance(Duration.ofMillis(101));
        assertThat(writer.cache.stats().far().recoveryQueued()).isZero();
    }

    @Test
    void aServerThatIsBackIsRepairedWhileWritesToALostOneGoOnFailing() {
        Fleet.Node writer = roomy();
        other.cache.put(2, "old");
        writer.far.loseServerOf(name -> name.startsWith("1") || name.startsWith("2"));
        writer.async().invalidate(2);
        fleet.rows.put(2, "new");
        for (int i = 0; i < 40; i++) {
            if (i == 20) {
                lose(writer, "1");
            }
            writer.async().invalidate(1_000 + i);
            fleet.time.advance(Duration.ofMillis(50));
        }

        assertThat(other.read(2)).isEqualTo("new");
        assertThat(writer.cache.stats().far().recoveryQueued()).isEqualTo(40);
    }

    @Test
    void aTagWhoseServerIsBackIsRaisedWhileThoseOfALostOneGoOnFailing() {
        Fleet.Node writer = roomy();
        other.cache.put(2, "old", EntryOptions.tags("back"));
        writer.far.loseServerOf(name -> name.startsWith("lost") || name.startsWith("back"));
        writer.async().invalidateTag("back");
        fleet.rows.put(2, "new");
        for (int i = 0; i < 40; i++) {
            if (i == 20) {
                lose(writer, "lost");
            }
            writer.async().invalidateTag("lost" + i % 5);
            fleet.time.advance(Duration.ofMillis(50));
        }

        assertThat(other.read(2)).isEqualTo("new");
        assertThat(writer.cache.stats().far().recoveryQueued()).isEqualTo(5);
    }

    @Test
    void aTagWhoseServerIsLostHoldsUpNeitherKeysNorOtherTags() {
        Fleet.Node writer = roomy();
        lose(writer, "lost");
        writer.async().invalidateTag("lost");
        writer.far.next(Call.RAISE_MARKERS, Fault.fail());
        writer.async().invalidateTag("red");
        writer.far.next(Call.INVALIDATE, Fault.fail());
        writer.async().invalidate(2);
        assertThat(writer.cache.stats().far().recoveryQueued()).isEqualTo(3);

        fleet.time.advance(Duration.ofSeconds(1));

        assertThat(writer.cache.stats().far().recoveryQueued()).isEqualTo(1);
        writer.far.heal();
        fleet.time.advance(Duration.ofSeconds(1));
        assertThat(writer.cache.stats().far().recoveryQueued()).isZero();
    }

    @Test
    void aKeyThatWasRefusedAndChangesAgainIsRepairedOnceAndNotBeforeItMay() {
        Fleet.Node writer = roomy();
        lose(writer, "1");
        writer.async().invalidate(1);
        fleet.time.advance(Duration.ofSeconds(1));
        writer.async().invalidate(1);
        writer.far.heal();
        int calls = writer.far.count(Call.INVALIDATE);

        fleet.time.advance(Fleet.BUDGET.minusMillis(1));
        assertThat(writer.far.count(Call.INVALIDATE)).isEqualTo(calls);
        assertThat(writer.cache.stats().far().recoveryAge()).isGreaterThan(Duration.ofSeconds(1));
        fleet.time.advance(Duration.ofSeconds(1));
        assertThat(writer.far.count(Call.INVALIDATE)).isEqualTo(calls + 1);
        assertThat(writer.cache.stats().far().recoveryQueued()).isZero();
    }
}
