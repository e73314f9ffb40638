package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.terrace.cache.CacheListener.LinkState;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.spi.InvalidationBus;
import dev.terrace.cache.testkit.FaultyFarTier.Call;
import dev.terrace.cache.testkit.FaultyFarTier.Fault;
import dev.terrace.cache.testkit.FaultyFarTier.Gate;
import dev.terrace.cache.testkit.InMemoryFarTier;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Changes told on a bus: they are seen at once, and what is not told is seen within the bound all the same. */
final class BusTest {

    private final Fleet fleet = new Fleet();
    private final Lossy bus = new Lossy();
    private final Fleet.Node here = fleet.node(builder -> builder.bus(bus));
    private final Fleet.Node other = fleet.node(builder -> builder.bus(bus));

    /** A bus that can lose what is told, or fail to tell it. */
    private static final class Lossy implements InvalidationBus {

        private final InvalidationBus whole = InvalidationBus.inProcess();
        private final List<Listener> listeners = new ArrayList<>();
        private final List<Notice> told = new ArrayList<>();
        private boolean loses;
        private boolean fails;

        @Override
        public Member join(String cacheName, Listener listener) {
            Member member = whole.join(cacheName, listener);
            listeners.add(listener);
            return new Member() {
                @Override
                public CompletionStage<Void> tell(Notice notice) {
                    told.add(notice);
                    if (fails) {
                        return CompletableFuture.failedStage(new IllegalStateException("the bus is down"));
                    }
                    return loses ? CompletableFuture.completedStage(null) : member.tell(notice);
                }

                @Override
                public void close() {
                    member.close();
                }
            };
        }

        List<String> toldKeys() {
            return told.stream().flatMap(notice -> notice.keys().stream()).toList();
        }

        @Override
        public String toString() {
            return "lossy";
        }
    }

    @AfterEach
    void close() {
        fleet.close();
    }

    private void bothHave(int key, String value) {
        fleet.rows.put(key, value);
        here.cache.put(key, value);
        assertThat(here.read(key)).isEqualTo(value);
        assertThat(other.read(key)).isEqualTo(value);
        assertThat(other.copy(key)).isNotNull();
    }

    @Test
    void aPutIsSeenAtOnce() {
        bothHave(1, "a");
        here.cache.put(1, "b");
        assertThat(other.read(1)).isEqualTo("b");
        assertThat(other.loaded).isZero();
    }

    @Test
    void anInvalidationIsSeenAtOnce() {
        bothHave(1, "a");
        fleet.rows.put(1, "b");
        here.cache.invalidate(1);
        assertThat(other.read(1)).isEqualTo("b");
    }

    @Test
    void allKindsOfChangesAreTold() {
        bothHave(1, "a");
        bothHave(2, "b");
        bus.told.clear();
        here.cache.putAll(Map.of(1, "c", 2, "d"));
        assertThat(bus.toldKeys()).containsExactlyInAnyOrder("1", "2");
        bus.told.clear();
        assertThat(here.cache.putIfAbsent(3, "e")).isTrue();
        assertThat(here.cache.putIfAbsent(3, "f")).isFalse();
        here.cache.invalidateAll(List.of(1, 2));
        here.cache.expire(3);
        here.cache.expire(4);
        assertThat(bus.toldKeys()).containsExactlyInAnyOrder("3", "1", "2", "3");
        bus.told.clear();
        here.cache.invalidateTag("red");
        here.cache.clear();
        assertThat(bus.told.stream().flatMap(notice -> notice.markers().stream()))
                .containsExactly("red", "*");
    }

    @Test
    void aTagAndAClearAreSeenAtOnce() {
        fleet.rows.put(1, "a");
        here.cache.put(1, "a", EntryOptions.tags("red"));
        assertThat(other.read(1)).isEqualTo("a");
        fleet.rows.put(1, "b");
        here.cache.invalidateTag("red");
        assertThat(other.read(1)).isEqualTo("b");
        fleet.rows.put(1, "c");
        here.cache.clear();
        assertThat(other.read(1)).isEqualTo("c");
    }

    @Test
    void fillsAndReadsTellNothing() {
        fleet.rows.put(1, "a");
        assertThat(here.read(1)).isEqualTo("a");
        assertThat(other.read(1)).isEqualTo("a");
        fleet.time.advance(Fleet.MAX_STALENESS.multipliedBy(2));
        assertThat(other.read(1)).isEqualTo("a");
        assertThat(bus.told).isEmpty();
    }

    @Test
    void aLostNoticeCostsTheBoundAndNoMore() {
        bothHave(1, "a");
        bus.loses = true;
        here.cache.put(1, "b");
        assertThat(other.read(1)).isEqualTo("a");
        fleet.time.advance(Fleet.MAX_STALENESS);
        assertThat(other.read(1)).isEqualTo("b");
    }

    @Test
    void aBusThatIsSilentNeverExtendsTrust() {
        bothHave(1, "a");
        // The one who writes has no bus at all.
        Fleet.Node third = fleet.node();
        for (int i = 0; i < 20; i++) {
            fleet.time.advance(Fleet.MAX_STALENESS.dividedBy(10));
            other.read(1);
            // Notices of other keys say nothing of this one.
            here.cache.put(2, "x" + i);
        }
        third.cache.put(1, "b");
        fleet.time.advance(Fleet.MAX_STALENESS);
        assertThat(other.read(1)).isEqualTo("b");
    }

