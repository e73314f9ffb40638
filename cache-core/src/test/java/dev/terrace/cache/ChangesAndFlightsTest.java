package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.testkit.FaultyFarTier.Call;
import dev.terrace.cache.testkit.FaultyFarTier.Fault;
import dev.terrace.cache.testkit.FaultyFarTier.Gate;
import dev.terrace.cache.testkit.OwnThread;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** G1 to G3: what is read and loaded while something changes. */
final class ChangesAndFlightsTest {

    private final Fleet fleet = new Fleet();
    private final Fleet.Node node = fleet.node();
    private final Fleet.Node other = fleet.node();

    @AfterEach
    void close() {
        fleet.close();
    }

    @Test
    void callersOfAKeyShareOneLoad() {
        fleet.rows.put(1, "a");
        CompletableFuture<String> first = node.async().get(1);
        CompletableFuture<String> second = node.async().get(1);
        CompletableFuture<?> bulk = node.async().getAll(List.of(1, 1));
        node.runLoads();

        assertThat(first).isCompletedWithValue("a");
        assertThat(second).isCompletedWithValue("a");
        assertThat(bulk).isCompleted();
        assertThat(node.loaded).isEqualTo(1);
    }

    @Test
    void aReadOfManyJoinsTheLoadsThatRun() {
        fleet.rows.putAll(Map.of(1, "a", 2, "b", 3, "c"));
        CompletableFuture<String> second = node.async().get(2);
        CompletableFuture<?> all = node.async().getAll(List.of(1, 2, 3));
        node.runLoads();

        assertThat(second).isCompletedWithValue("b");
        assertThat(all).isCompletedWithValueMatching(Map.of(1, "a", 2, "b", 3, "c")::equals);
        assertThat(node.loaded).isEqualTo(3);
    }

    /** What ends between a caller's look at the near tier and the start of its flight is not loaded again. */
    @Test
    void aCallerWhomALoadEscapedBetweenTwoLooksFindsItsValue() {
        Deque<Runnable> loads = new ArrayDeque<>();
        List<Cache<Integer, String>> meeting = new ArrayList<>();
        CacheBuilder<Integer, String> builder = nearOnly(loads).contextHook(task -> {
            if (!meeting.isEmpty()) {
                meeting.remove(0).async().get(1);
                loads.remove().run();
            }
            return task;
        });
        try (Cache<Integer, String> crossed = builder.build()) {
            meeting.add(crossed);

            assertThat(crossed.async().get(1)).isCompletedWithValue("1");

            assertThat(loads).isEmpty();
        }
    }

    /** It does so on the thread on which what it had joined ends. */
    @Test
    void whoAsksAgainLoadsInItsOwnContext() {
        Deque<Runnable> loads = new ConcurrentLinkedDeque<>();
        ThreadLocal<String> context = ThreadLocal.withInitial(() -> "nobody's");
        List<String> loadedIn = new ArrayList<>();
        List<CompletableFuture<String>> joined = new ArrayList<>();
        CacheBuilder<Integer, String> builder = nearOnly(loads).contextHook(task -> {
            String here = context.get();
            return () -> {
                loadedIn.add(here);
                task.run();
            };
        });
        try (Cache<Integer, String> cache = builder.build()) {
            Loader<Integer, String> loader = key -> {
                if (joined.isEmpty()) {
                    cache.invalidateTag("red");
                    joined.add(OwnThread.supply(() -> {
                                context.set("second");
                                return cache.async().get(1, Object::toString, EntryOptions.DEFAULT.withTags("red"));
                            })
                            .join());
                }
                return "loaded";
            };
            context.set("first");
            CompletableFuture<String> first = cache.async().get(1, loader, EntryOptions.DEFAULT.withTags("red"));
            loads.remove().run();
            assertThat(first).isCompletedWithValue("loaded");
            loads.remove().run();

            assertThat(joined.get(0)).isCompletedWithValue("1");
            assertThat(loadedIn).containsExactly("first", "second");
        }
    }

    private static CacheBuilder<Integer, String> nearOnly(Deque<Runnable> loads) {
        CacheBuilder<Integer, String> builder = Cache.<Integer, String>builder("near")
                .near(Near.maximumSize(10))
                .freshFor(Fleet.FRESH)
                .loader(String::valueOf);
        builder.parts().callbacks = Runnable::run;
        builder.parts().loads = load -> {
            loads.add(load);
            return () -> {};
        };
        return builder;
    }

