package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.terrace.cache.codec.BytesCodec;
import dev.terrace.cache.codec.Codec;
import dev.terrace.cache.codec.DeflateCodec;
import dev.terrace.cache.codec.NumberCodec;
import dev.terrace.cache.codec.StringCodec;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

final class FingerprintTest {

    @Test
    void itNeverChanges() {
        assertThat(Fingerprint.of(StringCodec.utf8())).isEqualTo(0x4b596e8b5e5023feL);
        assertThat(Fingerprint.of(BytesCodec.create())).isEqualTo(0x6414e6f4df7fd498L);
        assertThat(Fingerprint.of(NumberCodec.longs())).isEqualTo(0xe2d41ce3c81e4005L);
        assertThat(Fingerprint.of(DeflateCodec.around(StringCodec.utf8()))).isEqualTo(0xae8c2a21af239859L);
        assertThat(Fingerprint.of(new Named("json", 7))).isEqualTo(0x353de82745fdffe0L);
    }

    @Test
    void anotherIdOrSchemaIsAnotherFingerprint() {
        long fingerprint = Fingerprint.of(new Named("json", 1));

        assertThat(fingerprint)
                .isEqualTo(Fingerprint.of(new Named("json", 1)))
                .isNotEqualTo(Fingerprint.of(new Named("json", 2)))
                .isNotEqualTo(Fingerprint.of(new Named("json1", 1)))
                .isNotZero();
    }

    @Test
    void anIdThatIsNotPrintableIsRefused() {
        for (String id : new String[] {"", "a\nb", "é", "x".repeat(101)}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Fingerprint.of(new Named(id, 1)))
                    .withMessageContaining(Named.class.getName());
        }
    }

    private record Named(String id, long schema) implements Codec<String> {
        @Override
        public byte[] encode(String value) {
            return StringCodec.utf8().encode(value);
        }

        @Override
        public String decode(ByteBuffer bytes) {
            return StringCodec.utf8().decode(bytes);
        }
    }
}
