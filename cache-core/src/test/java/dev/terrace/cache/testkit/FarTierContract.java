package dev.terrace.cache.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.terrace.cache.spi.FarReading;
import dev.terrace.cache.spi.FarReading.Found;
import dev.terrace.cache.spi.FarReading.Malformed;
import dev.terrace.cache.spi.FarRecord;
import dev.terrace.cache.spi.FarRecord.Attributes;
import dev.terrace.cache.spi.FarRecord.Content;
import dev.terrace.cache.spi.FarRecord.State;
import dev.terrace.cache.spi.FarStore;
import dev.terrace.cache.spi.FarStore.FarLease;
import dev.terrace.cache.spi.FarStore.FillReply;
import dev.terrace.cache.spi.FarStore.FillRequest;
import dev.terrace.cache.spi.FarStore.LeaseReply;
import dev.terrace.cache.spi.FarStore.LeaseRequest;
import dev.terrace.cache.spi.FarStore.MarkerReading;
import dev.terrace.cache.spi.FarStore.PutRequest;
import dev.terrace.cache.spi.FarStore.WriteReply;
import dev.terrace.cache.spi.FarTier;
import dev.terrace.cache.spi.RecordBytes;
import dev.terrace.cache.spi.RecordDraft;
import dev.terrace.cache.spi.RecordDraft.Lifetime;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a {@link FarTier} is: every sentence of {@link FarStore} as a test. An implementation extends this class and says how
 * to reach its server, past the tier too.
 */
public abstract class FarTierContract {

    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(20);
    private static final Duration AMPLE_BUDGET = Duration.ofSeconds(20);
    private static final Duration LONG = Duration.ofMinutes(10);
    private static final Lifetime LONG_LIFE = new Lifetime(LONG, LONG);
    private static final String CACHE = "contract";

    private final List<FarTier> tiers = new ArrayList<>();

    private FarStore here;
    private FarStore there;

    /** Another node's tier on the same server; this class closes it. */
    protected abstract FarTier newTier();

    /** Puts bytes under a key of a cache, past the tier, for good. */
    protected abstract void plant(String cache, String key, byte[] bytes);

    /** Deletes what is under a key of a cache, past the tier; any lease of it stays. */
    protected abstract void delete(String cache, String key);

    /** Lets at least that much time pass on the server, and little more. */
    protected abstract void advance(Duration time);

    /** The server's clock, in microseconds. */
    protected abstract long serverMicros();

    /** The server takes requests from now on without executing them. */
    protected abstract void freeze();

    /** The server executes what has arrived since, and goes on; without effect where it is not frozen. */
    protected abstract void thaw();

    /** The shortest life that the server keeps, with what the machine may add to it. */
    protected Duration moment() {
        return Duration.ofMillis(60);
    }

    /**
     * By how much a node may be wrong about the server's time, where the server does not write its times itself. Above zero
     * versions are not the server's time either, but only rise.
     */
    protected Duration clockDoubt() {
        return Duration.ZERO;
    }

    /** Whether the server tells when an item ends that was touched. */
    protected boolean tellsIdleTime() {
        return true;
    }

    private long doubtMillis() {
        return clockDoubt().toMillis();
    }

    private long doubtMicros() {
        return TimeUnit.MILLISECONDS.toMicros(doubtMillis());
    }

    private boolean versionsAreTimes() {
        return clockDoubt().isZero();
    }

    @BeforeEach
    void openTwoNodes() {
        here = newNode();
        there = newNode();
    }

    @AfterEach
    void closeNodes() {
        thaw();
        tiers.forEach(FarTier::close);
    }

    @Nested
    class Reading {

        @Test
        void aKeyThatNobodyWroteIsAbsent() {
            assertThat(read(here, "k")).isEqualTo(FarReading.ABSENT);
            assertThat(header(here, "k")).isEqualTo(FarReading.ABSENT);
        }

        @Test
        void aRecordReadsBackAsItWasDraftedOnEveryNode() {
            RecordDraft draft = new RecordDraft(
                    77,
                    -5,
                    3,
                    new Lifetime(Duration.ofMinutes(1), Duration.ofMinutes(2)),
                    new Attributes(1_234, List.of("red", "größe/1"), "etag"),
                    new Content(State.VALUE, -9, "the full key", ByteBuffer.wrap("value".getBytes(UTF_8))));
            long before = serverMicros() / 1_000;
            long version = stored(fill(here, granted(here, "k"), draft));
            long after = serverMicros() / 1_000;

            FarRecord record = found(read(there, "k"));

            assertThat(record.stamp()).isEqualTo(new FarRecord.Stamp(version, 77, -5, 3));
            assertThat(record.attributes()).isEqualTo(draft.attributes());
            assertThat(record.content()).isEqualTo(draft.content());
            assertThat(record.life().freshUntil())
                    .isBetween(before + 60_000 - doubtMillis(), after + 60_000 + doubtMillis());
            assertThat(record.life().goneAt() - record.life().freshUntil()).isEqualTo(120_000);
            assertThat(read(here, "k")).isEqualTo(read(there, "k"));
        }

        @Test
        void aCachedNullReadsBack() {
            RecordDraft draft = draft(Content.ofNull("full"));
            put(here, "k", draft);
            assertThat(found(read(there, "k")).content()).isEqualTo(draft.content());
        }

        @Test
        void aLargeValueReadsBack() {
            byte[] megabyte = new byte[1 << 20];
            ThreadLocalRandom.current().nextBytes(megabyte);
            put(here, "k", draft(new Content(State.VALUE, 1, null, ByteBuffer.wrap(megabyte))));
            assertThat(found(read(there, "k")).content().payload()).isEqualTo(ByteBuffer.wrap(megabyte));
        }

        @Test
        void aHeaderHasTheStampAndTheTimesAndNoPayload() {
            put(here, "k", draft("value"));
            FarRecord whole = found(read(here, "k"));
            FarRecord header = found(header(there, "k"));
            assertThat(header.stamp()).isEqualTo(whole.stamp());
            assertThat(header.life()).isEqualTo(whole.life());
            assertThat(header.content().state()).isEqualTo(State.VALUE);
            assertThat(header.content().payload().remaining()).isZero();
        }

        @Test
        void aRecordIsAbsentAfterItsWholeLife() {
            put(here, "k", draft("value", new Lifetime(moment(), moment())));
            assertThat(read(here, "k")).isInstanceOf(Found.class);
            advance(moment().multipliedBy(2));
            assertThat(read(here, "k")).isEqualTo(FarReading.ABSENT);
            assertThat(header(here, "k")).isEqualTo(FarReading.ABSENT);
        }

        @Test
        void cachesDoNotShareKeysLeasesOrMarkers() {
            FarStore other = open(newTier(), "contract2");
            put(here, "k", draft("value"));
            granted(here, "leased");
            await(here.raiseMarkers(List.of("tag"), LONG));
            assertThat(read(other, "k")).isEqualTo(FarReading.ABSENT);
            granted(other, "leased");
            assertThat(await(other.markers(List.of("tag")))).isEqualTo(new MarkerReading(Map.of(), 0));
        }

        @Test
        void aNameThatBeginsOrEndsAsAnotherIsAnother() {
            put(here, "k", draft("one"));
            put(here, "kk", draft("two"));
            FarStore longer = open(newTier(), CACHE + ".k");
            assertThat(payload(read(here, "k"))).isEqualTo("one");
            assertThat(payload(read(here, "kk"))).isEqualTo("two");
            assertThat(read(longer, "k")).isEqualTo(FarReading.ABSENT);
        }

