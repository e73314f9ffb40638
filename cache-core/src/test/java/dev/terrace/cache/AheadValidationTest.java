package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.terrace.cache.codec.KeyCodec;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.testkit.FaultyFarTier;
import dev.terrace.cache.testkit.FaultyFarTier.Call;
import dev.terrace.cache.testkit.FaultyFarTier.Fault;
import dev.terrace.cache.testkit.InMemoryFarTier;
import dev.terrace.cache.testkit.InMemoryServer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Near copies that are being read are compared with the far tier before anybody has to wait for it. In manual time. */
final class AheadValidationTest {

    private static final Duration TRUST = Duration.ofSeconds(3);
    private static final Duration UNTIL_LAST_THIRD = Duration.ofMillis(2_100);
    private static final Duration GATHERING = Duration.ofMillis(10);

    private final ManualTime time = new ManualTime();
    private final InMemoryServer server = new InMemoryServer(() -> 1_700_000_000_000_000L + time.nanos() / 1_000);
    private final FaultyFarTier far = FaultyFarTier.around(new InMemoryFarTier(server, time::nanos));
    private final FaultyFarTier elsewhereFar = FaultyFarTier.around(new InMemoryFarTier(server, time::nanos));
    private final Cache<Integer, String> cache = node(far);
    private final Cache<Integer, String> elsewhere = node(elsewhereFar);

    private Cache<Integer, String> node(FaultyFarTier tier) {
        return node(tier, String::valueOf);
    }

    private Cache<Integer, String> node(FaultyFarTier tier, KeyCodec<Integer> keys) {
        CacheBuilder<Integer, String> builder = Cache.<Integer, String>builder("test")
                .near(Near.maximumSize(100_000))
                .far(tier, StringCodec.utf8())
                .keyCodec(keys)
                .maxStaleness(TRUST)
                .freshFor(Duration.ofHours(1));
        builder.parts().ticker = time;
        builder.parts().scheduler = time;
        builder.parts().stripes = 1 << 16;
        return builder.build();
    }

    @AfterEach
    void close() {
        cache.close();
        elsewhere.close();
    }

    private CacheStats.NearStats near() {
        return cache.stats().near();
    }

    private void compareAhead() {
        time.advance(GATHERING);
    }

    @Test
    void aCopyThatIsReadIsComparedBeforeItsTrustEndsSoThatNobodyWaits() {
        cache.put(1, "value");
        for (int i = 0; i < 50; i++) {
            time.advance(Duration.ofMillis(250));
            assertThat(cache.getIfPresent(1)).isEqualTo("value");
        }
        assertThat(near().misses()).isZero();
        assertThat(far.count(Call.READ)).isZero();
        assertThat(near().validations()).isBetween(5L, 6L);
    }

    @Test
    void aCopyThatNobodyReadsIsNotCompared() {
        cache.put(1, "value");
        cache.put(2, "value");
        time.advance(UNTIL_LAST_THIRD);
        cache.getIfPresent(2);
        time.advance(TRUST.multipliedBy(3));
        assertThat(near().validations()).isOne();
    }

    @Test
    void aHitBeforeTheLastThirdComparesNothing() {
        cache.put(1, "value");
        time.advance(Duration.ofMillis(1_900));
        cache.getIfPresent(1);
        compareAhead();
        assertThat(near().validations()).isZero();
    }

    @Test
    void oneKeyIsAskedForOnceHoweverOftenItIsRead() {
        cache.put(1, "value");
        time.advance(UNTIL_LAST_THIRD);
        far.always(Call.READ_HEADERS, Fault.fail());
        for (int i = 0; i < 20; i++) {
            cache.getIfPresent(1);
            compareAhead();
        }
        assertThat(near().validations()).isOne();
        assertThat(near().misses()).isZero();
    }

    @Test
    void manyKeysAreComparedTogetherOneBatchAtATime() {
        int keys = Defaults.VALIDATIONS_AT_ONCE * 2 + 1;
        IntStream.range(0, keys).forEach(key -> cache.put(key, "value"));
        time.advance(UNTIL_LAST_THIRD);
        FaultyFarTier.Gate gate = new FaultyFarTier.Gate();
        far.next(Call.READ_HEADERS, Fault.delayReply(gate));
        IntStream.range(0, keys).forEach(cache::getIfPresent);
        compareAhead();
        compareAhead();
        assertThat(far.count(Call.READ_HEADERS)).isOne();
        gate.open();
        compareAhead();
        assertThat(far.count(Call.READ_HEADERS)).isEqualTo(3);
        assertThat(near().validations()).isEqualTo(keys);
        time.advance(Duration.ofMillis(1_500));
        IntStream.range(0, keys)
                .forEach(key -> assertThat(cache.getIfPresent(key)).isEqualTo("value"));
        assertThat(near().misses()).isZero();
    }

