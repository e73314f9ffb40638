package dev.terrace.cache.codec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.testkit.CodecContract;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

final class NumberCodecTest {

    @Nested
    final class Longs extends CodecContract<Long> {
        @Override
        protected Codec<Long> codec() {
            return NumberCodec.longs();
        }

        @Override
        protected List<Long> values() {
            return List.of(0L, -1L, 42L, Long.MIN_VALUE, Long.MAX_VALUE);
        }
    }

    @Nested
    final class Ints extends CodecContract<Integer> {
        @Override
        protected Codec<Integer> codec() {
            return NumberCodec.ints();
        }

        @Override
        protected List<Integer> values() {
            return List.of(0, -1, 42, Integer.MIN_VALUE, Integer.MAX_VALUE);
        }
    }

    @Nested
    final class Doubles extends CodecContract<Double> {
        @Override
        protected Codec<Double> codec() {
            return NumberCodec.doubles();
        }

        @Override
        protected List<Double> values() {
            return List.of(0.0, -0.0, Math.PI, Double.NaN, Double.NEGATIVE_INFINITY, Double.MIN_VALUE);
        }
    }

    @Test
    void numbersAreBigEndianAndOfFixedLength() {
        assertThat(NumberCodec.longs().encode(0x0102030405060708L)).containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
        assertThat(NumberCodec.ints().encode(0x01020304)).containsExactly(1, 2, 3, 4);
        assertThat(NumberCodec.doubles().encode(1.0)).containsExactly(0x3f, 0xf0, 0, 0, 0, 0, 0, 0);
    }

    @Test
    void eachTypeHasAnIdOfItsOwn() {
        assertThat(List.of(
                        NumberCodec.longs().id(),
                        NumberCodec.ints().id(),
                        NumberCodec.doubles().id()))
                .containsExactly("long", "int", "double");
    }
}