        @ParameterizedTest
        @ValueSource(strings = {"a:b", "%41", "*", "~!@#$^&()[]<>?/|\\'\";,.=+-_`"})
        void anyPrintableKeyIsAKey(String key) {
            put(here, key, draft("value"));
            assertThat(payload(read(there, key))).isEqualTo("value");
            await(there.invalidate(List.of(key), LONG));
            assertThat(found(read(here, key)).content().state()).isEqualTo(State.TOMBSTONE);
        }

        @Test
        void aKeyMayHaveTwoHundredCharacters() {
            String key = "k".repeat(200);
            put(here, key, draft("value"));
            assertThat(payload(read(there, key))).isEqualTo("value");
        }
    }

    @Nested
    class Bulk {

        private static final int KEYS = 333;

        private final List<String> keys =
                IntStream.range(0, KEYS).mapToObj(i -> "k" + i).toList();

        @Test
        void repliesAreInTheOrderOfTheRequests() {
            List<LeaseRequest> asked = keys.stream()
                    .map(key -> new LeaseRequest(key, FarReading.ABSENT))
                    .toList();
            List<FarLease> leases = await(here.lease(asked, LONG)).stream()
                    .map(reply -> ((LeaseReply.Granted) reply).lease())
                    .toList();
            assertThat(leases).extracting(FarLease::key).isEqualTo(keys);
            put(here, "k7", draft("7"));

            List<FillReply> filled = await(here.fill(leases.stream()
                    .map(lease -> new FillRequest(lease, draft(lease.key().substring(1))))
                    .toList()));

            assertThat(filled).hasSize(KEYS);
            List<FarReading> readings = await(there.read(keys));
            List<FarReading> headers = await(there.readHeaders(keys));
            for (int i = 0; i < KEYS; i++) {
                assertThat(payload(readings.get(i))).isEqualTo(Integer.toString(i));
                assertThat(found(headers.get(i)).stamp())
                        .isEqualTo(found(readings.get(i)).stamp());
                if (i == 7) {
                    assertThat(filled.get(i)).isEqualTo(new FillReply.Refused());
                } else {
                    assertThat(stored(filled.get(i)))
                            .isEqualTo(found(readings.get(i)).stamp().version());
                }
            }
        }

        @Test
        void writesAreAnsweredEachForItself() {
            put(here, "k5", draft("old", 100));
            List<WriteReply> puts = await(here.put(keys.stream()
                    .map(key -> new PutRequest(key, draft(key, 50)))
                    .toList()));
            assertThat(puts).hasSize(KEYS);
            assertThat(puts.get(5)).isEqualTo(new WriteReply.OlderSource());
            assertThat(puts.get(6)).isInstanceOf(WriteReply.Stored.class);
            assertThat(payload(read(there, "k5"))).isEqualTo("old");
            assertThat(payload(read(there, "k332"))).isEqualTo("k332");

            List<WriteReply> invalidated = await(there.invalidate(keys, LONG));
            assertThat(invalidated).hasSize(KEYS).allMatch(WriteReply.Stored.class::isInstance);
            List<FarReading> tombstones = await(here.read(keys));
            for (int i = 0; i < KEYS; i++) {
                assertThat(found(tombstones.get(i)).stamp().version()).isEqualTo(version(invalidated.get(i)));
            }
        }

        @Test
        void presentAndAbsentKeysMayBeMixedAndRepeated() {
            put(here, "a", draft("A"));
            put(here, "b", draft("B"));
            List<FarReading> readings = await(here.read(List.of("b", "none", "a", "b")));
            assertThat(readings.get(1)).isEqualTo(FarReading.ABSENT);
            assertThat(Stream.of(0, 2, 3).map(i -> payload(readings.get(i)))).containsExactly("B", "A", "B");
        }

        @Test
        void leasesAreAnsweredEachForItself() {
            granted(there, "busy");
            put(there, "changed", draft("value"));
            List<LeaseReply> replies = await(here.lease(
                    List.of(
                            new LeaseRequest("busy", FarReading.ABSENT),
                            new LeaseRequest("changed", FarReading.ABSENT),
                            new LeaseRequest("free", FarReading.ABSENT)),
                    LONG));
            assertThat(replies.get(0)).isEqualTo(new LeaseReply.Busy());
            assertThat(replies.get(1)).isEqualTo(new LeaseReply.Changed(read(here, "changed")));
            assertThat(replies.get(2)).isInstanceOf(LeaseReply.Granted.class);
        }

        @Test
        void largeValuesAreStoredTogether() {
            List<PutRequest> requests = keys.subList(0, 40).stream()
                    .map(key -> new PutRequest(key, draft(key.repeat(20_000))))
                    .toList();
            await(here.put(requests));
            assertThat(await(there.read(keys.subList(0, 40))).stream().map(FarTierContract::payload))
                    .isEqualTo(requests.stream()
                            .map(request -> request.key().repeat(20_000))
                            .toList());
        }

        @Test
        void nothingIsAnsweredWithNothing() {
            assertThat(await(here.read(List.of()))).isEmpty();
            assertThat(await(here.readHeaders(List.of()))).isEmpty();
            assertThat(await(here.lease(List.of(), LONG))).isEmpty();
            assertThat(await(here.fill(List.of()))).isEmpty();
            assertThat(await(here.put(List.of()))).isEmpty();
            assertThat(await(here.invalidate(List.of(), LONG))).isEmpty();
            assertThat(await(here.markers(List.of())).values()).isEmpty();
            await(here.release(List.of()));
            await(here.touch(List.of(), LONG));
        }
    }

    @Nested
    class Leases {

        @Test
        void aLeaseOfAnAbsentKeyIsGrantedOnceUntilItIsOver() {
            granted(here, "k", moment());
            assertThat(lease(there, "k")).isEqualTo(new LeaseReply.Busy());
            assertThat(lease(here, "k")).isEqualTo(new LeaseReply.Busy());
            advance(moment());
            granted(there, "k");
        }

        @Test
        void ofManyWhoAskAtOnceOneIsGranted() {
            List<Future<LeaseReply>> asked = new ArrayList<>();
            ExecutorService threads = Executors.newFixedThreadPool(8);
            try {
                for (int i = 0; i < 64; i++) {
                    FarStore store = i % 2 == 0 ? here : there;
                    asked.add(threads.submit(() -> lease(store, "k")));
                }
                assertThat(asked.stream().map(FarTierContract::joined).filter(LeaseReply.Granted.class::isInstance))
                        .hasSize(1);
            } finally {
                threads.shutdownNow();
            }
        }

        @Test
        void aLeaseDoesNotTouchTheRecord() {
            put(here, "k", draft("value"));
            FarReading before = read(here, "k");
            granted(there, "k");
            assertThat(read(here, "k")).isEqualTo(before);
        }

        @Test
        void aRecordThatWasNotThereIsReturned() {
            put(here, "k", draft("value"));
            assertThat(lease(there, "k", FarReading.ABSENT)).isEqualTo(new LeaseReply.Changed(read(here, "k")));
        }

        @Test
        void aRecordThatIsAnotherByNowIsReturned() {
            put(here, "k", draft("old"));
            FarReading old = read(here, "k");
            put(there, "k", draft("new"));
            assertThat(lease(here, "k", old)).isEqualTo(new LeaseReply.Changed(read(here, "k")));
        }

        @Test
        void aTombstoneThatIsThereByNowIsReturned() {
            put(here, "k", draft("old"));
            FarReading old = read(here, "k");
            await(there.invalidate(List.of("k"), LONG));
            LeaseReply reply = lease(here, "k", old);
            assertThat(reply).isEqualTo(new LeaseReply.Changed(read(here, "k")));
            assertThat(found(((LeaseReply.Changed) reply).current()).content().state())
                    .isEqualTo(State.TOMBSTONE);
        }

