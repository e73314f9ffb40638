package dev.terrace.cache.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.terrace.cache.spi.FarRecord.Attributes;
import dev.terrace.cache.spi.FarRecord.Content;
import dev.terrace.cache.spi.FarRecord.Life;
import dev.terrace.cache.spi.FarRecord.Stamp;
import dev.terrace.cache.spi.FarRecord.State;
import dev.terrace.cache.testkit.Golden;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class RecordBytesTest {

    private static final long VERSION = 0x00062d6d1a4b5c00L;
    private static final long WRITE_ID = 0x0123456789abcdefL;
    private static final FarRecord EVERYTHING = new FarRecord(
            new Stamp(VERSION, WRITE_ID, 42, VERSION - 1),
            new Life(0x0194bf930a00L, 0x0194bf99eec0L),
            new Attributes(1234, List.of("shop:7", "grüne"), "W/\"ab\""),
            new Content(State.VALUE, 0xfedcba9876543210L, "key:🎻€", payload("hello")));
    private static final FarRecord PLAIN = new FarRecord(
            new Stamp(0, Long.MIN_VALUE + 1, FarRecord.NO_SOURCE_VERSION, 7),
            new Life(0, 0),
            Attributes.NONE,
            new Content(State.VALUE, 1, null, ByteBuffer.wrap(new byte[] {0, 1, 2})));
    private static final FarRecord NULL = new FarRecord(
            new Stamp(VERSION, WRITE_ID, FarRecord.NO_SOURCE_VERSION, VERSION - 1),
            new Life(0x0194bf930a00L, 0x0194bf930a00L),
            new Attributes(0, List.of("a*b"), ""),
            Content.ofNull(null));
    private static final FarRecord TOMBSTONE = new FarRecord(
            new Stamp(VERSION + 1, WRITE_ID, 42, 0),
            new Life(0, 0x0194bf930a00L),
            Attributes.NONE,
            new Content(State.TOMBSTONE, 0, null, ByteBuffer.allocate(0)));

    static Stream<Arguments> goldenRecords() {
        return Stream.of(
                Arguments.of("value-with-everything", EVERYTHING),
                Arguments.of("plain-value", PLAIN),
                Arguments.of("null", NULL),
                Arguments.of("tombstone", TOMBSTONE));
    }

    @ParameterizedTest
    @MethodSource("goldenRecords")
    void formatOneIsWrittenAsItAlwaysWas(String name, FarRecord record) {
        assertThat(RecordBytes.encode(record)).isEqualTo(golden(name));
    }

    @ParameterizedTest
    @MethodSource("goldenRecords")
    void formatOneIsReadAsItAlwaysWas(String name, FarRecord record) {
        assertThat(RecordBytes.parse(ByteBuffer.wrap(golden(name)))).isEqualTo(new FarReading.Found(record));
    }

    @ParameterizedTest
    @MethodSource("goldenRecords")
    void aHeaderHasTheStampAndTheTimes(String name, FarRecord record) {
        byte[] header = Arrays.copyOf(golden(name), RecordFormat.HEADER_LENGTH);

        FarRecord found = found(RecordBytes.parseHeader(ByteBuffer.wrap(header)));

        assertThat(found.stamp()).isEqualTo(record.stamp());
        assertThat(found.life()).isEqualTo(record.life());
        assertThat(found.attributes())
                .isEqualTo(new Attributes(record.attributes().loadMillis(), List.of(), null));
        assertThat(found.content()).isEqualTo(new Content(record.content().state(), 0, null, ByteBuffer.allocate(0)));
    }

    @Test
    void aDraftLeavesVersionAndTimesToTheServer() {
        RecordDraft draft = new RecordDraft(
                PLAIN.stamp().writeId(),
                PLAIN.stamp().sourceVersion(),
                PLAIN.stamp().seq(),
                new RecordDraft.Lifetime(Duration.ofMinutes(5), Duration.ofHours(1)),
                PLAIN.attributes(),
                PLAIN.content());

        assertThat(RecordBytes.encode(draft)).isEqualTo(golden("plain-value"));
    }

    @Test
    void theConstantsNameTheFixedPlaces() {
        ByteBuffer bytes = ByteBuffer.wrap(RecordBytes.encode(EVERYTHING));

        assertThat(bytes.getLong(RecordFormat.IDENTITY_OFFSET)).isEqualTo(VERSION);
        assertThat(bytes.getLong(RecordFormat.IDENTITY_OFFSET + Long.BYTES)).isEqualTo(WRITE_ID);
        assertThat(RecordFormat.IDENTITY_LENGTH).isEqualTo(2 * Long.BYTES);
        assertThat(bytes.getLong(RecordFormat.SOURCE_VERSION_OFFSET)).isEqualTo(42);
        assertThat(bytes.getLong(RecordFormat.SEQ_OFFSET)).isEqualTo(VERSION - 1);
        assertThat(bytes.getLong(RecordFormat.FRESH_UNTIL_OFFSET))
                .isEqualTo(EVERYTHING.life().freshUntil());
        assertThat(bytes.getLong(RecordFormat.GONE_AT_OFFSET))
                .isEqualTo(EVERYTHING.life().goneAt());
        assertThat(bytes.getInt(RecordFormat.LOAD_COST_OFFSET)).isEqualTo(1234);
    }

    @Test
    void onlyTheRemainingBytesAreReadAndTheBufferStays() {
        byte[] record = RecordBytes.encode(EVERYTHING);
        ByteBuffer buffer = ByteBuffer.allocateDirect(record.length + 7).order(ByteOrder.LITTLE_ENDIAN);
        buffer.position(3).put(record).flip().position(3);

        assertThat(RecordBytes.parse(buffer)).isEqualTo(new FarReading.Found(EVERYTHING));
        assertThat(buffer.position()).isEqualTo(3);
        assertThat(buffer.limit()).isEqualTo(3 + record.length);
    }

    @Test
    void thePayloadIsASliceAndNoCopy() {
        byte[] record = RecordBytes.encode(PLAIN);

        ByteBuffer payload =
                found(RecordBytes.parse(ByteBuffer.wrap(record))).content().payload();
        record[record.length - 1] = 99;

        assertThat(payload).isEqualTo(ByteBuffer.wrap(new byte[] {0, 1, 99}));
    }

    @Test
    void everyPrefixIsMalformedAndKeepsWhatThereIsOfTheIdentity() {
        byte[] record = RecordBytes.encode(EVERYTHING);
        for (int length = 0; length < record.length; length++) {
            byte[] prefix = Arrays.copyOf(record, length);

            FarReading reading = RecordBytes.parse(ByteBuffer.wrap(prefix));

            assertThat(reading).as("%d bytes", length).isInstanceOf(FarReading.Malformed.class);
            byte[] identity = Arrays.copyOfRange(
                    prefix,
                    Math.min(RecordFormat.IDENTITY_OFFSET, length),
                    Math.min(RecordFormat.IDENTITY_OFFSET + RecordFormat.IDENTITY_LENGTH, length));
            assertThat(((FarReading.Malformed) reading).identity()).isEqualTo(identity);
        }
    }

    @Test
    void anythingAfterThePayloadIsMalformed() {
        byte[] record = RecordBytes.encode(EVERYTHING);

        assertMalformed(Arrays.copyOf(record, record.length + 1), "payload does not end the record");
    }

    @Test
    void aHugeClaimedPayloadIsMalformed() {
        byte[] record = RecordBytes.encode(PLAIN);
        int place = record.length - 3 - Integer.BYTES;

        assertMalformed(with(record, place, 0x7fffffff), "payload does not end the record");
        assertMalformed(with(record, place, -1), "payload does not end the record");
    }

    @Test
    void aPayloadWithoutAValueIsMalformed() {
        byte[] record = RecordBytes.encode(PLAIN);
        record[3] = 2;

        assertMalformed(record, "payload without a value");
    }

    @Test
    void anotherMagicFormatOrStateIsMalformed() {
        for (int place = 0; place < 4; place++) {
            byte[] record = RecordBytes.encode(PLAIN);
            record[place] = 3;

            assertThat(RecordBytes.parse(ByteBuffer.wrap(record))).isInstanceOf(FarReading.Malformed.class);
            assertThat(RecordBytes.parseHeader(ByteBuffer.wrap(record))).isInstanceOf(FarReading.Malformed.class);
        }
    }

    @Test
    void timesThatNoServerGivesAreMalformed() {
        assertMalformed(with(RecordBytes.encode(PLAIN), RecordFormat.FRESH_UNTIL_OFFSET, -1), "impossible time");
        assertMalformed(with(RecordBytes.encode(PLAIN), RecordFormat.GONE_AT_OFFSET, 0x7fffffff), "impossible time");
        assertMalformed(with(RecordBytes.encode(PLAIN), RecordFormat.LOAD_COST_OFFSET, -1), "impossible time");
    }

    @Test
    void textThatIsNotUtf8IsMalformed() {
        byte[] record = RecordBytes.encode(EVERYTHING);
        int place = new String(record, StandardCharsets.ISO_8859_1).indexOf("shop:7");
        record[place] = (byte) 0xff;

        assertMalformed(record, "text is not UTF-8");
    }

    @Test
    void theLimitsHoldAndNothingBeyondIsWritten() {
        String longest = "x".repeat(RecordFormat.MAX_TAG_LENGTH);
        List<String> most = Collections.nCopies(RecordFormat.MAX_TAGS, longest);
        String state = "€".repeat(RecordFormat.MAX_STATE_LENGTH);
        String key = "k".repeat(RecordFormat.MAX_FULL_KEY_BYTES);
        FarRecord largest = record(most, state, key);

        assertThat(RecordBytes.parse(ByteBuffer.wrap(RecordBytes.encode(largest))))
                .isEqualTo(new FarReading.Found(largest));
        assertRefused(record(Collections.nCopies(RecordFormat.MAX_TAGS + 1, "x"), null, null), "too many tags");
        assertRefused(record(List.of(longest + "x"), null, null), "tag is too long");
        assertRefused(record(List.of(""), null, null), "a tag is empty");
        assertRefused(record(List.of(), state + "x", null), "state is too long");
        assertRefused(record(List.of(), null, key + "x"), "full key is too long");
        assertRefused(record(List.of(), null, "€".repeat(30_000)), "full key is too long");
        assertRefused(record(List.of(), null, ""), "full key is empty");
    }

    @Test
    void moreTagsThanTheLimitAreMalformed() {
        byte[] record = RecordBytes.encode(record(Collections.nCopies(100, "x"), null, null));
        record[RecordFormat.HEADER_LENGTH + Long.BYTES + 1] = 101;

        assertMalformed(record, "too many tags");
    }

    @Test
    void textThatWouldNotBeReadBackIsRefused() {
        assertRefused(record(List.of("a\uD800"), null, null), "tag is not well-formed Unicode");
        assertRefused(record(List.of(), "\uDC00", null), "state is not well-formed Unicode");
        assertRefused(record(List.of(), null, "\uD800x"), "full key is not well-formed Unicode");
    }

    @Test
    void aPayloadIsRefusedWhereThereIsNoValue() {
        FarRecord wrong = new FarRecord(
                PLAIN.stamp(), PLAIN.life(), Attributes.NONE, new Content(State.NULL, 0, null, payload("x")));

        assertRefused(wrong, "a payload without a value");
    }

    @Test
    void noBytesMakeTheReaderThrow() {
        long seed = Long.getLong("terrace.seed", new SplittableRandom().nextLong());
        SplittableRandom random = new SplittableRandom(seed);
        List<byte[]> originals = goldenRecords()
                .map(arguments -> golden((String) arguments.get()[0]))
                .toList();
        int found = 0;
        for (int i = 0; i < 1_000_000; i++) {
            byte[] bytes = mutated(originals.get(random.nextInt(originals.size())), random);
            try {
                FarReading reading = RecordBytes.parse(ByteBuffer.wrap(bytes));
                RecordBytes.parseHeader(ByteBuffer.wrap(bytes));
                if (reading instanceof FarReading.Found whole) {
                    found++;
                    assertThat(RecordBytes.encode(whole.record()))
                            .as("a record that is read is written as it was")
                            .isEqualTo(bytes);
                }
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("-Dterrace.seed=" + seed + ", record " + i, e);
            }
        }
        assertThat(found)
                .as("records that survived their mutation, seed %d", seed)
                .isBetween(1_000, 999_000);
    }

    private static byte[] mutated(byte[] original, SplittableRandom random) {
        byte[] bytes = switch (random.nextInt(4)) {
            case 0 -> Arrays.copyOf(original, random.nextInt(original.length + 1));
            case 1 -> Arrays.copyOf(original, original.length + random.nextInt(20));
            default -> original.clone();
        };
        int changes = random.nextInt(4);
        for (int i = 0; i < changes && bytes.length > 0; i++) {
            // The end has the lengths: it gets more than its share.
            int place = random.nextBoolean()
                    ? random.nextInt(bytes.length)
                    : bytes.length - 1 - random.nextInt(bytes.length) / 2;
            bytes[place] = random.nextBoolean() ? (byte) random.nextInt() : (byte) (random.nextBoolean() ? 0xff : 0x00);
        }
        return bytes;
    }

    private static void assertMalformed(byte[] bytes, String reason) {
        byte[] identity = Arrays.copyOfRange(bytes, 4, 20);
        assertThat(RecordBytes.parse(ByteBuffer.wrap(bytes))).isEqualTo(new FarReading.Malformed(identity, reason));
    }

    private static void assertRefused(FarRecord record, String why) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RecordBytes.encode(record))
                .withMessageContaining(why);
    }

    private static FarRecord record(List<String> tags, @Nullable String state, @Nullable String fullKey) {
        return new FarRecord(
                PLAIN.stamp(),
                PLAIN.life(),
                new Attributes(0, tags, state),
                new Content(State.VALUE, 1, fullKey, payload("x")));
    }

    private static FarRecord found(FarReading reading) {
        assertThat(reading).isInstanceOf(FarReading.Found.class);
        return ((FarReading.Found) reading).record();
    }

    private static byte[] with(byte[] record, int place, int value) {
        ByteBuffer.wrap(record).putInt(place, value);
        return record;
    }

    private static ByteBuffer payload(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] golden(String name) {
        return Golden.bytes(RecordBytesTest.class, "format-1/" + name + ".hex");
    }
}
