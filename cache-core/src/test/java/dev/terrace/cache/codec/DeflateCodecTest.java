package dev.terrace.cache.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import dev.terrace.cache.testkit.CodecContract;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.Deflater;
import org.junit.jupiter.api.Test;

final class DeflateCodecTest extends CodecContract<String> {

    private static final String LONG = "to be or not to be ".repeat(500);

    private final DeflateCodec<String> codec =
            DeflateCodec.around(StringCodec.utf8()).threshold(100);

    @Override
    protected Codec<String> codec() {
        return codec;
    }

    @Override
    protected List<String> values() {
        return List.of("", "short", SECRET.repeat(500), LONG);
    }

    @Test
    void theIdAndTheSchemaAreThoseOfTheInnerCodecToo() {
        Codec<String> inner = JavaSerializationCodec.of(String.class).withSchema(77);

        assertThat(DeflateCodec.around(inner).id()).isEqualTo("deflate(java)");
        assertThat(DeflateCodec.around(inner).schema()).isEqualTo(77);
    }

    @Test
    void longValuesGetShorter() {
        assertThat(codec.encode(LONG)).hasSizeLessThan(LONG.length() / 10);
    }

    @Test
    void whatIsShortOrDoesNotGetShorterStaysAsItIs() {
        byte[] noise = new byte[10_000];
        new Random(1).nextBytes(noise);

        assertThat(codec.encode("x".repeat(99))).hasSize(100);
        assertThat(DeflateCodec.around(BytesCodec.create()).encode(noise)).hasSize(noise.length + 1);
        for (int length = 0; length < 20; length++) {
            String text = "x".repeat(length);
            Codec<String> eager = codec.threshold(0);
            assertThat(eager.decode(ByteBuffer.wrap(eager.encode(text)))).isEqualTo(text);
        }
    }

    @Test
    void nodesWithOtherSettingsReadEachOther() {
        Codec<String> never = codec.threshold(Integer.MAX_VALUE);

        assertThat(codec.decode(ByteBuffer.wrap(never.encode(LONG)))).isEqualTo(LONG);
        assertThat(never.decode(ByteBuffer.wrap(codec.encode(LONG)))).isEqualTo(LONG);
    }

    @Test
    void aDecompressionBombIsRefusedBeforeItGoesOff() {
        byte[] zeros = deflate(new byte[64 << 20]);

        assertRefused(claiming(64 << 20, zeros));
        assertRefused(claiming(DeflateCodec.DEFAULT_MAX_DECOMPRESSED, zeros));
        assertRefused(claiming(1_000, zeros));
    }

    @Test
    void aLengthThatTheBytesCannotHaveIsRefused() {
        byte[] five = deflate(new byte[5]);

        assertRefused(claiming(-1, five));
        assertRefused(claiming(Integer.MAX_VALUE, five));
        assertRefused(claiming(1 << 20, five));
        assertRefused(claiming(4, five));
        assertRefused(claiming(6, five));
        decodeHostile(claiming(DeflateCodec.DEFAULT_MAX_DECOMPRESSED, five), "a length within the limit");
        assertThat(DeflateCodec.around(BytesCodec.create()).decode(ByteBuffer.wrap(claiming(5, five))))
                .hasSize(5);
    }

    @Test
    void somethingAfterTheDeflatedBytesIsRefused() {
        byte[] bytes = codec.encode(LONG);

        assertRefused(Arrays.copyOf(bytes, bytes.length + 1));
    }

    @Test
    void aDamagedChecksumIsRefused() {
        byte[] bytes = codec.encode(LONG);
        bytes[bytes.length - 1]++;

        assertRefused(bytes);
    }

    @Test
    void whatCouldNotBeReadIsNotWritten() {
        Codec<String> small = codec.maxDecompressed(100);

        assertThatExceptionOfType(CodecException.class).isThrownBy(() -> small.encode("x".repeat(101)));
        assertThatExceptionOfType(CodecException.class)
                .isThrownBy(() ->
                        small.decode(ByteBuffer.wrap(codec.threshold(1_000).encode("x".repeat(101)))));
    }

    @Test
    void settingsThatCannotWorkAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> codec.threshold(-1))
                .withMessageContaining("threshold");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> codec.maxDecompressed(0))
                .withMessageContaining("maxDecompressed");
        assertThatNullPointerException()
                .isThrownBy(() -> DeflateCodec.around(null))
                .withMessage("codec");
    }

    private void assertRefused(byte[] bytes) {
        assertThatExceptionOfType(CodecException.class).isThrownBy(() -> codec.decode(ByteBuffer.wrap(bytes)));
    }

    private static byte[] claiming(int length, byte[] deflated) {
        return ByteBuffer.allocate(5 + deflated.length)
                .put((byte) 1)
                .putInt(length)
                .put(deflated)
                .array();
    }

    private static byte[] deflate(byte[] plain) {
        byte[] out = new byte[plain.length + 100];
        Deflater deflater = new Deflater();
        deflater.setInput(plain);
        deflater.finish();
        int length = deflater.deflate(out);
        deflater.end();
        return Arrays.copyOf(out, length);
    }
}