        @Test
        void thatARecordIsGoneByNowIsToldToo() {
            put(here, "k", draft("old"));
            FarReading old = read(here, "k");
            delete(CACHE, "k");
            assertThat(lease(here, "k", old)).isEqualTo(new LeaseReply.Changed(FarReading.ABSENT));
        }

        @Test
        void aChangeIsToldAlsoWhereAnotherHoldsTheLease() {
            FarReading old = FarReading.ABSENT;
            put(here, "k", draft("new"));
            granted(here, "k");
            assertThat(lease(there, "k", old)).isEqualTo(new LeaseReply.Changed(read(here, "k")));
            assertThat(lease(there, "k", read(there, "k"))).isEqualTo(new LeaseReply.Busy());
        }

        @Test
        void aJudgedHeaderIsAsGoodAsAJudgedRecord() {
            put(here, "k", draft("value"));
            assertThat(lease(here, "k", header(here, "k"))).isInstanceOf(LeaseReply.Granted.class);
        }

        @Test
        void aTombstoneMayBeLeasedByWhoSawIt() {
            await(here.invalidate(List.of("k"), LONG));
            assertThat(lease(there, "k", read(there, "k"))).isInstanceOf(LeaseReply.Granted.class);
        }

        @Test
        void aLeaseGivenBackMayBeTakenAtOnce() {
            FarLease lease = granted(here, "k");
            await(here.release(List.of(lease)));
            granted(there, "k");
        }

        @Test
        void aLeaseThatNoLongerStandsIsGivenBackWithoutEffect() {
            FarLease first = granted(here, "k");
            await(here.release(List.of(first)));
            FarLease second = granted(there, "k");

            await(here.release(List.of(first, new FarLease("never", 1))));

            assertThat(lease(here, "k")).isEqualTo(new LeaseReply.Busy());
            stored(fill(there, second, draft("value")));
        }

        @Test
        void severalLeasesAreGivenBackTogether() {
            List<FarLease> leases = List.of(granted(here, "a"), granted(here, "b"));
            await(here.release(leases));
            granted(there, "a");
            granted(there, "b");
        }
    }

    @Nested
    class Fills {

        @Test
        void aFillIsStoredOnceAndEndsItsLease() {
            FarLease lease = granted(here, "k");
            stored(fill(here, lease, draft("value")));
            assertThat(payload(read(there, "k"))).isEqualTo("value");
            assertThat(lease(there, "k", read(there, "k"))).isInstanceOf(LeaseReply.Granted.class);
            assertRefused(fill(here, lease, draft("again")));
        }

        @Test
        void aStaleRecordIsReplaced() {
            put(here, "k", draft("stale"));
            long before = found(read(here, "k")).stamp().version();
            long version = stored(fill(there, granted(there, "k"), draft("fresh")));
            assertThat(version).isGreaterThan(before);
            assertThat(payload(read(here, "k"))).isEqualTo("fresh");
        }

        @Test
        void aTombstoneIsReplacedByALoadThatBeganAfterIt() {
            await(here.invalidate(List.of("k"), LONG));
            stored(fill(there, granted(there, "k"), draft("value")));
            assertThat(payload(read(here, "k"))).isEqualTo("value");
        }

        @Test
        void anInventedLeaseIsRefused() {
            assertRefused(fill(here, new FarLease("k", 4711), draft("value")));
            granted(there, "k");
            assertRefused(fill(here, new FarLease("k", 4711), draft("value")));
            assertThat(read(here, "k")).isEqualTo(FarReading.ABSENT);
        }

        @Test
        void aTombstoneRefusesALateFill() {
            FarLease lease = granted(here, "k");
            await(there.invalidate(List.of("k"), LONG));
            assertRefused(fill(here, lease, draft("value")));
            assertThat(found(read(here, "k")).content().state()).isEqualTo(State.TOMBSTONE);
        }

        @Test
        void anInvalidateRefusesALateFillAlsoWhenItsTombstoneIsGone() {
            FarLease lease = granted(here, "k");
            await(there.invalidate(List.of("k"), moment()));
            advance(moment());
            assertRefused(fill(here, lease, draft("value")));
            assertThat(read(here, "k")).isEqualTo(FarReading.ABSENT);
        }

        @Test
        void aPutRefusesALateFill() {
            FarLease lease = granted(here, "k");
            put(there, "k", draft("put"));
            assertRefused(fill(here, lease, draft("late")));
            assertThat(payload(read(here, "k"))).isEqualTo("put");
        }

        @Test
        void aPutIfUnchangedRefusesALateFill() {
            FarLease lease = granted(here, "k");
            await(there.putIfUnchanged(new PutRequest("k", draft("put")), FarReading.ABSENT));
            assertRefused(fill(here, lease, draft("late")));
            assertThat(payload(read(here, "k"))).isEqualTo("put");
        }

        @Test
        void anExpireRefusesALateFill() {
            put(here, "k", draft("value"));
            FarLease lease = granted(here, "k");
            await(there.expire("k", 1));
            assertRefused(fill(here, lease, draft("late")));
            assertThat(payload(read(here, "k"))).isEqualTo("value");
        }

        @Test
        void anExpireOfAValueThatIsStillBeingLoadedRefusesItsFill() {
            FarLease lease = granted(here, "k");
            await(there.expire("k", 1));
            assertRefused(fill(here, lease, draft("late")));
            assertThat(read(here, "k")).isEqualTo(FarReading.ABSENT);
        }

        @Test
        void aLaterLeaseRefusesTheFillOfAnEarlierOne() {
            FarLease first = granted(here, "k", moment());
            advance(moment());
            FarLease second = granted(there, "k");
            assertRefused(fill(here, first, draft("first")));
            stored(fill(there, second, draft("second")));
            assertThat(payload(read(here, "k"))).isEqualTo("second");
        }

        @Test
        void aLeaseThatIsOverRefusesItsFill() {
            FarLease lease = granted(here, "k", moment());
            advance(moment());
            assertRefused(fill(here, lease, draft("value")));
            assertThat(read(here, "k")).isEqualTo(FarReading.ABSENT);
        }

        @Test
        void aLeaseGivenBackRefusesItsFill() {
            FarLease lease = granted(here, "k");
            await(here.release(List.of(lease)));
            assertRefused(fill(here, lease, draft("value")));
        }

        @Test
        void foreignBytesWhereNothingWasRefuseAFill() {
            FarLease lease = granted(here, "k");
            plant(CACHE, "k", "something that others wrote".getBytes(UTF_8));
            assertRefused(fill(here, lease, draft("value")));
            assertThat(read(here, "k")).isInstanceOf(Malformed.class);
        }

        @Test
        void foreignBytesInPlaceOfTheRecordRefuseAFill() {
            put(here, "k", draft("stale"));
            FarLease lease = granted(here, "k");
            plant(CACHE, "k", "x".getBytes(UTF_8));
            assertRefused(fill(here, lease, draft("value")));
            assertThat(read(here, "k")).isInstanceOf(Malformed.class);
        }

        @Test
        void aForeignDeletionOfTheRecordRefusesAFill() {
            put(here, "k", draft("stale"));
            FarLease lease = granted(here, "k");
            delete(CACHE, "k");
            assertRefused(fill(here, lease, draft("value")));
            assertThat(read(here, "k")).isEqualTo(FarReading.ABSENT);
        }

        @Test
        void aRecordThatMerelyReachedItsEndAcceptsAFill() {
            put(here, "k", draft("stale", new Lifetime(Duration.ZERO, moment().multipliedBy(3))));
            FarLease lease = granted(here, "k");
            advance(moment().multipliedBy(3));
            assertThat(read(here, "k")).isEqualTo(FarReading.ABSENT);
            stored(fill(here, lease, draft("value")));
            assertThat(payload(read(there, "k"))).isEqualTo("value");
        }