    @Test
    void callersOnTwoNodesShareOneLoad() {
        fleet.rows.put(1, "a");
        node.async().get(1);
        CompletableFuture<String> waiting = other.async().get(1);
        assertThat(other.loads).isEmpty();
        node.runLoads();
        fleet.time.advance(Duration.ofMillis(50));

        assertThat(waiting).isCompletedWithValue("a");
        assertThat(other.loaded).isZero();
    }

    @Test
    void aReadAfterAnInvalidationDoesNotJoinTheLoadFromBefore() {
        fleet.rows.put(1, "old");
        CompletableFuture<String> before = node.async().get(1);
        Runnable oldLoad = node.loads.remove();
        node.cache.invalidate(1);
        CompletableFuture<String> after = node.async().get(1);
        oldLoad.run();
        fleet.rows.put(1, "new");
        node.runLoads();

        assertThat(before).isCompletedWithValue("old");
        assertThat(after).isCompletedWithValue("new");
        assertThat(node.read(1)).isEqualTo("new");
    }

    @Test
    void aLoadFromBeforeAnInvalidationIsStoredNowhere() {
        fleet.rows.put(1, "old");
        CompletableFuture<String> before = node.async().get(1);
        node.cache.invalidate(1);
        node.runLoads();
        fleet.rows.put(1, "new");

        assertThat(before).isCompletedWithValue("old");
        assertThat(node.copy(1)).isNull();
        assertThat(node.read(1)).isEqualTo("new");
        assertThat(other.read(1)).isEqualTo("new");
    }

    @Test
    void aFarReadFromBeforeAnInvalidationIsNotStoredNear() {
        other.cache.put(1, "old");
        Gate gate = new Gate();
        node.far.next(Call.READ, Fault.delayReply(gate));
        CompletableFuture<String> before = node.async().get(1);
        node.cache.invalidate(1);
        gate.open();

        assertThat(before).isCompletedWithValue("old");
        assertThat(node.copy(1)).isNull();
        assertThat(node.cache.stats().near().refusedInserts()).isEqualTo(1);
    }

    @Test
    void aFarReadFromBeforeAnInvalidationOfEverythingIsNotStoredNear() {
        other.cache.put(1, "old");
        Gate gate = new Gate();
        node.far.next(Call.READ, Fault.delayReply(gate));
        node.async().get(1);
        node.cache.clear();
        gate.open();

        assertThat(node.copy(1)).isNull();
        assertThat(node.cache.getIfPresent(1)).isNull();
    }

    @Test
    void whatIsReadWhileAWriteIsUnderWayIsNotStoredNear() {
        other.cache.put(1, "old");
        Gate write = new Gate();
        node.far.next(Call.INVALIDATE, Fault.delayRequest(write));
        node.async().invalidate(1);
        assertThat(node.async().get(1)).isCompletedWithValue("old");

        assertThat(node.copy(1)).isNull();
        write.open();
        assertThat(node.cache.getIfPresent(1)).isNull();
    }

    @Test
    void aReadThatEndsAfterTheWriteThatItRanBesideIsNotStoredNear() {
        other.cache.put(1, "old");
        Gate write = new Gate();
        Gate read = new Gate();
        node.far.next(Call.INVALIDATE, Fault.delayRequest(write));
        node.async().invalidate(1);
        node.far.next(Call.READ, Fault.delayReply(read));
        node.async().get(1);
        write.open();
        read.open();

        assertThat(node.copy(1)).isNull();
        assertThat(node.cache.getIfPresent(1)).isNull();
    }

    @Test
    void aReadAfterAnInvalidationDoesNotJoinOneThatBeganDuringIt() {
        other.cache.put(1, "old");
        Gate invalidation = new Gate();
        Gate read = new Gate();
        node.far.next(Call.INVALIDATE, Fault.delayRequest(invalidation));
        node.async().invalidate(1);
        node.far.next(Call.READ, Fault.delayReply(read));
        CompletableFuture<String> during = node.async().get(1);
        invalidation.open();
        fleet.rows.put(1, "new");
        CompletableFuture<String> after = node.async().get(1);
        read.open();
        node.runLoads();

        assertThat(during).isCompletedWithValue("old");
        assertThat(after).isCompletedWithValue("new");
    }

    @Test
    void aPutIsKeptNearIfItWasAlone() {
        node.cache.put(1, "mine");

        assertThat(node.copy(1).value).isEqualTo("mine");
    }

