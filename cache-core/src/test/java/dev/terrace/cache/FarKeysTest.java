package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.terrace.cache.spi.FarRecord;
import dev.terrace.cache.spi.RecordBytes;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class FarKeysTest {

    private static final Pattern ALLOWED = Pattern.compile("[!-|~]{1,200}");

    @ParameterizedTest
    @ValueSource(strings = {"42", "a,b", "shop:7/x?y=z&\\\"'", "~!", "00000000-0000-0001-0000-000000000002"})
    void printableTextStaysAsItIs(String text) {
        assertThat(FarKeys.of(text)).isEqualTo(new FarKey(text, null));
        assertThat(FarKeys.of(text).text()).isSameAs(text);
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "a b,a%20b",
                "{a},%7Ba%7D",
                "100%,100%25",
                "%20,%2520",
                "%-,%25-",
                "é,%C3%A9",
                "€,%E2%82%AC",
                "x🎻y,x%F0%9F%8E%BBy",
                "\"a\nb\",a%0Ab",
            })
    void allElseIsPercentEncodedAsUtf8(String text, String key) {
        assertThat(FarKeys.of(text)).isEqualTo(new FarKey(key, null));
    }

    @Test
    void controlCharactersAreEncoded() {
        assertThat(FarKeys.of("\0\t\r\n\u007f\u0080").text()).isEqualTo("%00%09%0D%0A%7F%C2%80");
    }

    @Test
    void halfASurrogatePairHasAKeyOfItsOwn() {
        assertThat(FarKeys.of("\uD83C").text()).isEqualTo("%ED%A0%BC");
        assertThat(FarKeys.of("\uDFBB").text()).isEqualTo("%ED%BE%BB");
        assertThat(FarKeys.of("\uDFBB\uD83C").text()).isEqualTo("%ED%BE%BB%ED%A0%BC");
    }

    @Test
    void theEmptyTextHasAKeyOfItsOwn() {
        assertThat(FarKeys.of("")).isEqualTo(new FarKey("%", null));
    }

    @Test
    void aLongKeyIsHashedAndComesWithItsFullText() {
        String text = "x".repeat(201);

        assertThat(FarKeys.of("x".repeat(200))).isEqualTo(new FarKey("x".repeat(200), null));
        assertThat(FarKeys.of(text)).isEqualTo(new FarKey("x".repeat(100) + "%-hKBnjJCTf13PmZTVhmZo2g", text));
    }

    @Test
    void aKeyThatIsLongOnlyWhenEscapedIsHashedToo() {
        String text = "€".repeat(23);

        FarKey key = FarKeys.of(text);

        assertThat(FarKeys.of("€".repeat(22)).fullKey()).isNull();
        assertThat(key.text()).startsWith("%E2%82%AC%E2").contains("%-").matches(ALLOWED);
        assertThat(key.fullKey()).isEqualTo(text);
    }

    @Test
    void aFullKeyThatNoRecordCanHoldIsTheWholeHash() {
        for (String text : new String[] {"x".repeat(70_000), "€".repeat(30_000), "x".repeat(300) + "\uD83C"}) {
            String fullKey = Objects.requireNonNull(FarKeys.of(text).fullKey());

            assertThat(fullKey).matches("%sha256:[0-9A-F]{64}");
            assertThat(FarKeys.of(text + "x").fullKey()).isNotEqualTo(fullKey);
        }
    }

    @Test
    void everyFullKeyFitsARecord() {
        String longest = "x".repeat(0xFFFF);

        for (String text : new String[] {longest, longest + "x", "x".repeat(300) + "\uDFBB", "€".repeat(0xFFFF / 3)}) {
            String fullKey = FarKeys.of(text).fullKey();
            FarRecord record = new FarRecord(
                    new FarRecord.Stamp(1, 1, 1, 1),
                    new FarRecord.Life(1, 1),
                    FarRecord.Attributes.NONE,
                    new FarRecord.Content(FarRecord.State.VALUE, 1, fullKey, ByteBuffer.allocate(0)));
            assertThat(RecordBytes.encode(record)).hasSizeGreaterThan(60);
        }
    }

    @Test
    void everyKeyIsAllowedAndNoTwoTextsShareOne() {
        long seed = Long.getLong("terrace.seed", new SplittableRandom().nextLong());
        SplittableRandom random = new SplittableRandom(seed);
        Map<String, String> texts = new HashMap<>();
        for (int i = 0; i < 300_000; i++) {
            String text = text(random);
            FarKey key = FarKeys.of(text);
            assertThat(ALLOWED.matcher(key.text()).matches())
                    .as("-Dterrace.seed=%d, text %d: %s", seed, i, key.text())
                    .isTrue();
            String other = texts.putIfAbsent(key.text(), text);
            assertThat(other == null || other.equals(text))
                    .as("-Dterrace.seed=%d, text %d shares %s", seed, i, key.text())
                    .isTrue();
        }
        assertThat(texts).hasSizeGreaterThan(100_000);
    }

    private static String text(SplittableRandom random) {
        String alphabet = "a%2-{} é€\uD83C\uDFBB\0" + "?";
        boolean isLong = random.nextInt(20) == 0;
        int length = isLong ? 60 + random.nextInt(200) : random.nextInt(8);
        StringBuilder text = new StringBuilder(isLong ? "p".repeat(120) : "");
        for (int i = 0; i < length; i++) {
            text.append(alphabet.charAt(random.nextInt(alphabet.length())));
        }
        return text.toString();
    }

    @Test
    void aPlainKeyCostsNothingButTheResult() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        String text = "shop:7,42";
        int rounds = 100_000;
        for (int i = 0; i < rounds; i++) {
            FarKeys.of(text);
        }

        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < rounds; i++) {
            FarKeys.of(text);
        }
        long perKey = (threads.getCurrentThreadAllocatedBytes() - before) / rounds;

        assertThat(perKey).as("bytes per key").isLessThanOrEqualTo(24);
    }
}