        @Test
        void aTombstoneThatMerelyReachedItsEndAcceptsAFill() {
            await(here.invalidate(List.of("k"), moment().multipliedBy(3)));
            FarLease lease = granted(here, "k");
            advance(moment().multipliedBy(3));
            stored(fill(here, lease, draft("value")));
        }

        @Test
        void aRecordThatLayIdleUntilItsEndAcceptsAFill() {
            put(here, "k", draft("stale"));
            await(here.touch(List.of("k"), moment().multipliedBy(3)));
            FarLease lease = granted(here, "k");
            advance(moment().multipliedBy(3));
            assertThat(read(here, "k")).isEqualTo(FarReading.ABSENT);
            if (tellsIdleTime()) {
                stored(fill(here, lease, draft("value")));
            } else {
                assertRefused(fill(here, lease, draft("value")));
            }
        }

        @Test
        void aRefusedFillEndsItsLease() {
            put(here, "k", draft("value", 10));
            FarLease lease = granted(here, "k");
            assertRefused(fill(here, lease, draft("older", 9)));
            granted(there, "k");
        }

        @Test
        void aFillKeepsTheSequenceOfItsDraftWhateverTheCounterIs() {
            await(here.raiseMarkers(List.of(), LONG));
            RecordDraft draft = new RecordDraft(
                    1, FarRecord.NO_SOURCE_VERSION, 42, LONG_LIFE, Attributes.NONE, Content.ofNull(null));
            stored(fill(here, granted(here, "k"), draft));
            assertThat(found(read(there, "k")).stamp().seq()).isEqualTo(42);
        }
    }

    @Nested
    class SourceVersions {

        static Stream<List<Long>> olderAndNewer() {
            return Stream.of(
                    List.of(1L, 2L),
                    List.of(-1L, 0L),
                    List.of(-2L, -1L),
                    List.of(-1L, 1L),
                    List.of((1L << 53) + 1, (1L << 53) + 2),
                    List.of(Long.MAX_VALUE - 1, Long.MAX_VALUE),
                    List.of(Long.MIN_VALUE + 1, Long.MIN_VALUE + 2),
                    List.of(Long.MIN_VALUE + 1, Long.MAX_VALUE),
                    List.of(0x0000_0001_FFFF_FFFFL, 0x0000_0002_0000_0000L),
                    List.of(0x7FFF_FFFFL, 0x8000_0000L));
        }

        @ParameterizedTest
        @MethodSource("olderAndNewer")
        void anOlderOneIsRefusedAndAnEqualOrNewerOneStored(List<Long> versions) {
            long older = versions.get(0);
            long newer = versions.get(1);
            put(here, "k", draft("newer", newer));
            FarReading before = read(here, "k");

            assertThat(put(there, "k", draft("older", older))).isEqualTo(new WriteReply.OlderSource());
            assertThat(await(there.putIfUnchanged(new PutRequest("k", draft("older", older)), before)))
                    .isEqualTo(new WriteReply.OlderSource());
            assertRefused(fill(here, granted(here, "k"), draft("older", older)));
            assertThat(read(here, "k")).isEqualTo(before);

            assertThat(put(there, "k", draft("equal", newer))).isInstanceOf(WriteReply.Stored.class);
            stored(fill(here, granted(here, "k"), draft("equal", newer)));
            put(here, "other", draft("older", older));
            stored(fill(here, granted(here, "other"), draft("newer", newer)));
        }

        @Test
        void aTombstoneKeepsThatOfTheRecordItReplaces() {
            put(here, "k", draft("value", 10));
            await(there.invalidate(List.of("k"), LONG));
            assertThat(found(read(here, "k")).stamp().sourceVersion()).isEqualTo(10);
            await(there.invalidate(List.of("k"), LONG));
            assertThat(found(read(here, "k")).stamp().sourceVersion()).isEqualTo(10);

            assertThat(put(here, "k", draft("older", 9))).isEqualTo(new WriteReply.OlderSource());
            assertRefused(fill(here, granted(here, "k"), draft("older", 9)));
            stored(fill(here, granted(here, "k"), draft("newer", 11)));
        }

        @Test
        void anExpiredRecordKeepsItsOwn() {
            put(here, "k", draft("value", 10));
            await(here.expire("k", 1));
            assertThat(put(here, "k", draft("older", 9))).isEqualTo(new WriteReply.OlderSource());
        }

        @Test
        void aLeaseRemembersThatOfARecordThatReachedItsEnd() {
            put(here, "k", draft("value", new Lifetime(Duration.ZERO, moment().multipliedBy(3)), 10));
            FarLease lease = granted(here, "k");
            advance(moment().multipliedBy(3));
            assertRefused(fill(here, lease, draft("older", 9)));
        }

        @Test
        void whereOneSideHasNoneNothingIsRefused() {
            put(here, "k", draft("with", 10));
            assertThat(put(here, "k", draft("without"))).isInstanceOf(WriteReply.Stored.class);
            assertThat(put(here, "k", draft("with", Long.MIN_VALUE + 1))).isInstanceOf(WriteReply.Stored.class);
            stored(fill(here, granted(here, "k"), draft("without")));
        }
    }

    @Nested
    class Puts {

        @Test
        void aPutAnswersTheVersionAndTheSequenceThatItStored() {
            WriteReply.Stored reply = (WriteReply.Stored) put(here, "k", draft("value"));
            FarRecord record = found(read(there, "k"));
            assertThat(record.stamp().version()).isEqualTo(reply.version());
            assertThat(record.stamp().seq()).isEqualTo(reply.seq());
        }

        @Test
        void aPutReplacesWhateverIsThereAndEndsItsLease() {
            FarLease lease = granted(here, "k");
            put(there, "k", draft("one"));
            assertThat(lease(there, "k", read(there, "k"))).isInstanceOf(LeaseReply.Granted.class);
            assertRefused(fill(here, lease, draft("late")));
            put(here, "k", draft("two"));
            assertThat(payload(read(there, "k"))).isEqualTo("two");
        }

        @Test
        void theSequenceIsTheCountersWhereThatIsHigher() {
            long counter =
                    await(here.raiseMarkers(List.of(MarkerReading.ALL), LONG)).seq();
            assertThat(((WriteReply.Stored) put(there, "k", draft("value"))).seq())
                    .isEqualTo(counter);
            RecordDraft ahead = new RecordDraft(
                    1, FarRecord.NO_SOURCE_VERSION, counter + 5, LONG_LIFE, Attributes.NONE, Content.ofNull(null));
            assertThat(((WriteReply.Stored) put(there, "k", ahead)).seq()).isEqualTo(counter + 5);
            assertThat(found(read(here, "k")).stamp().seq()).isEqualTo(counter + 5);
        }

        @Test
        void aPutIfUnchangedIsStoredWhereNothingChanged() {
            assertThat(await(here.putIfUnchanged(new PutRequest("k", draft("one")), FarReading.ABSENT)))
                    .isInstanceOf(WriteReply.Stored.class);
            assertThat(await(there.putIfUnchanged(new PutRequest("k", draft("two")), read(there, "k"))))
                    .isInstanceOf(WriteReply.Stored.class);
            await(here.invalidate(List.of("k"), LONG));
            assertThat(await(there.putIfUnchanged(new PutRequest("k", draft("three")), header(there, "k"))))
                    .isInstanceOf(WriteReply.Stored.class);
            assertThat(payload(read(here, "k"))).isEqualTo("three");
        }