    @Test
    void ofTwoPutsAtOnceNeitherIsKeptNear() {
        Gate first = new Gate();
        node.far.next(Call.PUT, Fault.delayReply(first));
        CompletableFuture<Void> one = node.async().put(1, "first on the server");
        node.cache.put(1, "second on the server");
        first.open();

        assertThat(one).isCompleted();
        assertThat(node.copy(1)).isNull();
        assertThat(node.read(1)).isEqualTo("second on the server");
    }

    @Test
    void aPutThatTheServerOvertookIsNotKeptNear() {
        Gate first = new Gate();
        node.far.next(Call.PUT, Fault.delayRequest(first));
        node.async().put(1, "second on the server");
        node.cache.put(1, "first on the server");
        first.open();

        assertThat(node.copy(1)).isNull();
        assertThat(node.read(1)).isEqualTo("second on the server");
    }

    @Test
    void aReadAfterAPutNeverSeesWhatWasThereBefore() {
        node.cache.put(1, "old");
        CompletableFuture<Void> put = node.async().put(1, "new");

        assertThat(put).isCompleted();
        assertThat(node.cache.getIfPresent(1)).isEqualTo("new");
        Gate gate = new Gate();
        node.far.next(Call.INVALIDATE, Fault.delayReply(gate));
        node.async().invalidate(1);
        assertThat(node.copy(1)).as("dropped already at the beginning").isNull();
    }

    @Test
    void aLoadThatIsAskedForItsOwnKeyIsToldSo() {
        Fleet.Node recursive = fleet.node(builder -> builder.loader(key -> "never " + key));
        CompletableFuture<String> value =
                recursive.async().get(1, key -> recursive.async().get(key).get());
        recursive.runLoads();

        assertThat(value).isCompletedExceptionally();
        assertThat(value.handle((v, failure) -> Completions.cause(failure)).join())
                .isInstanceOfAny(RecursiveLoadException.class, LoadFailedException.class);
    }

    @Test
    void aReadWhoseKeyIsChangedBeforeItsLoadFollowsTheReadThatStandsThere() {
        fleet.rows.put(1, "a");
        Gate lease = new Gate();
        node.far.next(Call.LEASE, Fault.delayReply(lease));
        CompletableFuture<String> overtaken = node.async().get(1);
        node.cache.invalidate(1);
        CompletableFuture<String> standing = node.async().get(1);
        lease.open();
        fleet.time.advance(Duration.ofMillis(50));

        assertThat(node.loads).hasSize(1);
        node.runLoads();
        assertThat(overtaken).isCompletedWithValue("a");
        assertThat(standing).isCompletedWithValue("a");
        assertThat(node.loaded).isEqualTo(1);
    }

    @Test
    void aRefreshThatAPutOvertookAndThatFollowedAReadDoesNotLoadWithoutALease() {
        fleet.rows.put(1, "a");
        node.read(1);
        Gate lease = new Gate();
        node.far.next(Call.LEASE, Fault.delayReply(lease));
        CompletableFuture<String> refreshed = node.async().refresh(1);
        node.cache.put(1, "b");
        node.engine().tiers().removeNear(1);
        Gate read = new Gate();
        node.far.next(Call.READ, Fault.delayReply(read));
        CompletableFuture<String> standing = node.async().get(1);
        lease.open();
        read.open();

        assertThat(standing).isCompletedWithValue("b");
        assertThat(refreshed).isCompletedWithValue("b");
        assertThat(node.loads).as("what would be stored nowhere").isEmpty();
    }

    @Test
    void aLeaseThatAnOvertakenReadIsGrantedIsGivenBackAtOnce() {
        fleet.rows.put(1, "a");
        Gate first = new Gate();
        Gate second = new Gate();
        node.far.next(Call.READ, Fault.delayReply(first));
        CompletableFuture<String> overtaken = node.async().get(1);
        node.cache.invalidate(1);
        node.far.next(Call.READ, Fault.delayReply(second));
        CompletableFuture<String> standing = node.async().get(1);
        first.open();
        second.open();

        assertThat(node.loads).hasSize(1);
        node.runLoads();
        assertThat(overtaken).isCompletedWithValue("a");
        assertThat(standing).isCompletedWithValue("a");
        assertThat(node.cache.stats().far().leasesBusy()).isZero();
    }

