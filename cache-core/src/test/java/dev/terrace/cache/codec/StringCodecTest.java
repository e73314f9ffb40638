package dev.terrace.cache.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.terrace.cache.testkit.CodecContract;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class StringCodecTest extends CodecContract<String> {

    private final StringCodec codec = StringCodec.utf8();

    @Override
    protected Codec<String> codec() {
        return codec;
    }

    @Override
    protected List<String> values() {
        return List.of("", "a", "grüne 🎻 €", SECRET.repeat(100));
    }

    @Test
    void itIsUtf8() {
        assertThat(codec.encode("€")).isEqualTo("€".getBytes(StandardCharsets.UTF_8));
        assertThat(codec.id()).isEqualTo("utf8");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\uD83C", "\uDFBB", "a\uD83C", "\uDFBB\uD83C", "\uD83Cx", "🎻\uD83C"})
    void halfASurrogatePairIsRefusedRatherThanChanged(String text) {
        assertThatExceptionOfType(CodecException.class).isThrownBy(() -> codec.encode(text));
    }

    @Test
    void bytesThatAreNotUtf8AreRefused() {
        assertThatExceptionOfType(CodecException.class)
                .isThrownBy(() -> codec.decode(ByteBuffer.wrap(new byte[] {'a', (byte) 0xff})));
    }

    @Test
    void theReplacementCharacterItselfIsText() {
        assertThat(codec.decode(ByteBuffer.wrap(codec.encode("\uFFFD")))).isEqualTo("\uFFFD");
    }
}