    @Test
    void afterAnInterruptionCopiesAreComparedAndNotReadAnew() {
        bothHave(1, "a");
        bothHave(2, "unchanged");
        bus.loses = true;
        here.cache.put(1, "b");
        long validations = other.cache.stats().near().validations();
        bus.listeners.get(1).interrupted();
        assertThat(other.read(1)).isEqualTo("b");
        assertThat(other.read(2)).isEqualTo("unchanged");
        // That counts those that were found to be the same.
        assertThat(other.cache.stats().near().validations()).isEqualTo(validations + 1);
        assertThat(other.loaded).isZero();
    }

    /** Else each read would load, for as long as nobody can say what has become of the marker of the whole cache. */
    @Test
    void whatIsLoadedWhileMarkersCannotBeAskedForIsKeptForTheBound() {
        Fleet.Node strict = fleet.node(builder -> builder.bus(bus).serveWhileCutOff(Duration.ZERO));
        bothHave(1, "a");
        assertThat(strict.read(1)).isEqualTo("a");
        strict.far.always(Fault.fail());
        bus.listeners.get(2).interrupted();
        fleet.rows.put(1, "b");
        for (int i = 0; i < 10; i++) {
            assertThat(strict.read(1)).isEqualTo("b");
        }
        assertThat(strict.loaded).isEqualTo(1);

        fleet.rows.put(1, "c");
        fleet.time.advance(Fleet.MAX_STALENESS);
        assertThat(strict.read(1)).isEqualTo("c");
        strict.async().clear();
        fleet.rows.put(1, "d");
        assertThat(strict.read(1)).isEqualTo("d");
    }

    @Test
    void anOwnChangeIsNotToldToOneself() {
        bothHave(1, "a");
        here.cache.put(1, "b");
        long hits = here.cache.stats().near().hits();
        assertThat(here.read(1)).isEqualTo("b");
        assertThat(here.cache.stats().near().hits()).isEqualTo(hits + 1);
    }

    @Test
    void aChangeToldDuringALoadKeepsItsValueOutOfTheNearTier() {
        fleet.rows.put(1, "a");
        CompletableFuture<String> loading = other.async().get(1);
        assertThat(other.loads).hasSize(1);
        here.cache.put(1, "b");
        other.runLoads();
        assertThat(loading).isCompleted();
        assertThat(other.read(1)).isEqualTo("b");
        assertThat(here.read(1)).isEqualTo("b");
    }

    /** Between the end of a load and that of its fill its value is at hand for who asks for no load. */
    @Test
    void aChangeToldDuringALoadIsSeenByWhoLooksBeforeItsFillHasEnded() {
        fleet.rows.put(1, "a");
        CompletableFuture<String> loading = other.async().get(1);
        here.cache.put(1, "b");
        Gate gate = new Gate();
        other.far.next(Call.FILL, Fault.delayReply(gate));
        other.runLoads();
        assertThat(loading).isCompletedWithValue("a");

        assertThat(other.cache.getIfPresent(1)).isEqualTo("b");
        assertThat(other.cache.getAllPresent(List.of(1))).containsEntry(1, "b");
        gate.open();
        assertThat(other.read(1)).isEqualTo("b");
    }

    @Test
    void aChangeOfUnknownFateIsTold() {
        bothHave(1, "a");
        here.far.next(Call.INVALIDATE, Fault.dropReply());
        bus.told.clear();
        here.async().invalidate(1);
        fleet.time.advance(Fleet.BUDGET.multipliedBy(20));
        assertThat(bus.toldKeys()).contains("1");
        fleet.rows.put(1, "b");
        assertThat(other.read(1)).isEqualTo("b");
    }

    @Test
    void aBusThatIsDownIsReportedAndNobodyFails() {
        bothHave(1, "a");
        bus.fails = true;
        here.cache.put(1, "b");
        here.cache.invalidateTag("red");
        assertThat(here.cache.stats().failures()).containsEntry(FailureKind.INVALIDATION_BUS, 2L);
        assertThat(here.read(1)).isEqualTo("b");
        fleet.time.advance(Fleet.MAX_STALENESS);
        assertThat(other.read(1)).isEqualTo("b");
    }

    @Test
    void aNodeWithoutANearTierTellsToo() {
        bothHave(1, "a");
        Cache<Integer, String> writer = Cache.<Integer, String>builder(Fleet.CACHE)
                .far(new InMemoryFarTier(fleet.server, fleet.time::nanos), StringCodec.utf8())
                .freshFor(Duration.ofMinutes(1))
                .bus(bus)
                .build();
        try (writer) {
            writer.put(1, "b");
        }
        assertThat(other.read(1)).isEqualTo("b");
    }

    @Test
    void itGivesNoTrustAndSaysSo() {
        assertThat(other.cache.stats().link().state()).isEqualTo(LinkState.NONE);
        assertThat(other.cache.toString()).contains("bus=lossy");
        assertThat(here.cache.stats().link().changes()).isZero();
        here.cache.put(1, "a");
        assertThat(other.cache.stats().link().changes()).isEqualTo(1);
    }

    @Test
    void whoClosesHearsNothingMore() {
        bothHave(1, "a");
        long heard = other.cache.stats().link().changes();
        other.cache.close();
        here.cache.put(1, "b");
        assertThat(other.cache.stats().link().changes()).isEqualTo(heard);
    }

    @Test
    void aBusWithoutAFarTierIsRefused() {
        assertThatIllegalStateException()
                .isThrownBy(() -> Cache.<Integer, String>builder("near")
                        .near(Near.maximumSize(10))
                        .freshFor(Duration.ofMinutes(1))
                        .bus(bus)
                        .build())
                .withMessageContaining("bus needs a far tier");
    }
}