    @Test
    void whatHasNoRoomIsComparedByItsReader() {
        int keys = Defaults.VALIDATIONS_WAITING + 500;
        IntStream.range(0, keys).forEach(key -> cache.put(key, "value"));
        time.advance(UNTIL_LAST_THIRD);
        IntStream.range(0, keys).forEach(cache::getIfPresent);
        compareAhead();
        assertThat(near().validations()).isEqualTo(Defaults.VALIDATIONS_WAITING);
        time.advance(Duration.ofMillis(1_500));
        IntStream.range(0, keys)
                .forEach(key -> assertThat(cache.getIfPresent(key)).isEqualTo("value"));
        assertThat(near().misses()).isEqualTo(500);
        assertThat(near().validations()).isEqualTo(keys);
    }

    @Test
    void aChangeByAnotherNodeIsFetchedAhead() {
        cache.put(1, "old");
        time.advance(UNTIL_LAST_THIRD);
        elsewhere.put(1, "new");
        assertThat(cache.getIfPresent(1)).isEqualTo("old");
        compareAhead();
        assertThat(cache.getIfPresent(1)).isEqualTo("new");
        assertThat(near().misses()).isZero();
    }

    @Test
    void aCopyWhoseRecordWasInvalidatedGoesAhead() {
        cache.put(1, "old");
        time.advance(UNTIL_LAST_THIRD);
        elsewhere.invalidate(1);
        cache.getIfPresent(1);
        compareAhead();
        assertThat(near().size()).isZero();
        assertThat(cache.getIfPresent(1)).isNull();
    }

    @Test
    void aComparisonThatIsAnsweredAfterAnOwnWriteChangesNothing() {
        cache.put(1, "old");
        time.advance(UNTIL_LAST_THIRD);
        FaultyFarTier.Gate gate = new FaultyFarTier.Gate();
        far.next(Call.READ_HEADERS, Fault.delayReply(gate));
        cache.getIfPresent(1);
        compareAhead();
        assertThat(gate.waiting()).isOne();
        cache.put(1, "new");
        gate.open();
        assertThat(cache.getIfPresent(1)).isEqualTo("new");
        cache.invalidate(1);
        assertThat(cache.getIfPresent(1)).isNull();
    }

    /** It would be right still, for as long as its trust lasts; but a reader has seen what is newer. */
    @Test
    void aComparisonThatIsAnsweredAfterAReaderHasSeenSomethingNewerChangesNothing() {
        cache.put(1, "old");
        time.advance(UNTIL_LAST_THIRD);
        FaultyFarTier.Gate gate = new FaultyFarTier.Gate();
        far.next(Call.READ_HEADERS, Fault.delayReply(gate));
        cache.getIfPresent(1);
        compareAhead();
        elsewhere.put(1, "new");
        // The budget of a call that hangs would end it here, so that the reader comes at once.
        engine(cache).tiers().removeNear(1);
        assertThat(cache.getIfPresent(1)).isEqualTo("new");
        gate.open();
        assertThat(cache.getIfPresent(1)).isEqualTo("new");
    }

    @Test
    void aBatchThatCannotBeBuiltLeavesNothingUnderWay() {
        AtomicBoolean broken = new AtomicBoolean();
        Cache<Integer, String> own = node(FaultyFarTier.around(new InMemoryFarTier(server, time::nanos)), key -> {
            if (broken.get() && key == 2) {
                throw new IllegalStateException("no text for this key");
            }
            return String.valueOf(key);
        });
        own.put(1, "value");
        own.put(2, "value");
        time.advance(UNTIL_LAST_THIRD);
        own.getIfPresent(1);
        own.getIfPresent(2);
        broken.set(true);

        assertThatIllegalStateException().isThrownBy(this::compareAhead).withMessage("no text for this key");

        Flights<Integer, String> flights = engine(own).flights();
        assertThat(flights.size()).isZero();
        broken.set(false);
        time.advance(TRUST);
        assertThat(own.getIfPresent(1)).isEqualTo("value");
        time.advance(UNTIL_LAST_THIRD);
        own.getIfPresent(1);
        compareAhead();
        assertThat(own.stats().near().validations())
                .as("by its reader, then ahead")
                .isEqualTo(2);
        own.close();
    }

    private static Engine<Integer, String> engine(Cache<Integer, String> of) {
        return ((TieredCache<Integer, String>) of).assembly().engine();
    }

    @Test
    void aComparisonThatFailsIsLeftToTheReader() {
        cache.put(1, "value");
        time.advance(UNTIL_LAST_THIRD);
        far.next(Call.READ_HEADERS, Fault.fail());
        cache.getIfPresent(1);
        compareAhead();
        time.advance(TRUST);
        assertThat(cache.getIfPresent(1)).isEqualTo("value");
        assertThat(near().misses()).isOne();
        assertThat(near().validations()).isEqualTo(2);
    }
}