        @Test
        void aPutIfUnchangedReturnsWhatIsThereInstead() {
            put(here, "k", draft("one"));
            FarReading one = read(here, "k");
            assertThat(await(there.putIfUnchanged(new PutRequest("k", draft("two")), FarReading.ABSENT)))
                    .isEqualTo(new WriteReply.Changed(one));
            put(here, "k", draft("two"));
            assertThat(await(there.putIfUnchanged(new PutRequest("k", draft("three")), one)))
                    .isEqualTo(new WriteReply.Changed(read(here, "k")));
            delete(CACHE, "k");
            assertThat(await(there.putIfUnchanged(new PutRequest("k", draft("four")), one)))
                    .isEqualTo(new WriteReply.Changed(FarReading.ABSENT));
            assertThat(read(here, "k")).isEqualTo(FarReading.ABSENT);
        }

        @Test
        void aPutIfUnchangedThatFindsAChangeLeavesTheLease() {
            put(here, "k", draft("one"));
            FarLease lease = granted(here, "k");
            await(there.putIfUnchanged(new PutRequest("k", draft("two")), FarReading.ABSENT));
            stored(fill(here, lease, draft("filled")));
        }
    }

    @Nested
    class Invalidations {

        @Test
        void anInvalidateLeavesATombstoneForItsTime() {
            put(here, "k", draft("value"));
            long before = serverMicros() / 1_000;
            WriteReply reply = await(there.invalidate(List.of("k"), moment())).get(0);

            FarRecord tombstone = found(read(here, "k"));
            assertThat(tombstone.content().state()).isEqualTo(State.TOMBSTONE);
            assertThat(tombstone.content().payload().remaining()).isZero();
            assertThat(tombstone.attributes()).isEqualTo(Attributes.NONE);
            assertThat(tombstone.stamp().version()).isEqualTo(version(reply));
            assertThat(tombstone.life().goneAt())
                    .isBetween(
                            before + moment().toMillis() - doubtMillis(),
                            serverMicros() / 1_000 + moment().toMillis() + doubtMillis());
            advance(moment());
            assertThat(read(here, "k")).isEqualTo(FarReading.ABSENT);
        }

        @Test
        void anAbsentKeyGetsATombstoneToo() {
            await(here.invalidate(List.of("k"), LONG));
            assertThat(found(read(there, "k")).content().state()).isEqualTo(State.TOMBSTONE);
            assertThat(found(read(there, "k")).stamp().sourceVersion()).isEqualTo(FarRecord.NO_SOURCE_VERSION);
        }

        @Test
        void everyTombstoneIsAChangeOfItsOwn() {
            await(here.invalidate(List.of("a", "b"), LONG));
            FarRecord first = found(read(here, "a"));
            await(here.invalidate(List.of("a"), LONG));
            FarRecord second = found(read(here, "a"));
            assertThat(second.stamp().version()).isGreaterThan(first.stamp().version());
            assertThat(second.stamp().writeId()).isNotEqualTo(first.stamp().writeId());
            assertThat(found(read(here, "b")).stamp().writeId())
                    .isNotEqualTo(first.stamp().writeId());
        }

        @Test
        void anInvalidateEndsTheLease() {
            granted(here, "k");
            await(there.invalidate(List.of("k"), LONG));
            granted(there, "k");
        }
    }

    @Nested
    class Expiries {

        @Test
        void anExpiredValueIsStaleAndStaysForItsRemainingLife() {
            put(here, "k", draft("value"));
            FarRecord before = found(read(here, "k"));

            WriteReply reply = await(there.expire("k", 4711));

            FarRecord after = found(read(here, "k"));
            assertThat(after.life().freshUntil()).isLessThanOrEqualTo(serverMicros() / 1_000);
            assertThat(after.life().goneAt()).isEqualTo(before.life().goneAt());
            assertThat(after.content()).isEqualTo(before.content());
            assertThat(after.attributes()).isEqualTo(before.attributes());
            assertThat(after.stamp().writeId()).isEqualTo(4711);
            assertThat(after.stamp().version())
                    .isGreaterThan(before.stamp().version())
                    .isEqualTo(version(reply));
            assertThat(((WriteReply.Stored) reply).seq())
                    .isEqualTo(before.stamp().seq());
        }

        @Test
        void itsPhysicalLifeIsUnchanged() {
            put(here, "k", draft("value", new Lifetime(moment(), moment())));
            await(here.expire("k", 1));
            assertThat(read(here, "k")).isInstanceOf(Found.class);
            advance(moment().multipliedBy(2));
            assertThat(read(here, "k")).isEqualTo(FarReading.ABSENT);
        }

        @Test
        void aValueThatIsStaleAlreadyKeepsItsTimesAndChangesAllTheSame() {
            put(here, "k", draft("value", new Lifetime(Duration.ZERO, LONG)));
            FarRecord before = found(read(here, "k"));
            FarLease lease = granted(here, "k");
            advance(moment());
            assertThat(await(here.expire("k", 1))).isInstanceOf(WriteReply.Stored.class);
            assertThat(found(read(here, "k")).life()).isEqualTo(before.life());
            assertRefused(fill(here, lease, draft("late")));
        }

        @Test
        void aCachedNullMayBeExpired() {
            put(here, "k", draft(Content.ofNull(null)));
            assertThat(await(here.expire("k", 1))).isInstanceOf(WriteReply.Stored.class);
        }

        @Test
        void whereThereIsNoValueNothingChanges() {
            assertThat(await(here.expire("none", 1))).isEqualTo(new WriteReply.Unchanged());
            await(here.invalidate(List.of("tombstone"), LONG));
            FarReading tombstone = read(here, "tombstone");
            assertThat(await(here.expire("tombstone", 1))).isEqualTo(new WriteReply.Unchanged());
            assertThat(read(here, "tombstone")).isEqualTo(tombstone);
            plant(CACHE, "foreign", "foreign".repeat(20).getBytes(UTF_8));
            assertThat(await(here.expire("foreign", 1))).isEqualTo(new WriteReply.Unchanged());
        }
    }

    @Nested
    class Touches {

        @Test
        void aTouchedValueEndsWhenItLayIdle() {
            put(here, "k", draft("value"));
            FarReading before = read(here, "k");
            await(here.touch(List.of("k", "none"), moment()));
            assertThat(read(here, "k")).isEqualTo(before);
            advance(moment());
            assertThat(read(here, "k")).isEqualTo(FarReading.ABSENT);
        }

        @Test
        void aValueTouchedAgainGoesOn() {
            put(here, "k", draft("value"));
            await(here.touch(List.of("k"), moment()));
            await(there.touch(List.of("k"), LONG));
            advance(moment());
            assertThat(read(here, "k")).isInstanceOf(Found.class);
        }

        @Test
        void noTouchKeepsAValuePastItsLife() {
            put(here, "k", draft("value", new Lifetime(moment(), Duration.ZERO)));
            await(here.touch(List.of("k"), LONG));
            advance(moment());
            assertThat(read(here, "k")).isEqualTo(FarReading.ABSENT);
        }

        @Test
        void aTombstoneKeepsItsTime() {
            await(here.invalidate(List.of("k"), LONG));
            await(here.touch(List.of("k"), moment()));
            advance(moment());
            assertThat(found(read(here, "k")).content().state()).isEqualTo(State.TOMBSTONE);
        }
    }

    @Nested
    class Versions {

        @Test
        void theyRiseStrictlyWithEveryChangeOnEveryNode() {
            long last = versionsAreTimes() ? serverMicros() - 1 : 0;
            for (int round = 0; round < 20; round++) {
                FarStore node = round % 2 == 0 ? here : there;
                long put = version(put(node, "k", draft("put")));
                long expired = version(await(node.expire("k", round)));
                long filled = stored(fill(node, granted(node, "k"), draft("filled")));
                long invalidated =
                        version(await(node.invalidate(List.of("k"), LONG)).get(0));
                long filledAgain = stored(fill(node, granted(node, "k"), draft("filled")));
                assertThat(List.of(last, put, expired, filled, invalidated, filledAgain))
                        .isSorted()
                        .doesNotHaveDuplicates();
                last = filledAgain;
            }
        }

