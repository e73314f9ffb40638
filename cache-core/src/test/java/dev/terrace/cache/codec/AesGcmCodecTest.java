package dev.terrace.cache.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import dev.terrace.cache.testkit.CodecContract;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;

final class AesGcmCodecTest extends CodecContract<String> {

    private static final SecretKey OLD = key(16, 1);
    private static final SecretKey NEW = key(32, 2);

    private final AesGcmCodec<String> codec =
            AesGcmCodec.around(StringCodec.utf8(), "new", NEW).alsoDecrypting("old", OLD);

    @Override
    protected Codec<String> codec() {
        return codec;
    }

    @Override
    protected List<String> values() {
        return List.of("", "a", SECRET.repeat(100));
    }

    @Test
    void bytesOfFormatOneAreReadAsTheyAlwaysWere() {
        String header = "01" + "03" + "6e6577";
        String nonce = "000102030405060708090a0b";
        String encryptedAndTag = "216d8e96be295485c997a5ff14cac6adf9a658c9ce";
        byte[] golden = HexFormat.of().parseHex(header + nonce + encryptedAndTag);

        assertThat(codec.decode(ByteBuffer.wrap(golden))).isEqualTo("hello");
    }

    @Test
    void theValueCannotBeSeen() {
        byte[] bytes = codec.encode(SECRET);

        assertThat(new String(bytes, StandardCharsets.ISO_8859_1)).doesNotContain(SECRET);
    }

    @Test
    void theSameValueIsNeverEncryptedTheSameWay() {
        Set<ByteBuffer> seen = new HashSet<>();
        for (int i = 0; i < 1_000; i++) {
            seen.add(ByteBuffer.wrap(codec.encode("x")));
        }

        assertThat(seen).hasSize(1_000);
    }

    @Test
    void anyChangedBitIsRefused() {
        byte[] bytes = codec.encode("value");
        for (int bit = 0; bit < bytes.length * 8; bit++) {
            byte[] changed = bytes.clone();
            changed[bit / 8] ^= (byte) (1 << bit % 8);

            assertRefused(codec, changed);
        }
    }

    @Test
    void keysAreRotatedWithoutLosingValues() {
        AesGcmCodec<String> before = AesGcmCodec.around(StringCodec.utf8(), "old", OLD);
        AesGcmCodec<String> prepared = before.alsoDecrypting("new", NEW);
        AesGcmCodec<String> after = AesGcmCodec.around(StringCodec.utf8(), "new", NEW);

        assertThat(codec.decode(ByteBuffer.wrap(before.encode("x")))).isEqualTo("x");
        assertThat(prepared.decode(ByteBuffer.wrap(codec.encode("x")))).isEqualTo("x");
        assertThat(after.decode(ByteBuffer.wrap(codec.encode("x")))).isEqualTo("x");
        assertRefused(after, prepared.encode("x"));
    }

    @Test
    void anotherKeyOfTheSameIdIsRefused() {
        assertRefused(AesGcmCodec.around(StringCodec.utf8(), "new", OLD), codec.encode("x"));
    }

    @Test
    void bytesOfAnotherCodecOrShapeAreRefusedUnderTheSameKey() {
        byte[] bytes = AesGcmCodec.around(BytesCodec.create(), "new", NEW).encode(new byte[] {'x'});

        assertRefused(codec, bytes);

        JavaSerializationCodec<String> java = JavaSerializationCodec.of(String.class);
        byte[] ofOne = AesGcmCodec.around(java.withSchema(1), "new", NEW).encode("x");
        assertRefused(AesGcmCodec.around(java.withSchema(2), "new", NEW), ofOne);
    }

    @Test
    void bytesOfOneKeyIdAreRefusedUnderAnotherIdOfTheSameKey() {
        AesGcmCodec<String> twoIds =
                AesGcmCodec.around(StringCodec.utf8(), "aaa", NEW).alsoDecrypting("bbb", NEW);
        byte[] bytes = twoIds.encode("x");
        Arrays.fill(bytes, 2, 5, (byte) 'b');

        assertRefused(twoIds, bytes);
    }

    @Test
    void noKeyIsEverShown() {
        String material = HexFormat.of().formatHex(NEW.getEncoded());

        assertThat(codec.toString()).contains("new", "old").doesNotContain(material);
        assertThat(codec.id()).isEqualTo("aesgcm(utf8)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> codec.alsoDecrypting("bad", new SecretKeySpec(new byte[] {1, 2, 3}, "AES")))
                .withMessage("key: bad is not an AES key of 128, 192 or 256 bits");
    }

    @Test
    void keysThatCannotWorkAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> AesGcmCodec.around(StringCodec.utf8(), "des", new SecretKeySpec(new byte[24], "DESede")))
                .withMessageContaining("des");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> codec.alsoDecrypting("old", NEW))
                .withMessage("keyId: two keys have the id old");
        for (String none : List.of("", "with space", "x".repeat(65))) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> codec.alsoDecrypting(none, NEW))
                    .withMessageStartingWith("keyId: must be");
        }
    }

    @Test
    void aNullIsRefusedByItsName() {
        assertThatNullPointerException()
                .isThrownBy(() -> AesGcmCodec.around(null, "new", NEW))
                .withMessage("codec");
        assertThatNullPointerException()
                .isThrownBy(() -> AesGcmCodec.around(StringCodec.utf8(), null, NEW))
                .withMessage("keyId");
        assertThatNullPointerException()
                .isThrownBy(() -> AesGcmCodec.around(StringCodec.utf8(), "new", null))
                .withMessage("key");
        assertThatNullPointerException()
                .isThrownBy(() -> codec.alsoDecrypting(null, OLD))
                .withMessage("keyId");
        assertThatNullPointerException()
                .isThrownBy(() -> codec.alsoDecrypting("other", null))
                .withMessage("key");
    }

    @Test
    void itGoesAroundCompression() {
        Codec<String> both = AesGcmCodec.around(DeflateCodec.around(StringCodec.utf8()), "new", NEW);
        String value = "again ".repeat(1_000);

        assertThat(both.id()).isEqualTo("aesgcm(deflate(utf8))");
        assertThat(both.encode(value)).hasSizeLessThan(200);
        assertThat(both.decode(ByteBuffer.wrap(both.encode(value)))).isEqualTo(value);
    }

    private static void assertRefused(Codec<?> codec, byte[] bytes) {
        assertThatExceptionOfType(CodecException.class)
                .isThrownBy(() -> codec.decode(ByteBuffer.wrap(bytes)))
                .withNoCause();
    }

    private static SecretKey key(int length, int fill) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) fill);
        return new SecretKeySpec(bytes, "AES");
    }
}