    @Test
    void aTagThatALoadTurnsOutToHaveMakesThoseAskAgainWhoCameAfterItsInvalidation() {
        Fleet.Node tagged = fleet.node(builder -> builder.loader((key, context) -> {
            context.tags("t");
            return fleet.rows.get(key);
        }));
        fleet.rows.put(1, "old");
        CompletableFuture<String> before = tagged.async().get(1);
        tagged.cache.invalidateTag("t");
        CompletableFuture<String> after = tagged.async().get(1);
        tagged.loads.remove().run();
        fleet.rows.put(1, "new");
        tagged.runLoads();

        assertThat(before).isCompletedWithValue("old");
        assertThat(after).isCompletedWithValue("new");
        assertThat(tagged.cache.getIfPresent(1)).isEqualTo("new");
    }

    @Test
    void aRefreshThatJoinedALoadFromBeforeAnInvalidationOfItsTagLoadsAgain() {
        Fleet.Node tagged = fleet.node(builder -> builder.loader((key, context) -> {
            context.tags("t");
            return fleet.rows.get(key);
        }));
        fleet.rows.put(1, "old");
        tagged.async().get(1);
        tagged.cache.invalidateTag("t");
        CompletableFuture<String> refreshed = tagged.async().refresh(1);
        tagged.loads.remove().run();
        fleet.rows.put(1, "new");
        tagged.runLoads();

        assertThat(refreshed).isCompletedWithValue("new");
    }

    @Test
    void aLoadOfManyIsStoppedOnlyWhenNobodyWantsAnyOfIt() {
        Fleet.Node bulk = fleet.node(
                builder -> builder.bulkLoader(keys -> Map.of(1, "a", 2, "b")).completeAbandonedLoads(false));
        CompletableFuture<?> both = bulk.async().getAll(List.of(1, 2));
        CompletableFuture<String> second = bulk.async().get(2);
        both.cancel(true);
        assertThat(bulk.loads).as("the second is wanted").hasSize(1);
        bulk.runLoads();
        assertThat(second).isCompletedWithValue("b");

        CompletableFuture<?> again = bulk.async().getAll(List.of(3, 4));
        again.cancel(true);
        assertThat(bulk.loads).as("none is wanted").isEmpty();
        assertThat(bulk.engine().flights().size()).isZero();
    }

    @Test
    void oneReadTooManyIsRefusedAtOnceAndTheOthersGoOn() {
        Deque<Runnable> loads = new ArrayDeque<>();
        try (Cache<Integer, String> crowded = nearOnly(loads).build()) {
            CompletableFuture<String> first = crowded.async().get(0);
            IntStream.range(1, Defaults.MAX_FLIGHTS).forEach(crowded.async()::get);

            assertThat(crowded.async().get(-1))
                    .failsWithin(Duration.ZERO)
                    .withThrowableThat()
                    .withCauseInstanceOf(LoadRejectedException.class)
                    .withMessageContaining(String.valueOf(Defaults.MAX_FLIGHTS));
            loads.remove().run();
            assertThat(first).isCompletedWithValue("0");
        }
    }

    @Test
    void whoComesAfterTheLastCallerOfACopyThatIsComparedHasLeftIsNotCancelledToo() {
        Fleet.Node quick = fleet.node(builder -> builder.completeAbandonedLoads(false));
        fleet.rows.put(1, "a");
        quick.read(1);
        fleet.time.advance(Fleet.MAX_STALENESS);
        fleet.rows.put(1, "b");
        other.cache.invalidate(1);
        Gate first = new Gate();
        Gate second = new Gate();
        quick.far.next(Call.READ_HEADERS, Fault.delayReply(first), Fault.delayReply(second));
        quick.async().get(1).cancel(true);
        CompletableFuture<String> value = quick.async().get(1);
        second.open();
        first.open();
        quick.runLoads();

        assertThat(value).isCompletedWithValue("b");
        assertThat(quick.loaded).isEqualTo(2);
    }

    @Test
    void aLoadThatNobodyWaitsForIsStoppedWhereTheCacheSaysSo() {
        Fleet.Node quick = fleet.node(builder -> builder.completeAbandonedLoads(false));
        CompletableFuture<String> value = quick.async().get(1);
        assertThat(quick.loads).hasSize(1);
        value.cancel(true);

        assertThat(quick.loads).isEmpty();
        assertThat(quick.engine().flights().size()).isZero();
        other.async().get(1);
        assertThat(other.loads).as("has the lease").hasSize(1);
    }
}