        @Test
        void theyAreNeverBehindTheServersClock() {
            long before = versionsAreTimes() ? serverMicros() : 1;
            long version = version(put(here, "k", draft("value")));
            assertThat(version).isGreaterThanOrEqualTo(before);
        }

        @Test
        void theyRiseAlsoWhereTheRecordIsAheadOfTheClock() {
            long ahead = serverMicros() + TimeUnit.HOURS.toMicros(1);
            plantRecord("k", ahead);
            long planted = found(read(here, "k")).stamp().version();
            long put = version(put(here, "k", draft("value")));
            long invalidated =
                    version(await(here.invalidate(List.of("k"), LONG)).get(0));
            long filled = stored(fill(here, granted(here, "k"), draft("value")));
            assertThat(List.of(planted, put, invalidated, filled)).isSorted().doesNotHaveDuplicates();
            if (versionsAreTimes()) {
                assertThat(List.of(planted, put, invalidated, filled))
                        .containsExactly(ahead, ahead + 1, ahead + 2, ahead + 3);
            }
        }

        @Test
        void concurrentWritesGetDifferentOnes() {
            ExecutorService threads = Executors.newFixedThreadPool(4);
            try {
                List<Future<Long>> versions = new ArrayList<>();
                for (int i = 0; i < 200; i++) {
                    FarStore node = i % 2 == 0 ? here : there;
                    versions.add(threads.submit(() -> version(put(node, "k", draft("value")))));
                }
                assertThat(versions.stream().map(FarTierContract::joined)).doesNotHaveDuplicates();
            } finally {
                threads.shutdownNow();
            }
        }
    }

    @Nested
    class ForeignBytes {

        static Stream<byte[]> hostile() {
            byte[] random = new byte[300];
            ThreadLocalRandom.current().nextBytes(random);
            random[0] = 'X';
            byte[] huge = new byte[80];
            Arrays.fill(huge, (byte) 0xFF);
            huge[0] = 'T';
            huge[1] = 'R';
            huge[2] = 1;
            byte[] otherFormat = new byte[80];
            otherFormat[0] = 'T';
            otherFormat[1] = 'R';
            otherFormat[2] = 9;
            byte[] truncated = new byte[60];
            truncated[0] = 'T';
            truncated[1] = 'R';
            truncated[2] = 1;
            return Stream.of(
                    "x".getBytes(UTF_8),
                    "TR".getBytes(UTF_8),
                    "12345".getBytes(UTF_8),
                    "{\"json\": true}".getBytes(UTF_8),
                    new byte[1_000],
                    random,
                    huge,
                    otherFormat,
                    truncated);
        }

        @ParameterizedTest
        @MethodSource("hostile")
        void theyAreMalformedAndOverwrittenByTheNextFill(byte[] bytes) {
            plant(CACHE, "k", bytes);
            FarReading reading = read(here, "k");
            assertThat(reading).isInstanceOf(Malformed.class);

            FarLease lease = granted(here, "k");
            assertThat(lease(there, "k", read(there, "k"))).isEqualTo(new LeaseReply.Busy());
            stored(fill(here, lease, draft("value")));

            assertThat(payload(read(there, "k"))).isEqualTo("value");
        }

        @ParameterizedTest
        @MethodSource("hostile")
        void theyAreOverwrittenByAPutAndByAnInvalidate(byte[] bytes) {
            plant(CACHE, "a", bytes);
            plant(CACHE, "b", bytes);
            plant(CACHE, "c", bytes);
            assertThat(put(here, "a", draft("value", 5))).isInstanceOf(WriteReply.Stored.class);
            assertThat(await(here.invalidate(List.of("b"), LONG)).get(0)).isInstanceOf(WriteReply.Stored.class);
            assertThat(await(here.putIfUnchanged(new PutRequest("c", draft("value")), read(here, "c"))))
                    .isInstanceOf(WriteReply.Stored.class);
            assertThat(payload(read(there, "a"))).isEqualTo("value");
            assertThat(found(read(there, "b")).content().state()).isEqualTo(State.TOMBSTONE);
            assertThat(payload(read(there, "c"))).isEqualTo("value");
            long now = serverMicros();
            if (versionsAreTimes()) {
                assertThat(found(read(there, "a")).stamp().version()).isBetween(now - 60_000_000, now);
            }
        }

        @Test
        void aFillIsRefusedWhereTheyChangedSinceTheyWereJudged() {
            plant(CACHE, "k", "first bytes".getBytes(UTF_8));
            FarLease lease = granted(here, "k");
            plant(CACHE, "k", "other bytes".getBytes(UTF_8));
            assertRefused(fill(here, lease, draft("value")));
        }

        @Test
        void theyAreMalformedInBulkToo() {
            plant(CACHE, "a", "foreign".getBytes(UTF_8));
            put(here, "b", draft("value"));
            List<FarReading> readings = await(here.read(List.of("a", "b")));
            assertThat(readings.get(0)).isInstanceOf(Malformed.class);
            assertThat(payload(readings.get(1))).isEqualTo("value");
            assertThat(await(here.readHeaders(List.of("a"))).get(0)).isInstanceOf(Malformed.class);
        }

        @Test
        void aTouchLeavesThemAlone() {
            plant(CACHE, "k", "foreign".repeat(20).getBytes(UTF_8));
            await(here.touch(List.of("k"), moment()));
            advance(moment());
            assertThat(read(here, "k")).isInstanceOf(Malformed.class);
        }
    }

    @Nested
    class MarkersAndCounter {

        @Test
        void whatNobodyCreatedIsMissingAndReadingCreatesNothing() {
            assertThat(await(here.markers(List.of("a", MarkerReading.ALL)))).isEqualTo(new MarkerReading(Map.of(), 0));
            assertThat(await(there.markers(List.of("a", MarkerReading.ALL)))).isEqualTo(new MarkerReading(Map.of(), 0));
        }

        @Test
        void whatIsMissingIsCreatedTogetherWithTheCounter() {
            long before = serverMicros();
            MarkerReading created = await(here.ensureMarkers(List.of("a", MarkerReading.ALL), LONG));
            assertThat(created.seq()).isBetween(before, serverMicros() + doubtMicros());
            assertThat(created.values()).isEqualTo(Map.of("a", created.seq(), MarkerReading.ALL, created.seq()));
            assertThat(await(there.markers(List.of("a", MarkerReading.ALL)))).isEqualTo(created);
        }

        @Test
        void aMarkerCreatedLaterGetsTheCountersValueAndOthersKeepTheirs() {
            long seq = await(here.ensureMarkers(List.of("a"), LONG)).seq();
            advance(moment());
            MarkerReading later = await(there.ensureMarkers(List.of("a", "b"), LONG));
            assertThat(later).isEqualTo(new MarkerReading(Map.of("a", seq, "b", seq), seq));
        }

        @Test
        void aRaisedMarkerIsAheadOfAllThatWasBeforeAndOthersStay() {
            long first = await(here.ensureMarkers(List.of("a", "b"), LONG)).seq();
            MarkerReading raised = await(there.raiseMarkers(List.of("a"), LONG));
            assertThat(raised.seq()).isGreaterThan(first);
            assertThat(raised.values()).isEqualTo(Map.of("a", raised.seq()));
            assertThat(await(here.markers(List.of("a", "b"))))
                    .isEqualTo(new MarkerReading(Map.of("a", raised.seq(), "b", first), raised.seq()));
            assertThat(await(here.ensureMarkers(List.of("c"), LONG)).values()).isEqualTo(Map.of("c", raised.seq()));
        }

