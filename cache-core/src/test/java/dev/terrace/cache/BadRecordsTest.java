package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.codec.Codec;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.spi.FarRecord;
import dev.terrace.cache.spi.FarStore;
import dev.terrace.cache.spi.RecordDraft;
import dev.terrace.cache.testkit.InMemoryFarTier;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** G9: what cannot be understood in the far tier is a counted miss that the next load overwrites. */
final class BadRecordsTest {

    private static final String LONG_KEY = "k".repeat(300);

    private final Fleet fleet = new Fleet();

    @AfterEach
    void close() {
        fleet.close();
    }

    private static final class Shouting implements Codec<String> {
        @Override
        public String id() {
            return "shouting";
        }

        @Override
        public byte[] encode(String value) {
            return value.toUpperCase(Locale.ROOT).getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public String decode(ByteBuffer bytes) {
            throw new StackOverflowError();
        }
    }

    @Test
    void bytesThatAreNoRecordAreACountedMissAndOverwritten() {
        Fleet.Node node = fleet.node();
        fleet.server.plant(Fleet.CACHE, "1", "nonsense".getBytes(StandardCharsets.UTF_8));
        fleet.rows.put(1, "a");

        assertThat(node.read(1)).isEqualTo("a");
        assertThat(node.cache.stats().failures()).containsKey(FailureKind.DECODE);
        assertThat(fleet.node().read(1)).isEqualTo("a");
    }

    @Test
    void anotherCodecsRecordIsNotEvenDecoded() {
        fleet.node().cache.put(1, "theirs");
        Fleet.Node node = fleet.node(
                builder -> builder.far(new InMemoryFarTier(fleet.server, fleet.time::nanos), new Shouting()));
        fleet.rows.put(1, "a");

        assertThat(node.read(1)).isEqualTo("a");
        assertThat(node.cache.stats().failures()).containsEntry(FailureKind.DECODE, 1L);
    }

    @Test
    void aCodecThatFailsInAnyWayMakesAMiss() {
        Fleet.Node writer = fleet.node(
                builder -> builder.far(new InMemoryFarTier(fleet.server, fleet.time::nanos), new Shouting()));
        Fleet.Node reader = fleet.node(
                builder -> builder.far(new InMemoryFarTier(fleet.server, fleet.time::nanos), new Shouting()));
        writer.cache.put(1, "theirs");
        fleet.rows.put(1, "a");

        assertThat(reader.read(1)).isEqualTo("a");
        assertThat(reader.cache.stats().failures()).containsEntry(FailureKind.DECODE, 1L);
    }

    @Test
    void aRecordOfAnotherKeyWithTheSameHashIsAMiss() {
        InMemoryFarTier tier = new InMemoryFarTier(fleet.server, fleet.time::nanos);
        CacheBuilder<String, String> builder = Cache.<String, String>builder(Fleet.CACHE)
                .far(tier, StringCodec.utf8())
                .freshFor(Duration.ofMinutes(1))
                .loader(key -> "loaded");
        builder.parts().ticker = fleet.time;
        builder.parts().scheduler = fleet.time;
        builder.parts().callbacks = Runnable::run;
        builder.parts().loads = load -> {
            load.run();
            return () -> {};
        };
        try (Cache<String, String> cache = builder.build()) {
            cache.put(LONG_KEY, "mine");
            assertThat(cache.getIfPresent(LONG_KEY)).isEqualTo("mine");
            plantOfAnotherKey();

            assertThat(cache.getIfPresent(LONG_KEY)).isNull();
            assertThat(cache.stats().failures()).containsEntry(FailureKind.DECODE, 1L);
            assertThat(cache.get(LONG_KEY)).isEqualTo("loaded");
        }
    }

    private void plantOfAnotherKey() {
        FarStore store = fleet.stranger();
        RecordDraft draft = new RecordDraft(
                7,
                FarRecord.NO_SOURCE_VERSION,
                0,
                new RecordDraft.Lifetime(Duration.ofHours(1), Duration.ZERO),
                FarRecord.Attributes.NONE,
                new FarRecord.Content(
                        FarRecord.State.VALUE,
                        Fingerprint.of(StringCodec.utf8()),
                        "k".repeat(299) + "x",
                        ByteBuffer.wrap("theirs".getBytes(StandardCharsets.UTF_8))));
        store.put(List.of(new FarStore.PutRequest(FarKeys.of(LONG_KEY).text(), draft)));
    }

    @Test
    void aValueOverTheLimitStaysOutOfTheFarTierAndTakesAwayWhatItReplaces() {
        Fleet.Node node = fleet.node(builder -> builder.maxValueBytes(100).staleFor(Duration.ofHours(1)));
        node.cache.put(1, "small");
        fleet.time.advance(Fleet.FRESH);
        fleet.rows.put(1, "x".repeat(101));
        node.read(1);

        assertThat(node.cache.stats().failures()).containsEntry(FailureKind.ENCODE, 1L);
        Fleet.Node other = fleet.node();
        assertThat(other.cache.getIfPresent(1)).isNull();
        assertThat(node.async().put(1, "x".repeat(101))).isCompletedExceptionally();
    }
}