        @Test
        void aMissingMarkerMayBeRaised() {
            long before = serverMicros();
            MarkerReading raised = await(here.raiseMarkers(List.of("a", MarkerReading.ALL), LONG));
            assertThat(raised.seq()).isGreaterThanOrEqualTo(before);
            assertThat(raised.values()).isEqualTo(Map.of("a", raised.seq(), MarkerReading.ALL, raised.seq()));
        }

        @Test
        void theCounterRisesStrictlyOnEveryNode() {
            List<Long> raised = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                raised.add(await((i % 2 == 0 ? here : there).raiseMarkers(List.of("t" + i % 3), LONG))
                        .seq());
            }
            assertThat(raised).isSorted().doesNotHaveDuplicates();
        }

        @Test
        void concurrentRaisesGetDifferentValues() {
            ExecutorService threads = Executors.newFixedThreadPool(4);
            try {
                List<Future<Long>> raised = new ArrayList<>();
                for (int i = 0; i < 200; i++) {
                    FarStore node = i % 2 == 0 ? here : there;
                    raised.add(threads.submit(
                            () -> await(node.raiseMarkers(List.of("a"), LONG)).seq()));
                }
                assertThat(raised.stream().map(FarTierContract::joined)).doesNotHaveDuplicates();
            } finally {
                threads.shutdownNow();
            }
        }

        @Test
        void theyLiveAtLeastAsLongAsTheLongestThatWasAskedFor() {
            await(here.ensureMarkers(List.of("a", "b", "c"), moment()));
            await(here.ensureMarkers(List.of("a"), LONG));
            await(here.raiseMarkers(List.of("b"), LONG));
            await(here.raiseMarkers(List.of("a"), moment()));
            advance(moment().multipliedBy(2));
            assertThat(await(here.markers(List.of("a", "b"))).values()).containsOnlyKeys("a", "b");
        }

        @Test
        void anyTextIsATag() {
            List<String> tags = List.of("größe", "a b", "{x}", "%7B", "a:b", "t:*", "\u0000\n", "\uD83D\uDE00", "**");
            MarkerReading created = await(here.ensureMarkers(tags, LONG));
            assertThat(created.values()).containsOnlyKeys(tags);
            MarkerReading raised = await(there.raiseMarkers(List.of("{x}"), LONG));
            assertThat(await(here.markers(tags)).values())
                    .containsEntry("{x}", raised.seq())
                    .containsEntry("%7B", created.seq())
                    .containsEntry("t:*", created.seq());
        }

        @Test
        void hundredsOfThemMayBeNamedAtOnce() {
            List<String> tags = IntStream.range(0, 300).mapToObj(i -> "tag" + i).toList();
            assertThat(await(here.ensureMarkers(tags, LONG)).values()).containsOnlyKeys(tags);
            assertThat(await(here.markers(tags)).values()).containsOnlyKeys(tags);
            long seq = await(here.raiseMarkers(tags, LONG)).seq();
            assertThat(await(there.markers(tags)).values().values()).containsOnly(seq);
        }
    }

    @Nested
    class Deadlines {

        @Test
        void whatReachesTheServerAfterTheBudgetIsNotApplied() {
            FarStore hasty = open(newTier(), CACHE + "-late", Duration.ofMillis(100));
            await(hasty.ping());
            FarStore patient = open(newTier(), CACHE + "-late");
            await(patient.put(List.of(new PutRequest("put", draft("old")), new PutRequest("expired", draft("old")))));
            FarLease lease = granted(hasty, "filled");
            long seq = await(hasty.ensureMarkers(List.of("a"), LONG)).seq();
            FarReading before = read(hasty, "put");

            freeze();
            CompletionStage<List<WriteReply>> put = hasty.put(List.of(new PutRequest("put", draft("new"))));
            CompletionStage<WriteReply> conditional = hasty.putIfUnchanged(new PutRequest("put", draft("new")), before);
            CompletionStage<List<WriteReply>> invalidated = hasty.invalidate(List.of("put", "none"), LONG);
            CompletionStage<WriteReply> expired = hasty.expire("expired", 1);
            CompletionStage<List<FillReply>> filled = hasty.fill(List.of(new FillRequest(lease, draft("new"))));
            CompletionStage<List<LeaseReply>> leased =
                    hasty.lease(List.of(new LeaseRequest("leased", FarReading.ABSENT)), LONG);
            CompletionStage<MarkerReading> raised = hasty.raiseMarkers(List.of("a"), LONG);
            CompletionStage<MarkerReading> ensured = hasty.ensureMarkers(List.of("b"), LONG);
            CompletionStage<Void> touched = hasty.touch(List.of("expired"), moment());
            advance(Duration.ofMillis(300));
            thaw();

            assertThat(await(put)).containsExactly(new WriteReply.Late());
            assertThat(await(conditional)).isEqualTo(new WriteReply.Late());
            assertThat(await(invalidated)).containsExactly(new WriteReply.Late(), new WriteReply.Late());
            assertThat(await(expired)).isEqualTo(new WriteReply.Late());
            assertThat(await(filled)).containsExactly(new FillReply.Refused());
            assertThat(failure(leased)).isNotNull();
            assertThat(failure(raised)).isNotNull();
            assertThat(failure(ensured)).isNotNull();
            assertThat(failure(touched)).isNotNull();

            advance(moment());
            assertThat(read(patient, "put")).isEqualTo(before);
            assertThat(read(patient, "none")).isEqualTo(FarReading.ABSENT);
            assertThat(read(patient, "filled")).isEqualTo(FarReading.ABSENT);
            assertThat(found(read(patient, "expired")).stamp().writeId()).isNotEqualTo(1);
            assertThat(await(patient.markers(List.of("a", "b")))).isEqualTo(new MarkerReading(Map.of("a", seq), seq));
            granted(patient, "leased");
        }

        @Test
        void whatIsMerelySlowIsApplied() {
            FarStore patient = open(newTier(), CACHE + "-slow");
            await(patient.ping());
            freeze();
            CompletionStage<List<WriteReply>> put = patient.put(List.of(new PutRequest("k", draft("value"))));
            advance(Duration.ofMillis(100));
            thaw();
            assertThat(await(put).get(0)).isInstanceOf(WriteReply.Stored.class);
        }

        @Test
        void aSlowAnswerToTheClocksQuestionGivesLateWritesNoMoreTime() {
            FarStore hasty = open(newTier(), CACHE + "-clock", Duration.ofMillis(100));
            await(hasty.ping());
            freeze();
            CompletionStage<Void> slow = hasty.ping();
            advance(Duration.ofMillis(500));
            thaw();
            await(slow);

            freeze();
            CompletionStage<List<WriteReply>> put = hasty.put(List.of(new PutRequest("k", draft("value"))));
            advance(Duration.ofMillis(300));
            thaw();
            assertThat(await(put)).containsExactly(new WriteReply.Late());
        }
    }

    @Nested
    class Clock {

        @Test
        void everyReplyImpliesThatItIsKnown() {
            await(here.read(List.of("k")));
            assertThat(here.clock().millis()).isNotEqualTo(Long.MIN_VALUE);
        }

        @Test
        void itIsTheServers() {
            await(here.ping());
            long before = serverMicros() / 1_000;
            long told = here.clock().millis();
            long after = serverMicros() / 1_000;
            assertThat(told).isBetween(before - 5 - doubtMillis(), after + 1_000 + doubtMillis());
        }

        @Test
        void itGoesOnByItself() {
            await(here.ping());
            long before = here.clock().millis();
            advance(moment());
            assertThat(here.clock().millis() - before)
                    .isBetween(moment().toMillis() - 5 - doubtMillis(), moment().toMillis() + 10_000);
        }
    }

    @Nested
    class Names {

        @Test
        void aNameIsOpenOnceInATier() {
            FarTier tier = keep(newTier());
            FarStore first = tier.open("name", AMPLE_BUDGET);
            assertThatIllegalStateException()
                    .isThrownBy(() -> tier.open("name", AMPLE_BUDGET))
                    .withMessageContaining("name");
            assertThat(tier.open("name2", AMPLE_BUDGET)).isNotNull();
            first.close();
            FarStore again = tier.open("name", AMPLE_BUDGET);
            first.close();
            assertThatIllegalStateException().isThrownBy(() -> tier.open("name", AMPLE_BUDGET));
            await(again.ping());
        }

        @Test
        void closingDeletesNothing() {
            put(here, "k", draft("value"));
            here.close();
            assertThat(payload(read(there, "k"))).isEqualTo("value");
        }

        @Test
        void aClosedStoreFailsInItsStages() {
            FarLease lease = granted(here, "k");
            here.close();
            assertEverythingFails(here, lease);
        }

        @Test
        void aClosedTierOpensNothingAndItsStoresFailInTheirStages() {
            FarTier tier = keep(newTier());
            FarStore store = open(tier, "closing");
            await(store.ping());
            tier.close();
            tier.close();
            assertThatIllegalStateException().isThrownBy(() -> tier.open("other", AMPLE_BUDGET));
            assertEverythingFails(store, new FarLease("k", 1));
        }

        private void assertEverythingFails(FarStore store, FarLease lease) {
            List<CompletionStage<?>> stages = List.of(
                    store.ping(),
                    store.read(List.of("k")),
                    store.readHeaders(List.of("k")),
                    store.lease(List.of(new LeaseRequest("k", FarReading.ABSENT)), LONG),
                    store.fill(List.of(new FillRequest(lease, draft("value")))),
                    store.release(List.of(lease)),
                    store.put(List.of(new PutRequest("k", draft("value")))),
                    store.putIfUnchanged(new PutRequest("k", draft("value")), FarReading.ABSENT),
                    store.invalidate(List.of("k"), LONG),
                    store.expire("k", 1),
                    store.touch(List.of("k"), LONG),
                    store.markers(List.of("a")),
                    store.ensureMarkers(List.of("a"), LONG),
                    store.raiseMarkers(List.of("a"), LONG));
            assertThat(stages).allSatisfy(stage -> assertThat(failure(stage)).isNotNull());
        }

        @Test
        void aDraftThatCannotBeWrittenFailsInItsStage() {
            RecordDraft impossible = draft(new Content(State.NULL, 0, null, ByteBuffer.wrap(new byte[] {1})));
            FarLease lease = granted(here, "k");
            assertThat(failure(here.put(List.of(new PutRequest("k", impossible)))))
                    .isNotNull();
            assertThat(failure(here.putIfUnchanged(new PutRequest("k", impossible), FarReading.ABSENT)))
                    .isNotNull();
            assertThat(failure(here.fill(List.of(new FillRequest(lease, impossible)))))
                    .isNotNull();
        }
    }

    private FarStore newNode() {
        return open(newTier(), CACHE);
    }

    private FarTier keep(FarTier tier) {
        tiers.add(tier);
        return tier;
    }

    private FarStore open(FarTier tier, String cache) {
        return open(tier, cache, AMPLE_BUDGET);
    }

    private FarStore open(FarTier tier, String cache, Duration budget) {
        return keep(tier).open(cache, budget);
    }

    /** Puts a whole record under a key, past the tier. */
    private void plantRecord(String key, long version) {
        long later = serverMicros() / 1_000 + LONG.toMillis();
        plant(
                CACHE,
                key,
                RecordBytes.encode(new FarRecord(
                        new FarRecord.Stamp(version, 1, FarRecord.NO_SOURCE_VERSION, 0),
                        new FarRecord.Life(later, later),
                        Attributes.NONE,
                        Content.ofNull(null))));
    }

    /** A lease of whatever is there now. */
    private static FarLease granted(FarStore store, String key) {
        return granted(store, key, LONG);
    }

    private static FarLease granted(FarStore store, String key, Duration time) {
        LeaseReply reply = await(store.lease(List.of(new LeaseRequest(key, read(store, key))), time))
                .get(0);
        assertThat(reply).isInstanceOf(LeaseReply.Granted.class);
        return ((LeaseReply.Granted) reply).lease();
    }

    private static LeaseReply lease(FarStore store, String key) {
        return lease(store, key, read(store, key));
    }

    private static LeaseReply lease(FarStore store, String key, FarReading judged) {
        return await(store.lease(List.of(new LeaseRequest(key, judged)), LONG)).get(0);
    }

    private static FillReply fill(FarStore store, FarLease lease, RecordDraft draft) {
        return await(store.fill(List.of(new FillRequest(lease, draft)))).get(0);
    }

    private static WriteReply put(FarStore store, String key, RecordDraft draft) {
        return await(store.put(List.of(new PutRequest(key, draft)))).get(0);
    }

    private static FarReading read(FarStore store, String key) {
        return await(store.read(List.of(key))).get(0);
    }

    private static FarReading header(FarStore store, String key) {
        return await(store.readHeaders(List.of(key))).get(0);
    }

    private static FarRecord found(FarReading reading) {
        assertThat(reading).isInstanceOf(Found.class);
        return ((Found) reading).record();
    }

    private static String payload(FarReading reading) {
        return UTF_8.decode(found(reading).content().payload().duplicate()).toString();
    }

    private static long stored(FillReply reply) {
        assertThat(reply).isInstanceOf(FillReply.Stored.class);
        return ((FillReply.Stored) reply).version();
    }

    private static long version(WriteReply reply) {
        assertThat(reply).isInstanceOf(WriteReply.Stored.class);
        return ((WriteReply.Stored) reply).version();
    }

    private static void assertRefused(FillReply reply) {
        assertThat(reply).isEqualTo(new FillReply.Refused());
    }

    private static RecordDraft draft(String value) {
        return draft(value, FarRecord.NO_SOURCE_VERSION);
    }

    private static RecordDraft draft(String value, long sourceVersion) {
        return draft(value, LONG_LIFE, sourceVersion);
    }

    private static RecordDraft draft(String value, Lifetime lifetime) {
        return draft(value, lifetime, FarRecord.NO_SOURCE_VERSION);
    }

    private static RecordDraft draft(String value, Lifetime lifetime, long sourceVersion) {
        Content content = new Content(State.VALUE, 1, null, ByteBuffer.wrap(value.getBytes(UTF_8)));
        return new RecordDraft(
                ThreadLocalRandom.current().nextLong(), sourceVersion, 0, lifetime, Attributes.NONE, content);
    }

    private static RecordDraft draft(Content content) {
        return new RecordDraft(
                ThreadLocalRandom.current().nextLong(),
                FarRecord.NO_SOURCE_VERSION,
                0,
                LONG_LIFE,
                Attributes.NONE,
                content);
    }

    private static <T> T await(CompletionStage<T> stage) {
        return joined(stage.toCompletableFuture());
    }

    private static <T> T joined(Future<T> future) {
        try {
            return future.get(ANSWER_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static Throwable failure(CompletionStage<?> stage) {
        try {
            Object reply = stage.toCompletableFuture().get(ANSWER_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
            throw new AssertionError("answered " + reply);
        } catch (ExecutionException e) {
            return e;
        } catch (TimeoutException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }
}
