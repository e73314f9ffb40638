package dev.terrace.cache.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.math.BigInteger;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class StandardKeysTest {

    enum Shop {
        BERLIN,
        PARIS {
            @Override
            public String toString() {
                return "not the name";
            }
        }
    }

    record ProductKey(@Nullable String shop, long id) {}

    record Nested(
            ProductKey product,
            @Nullable Shop shop,
            @Nullable Character size) {}

    record Two(@Nullable String a, @Nullable String b) {}

    record Tree(
            @Nullable Two left,
            @Nullable String middle,
            @Nullable Two right) {}

    record Nothing() {}

    record Scalars(byte a, Short b, int c, Long d, BigInteger e, boolean f, Boolean g, char h, UUID i) {}

    static Stream<Arguments> keys() {
        return Stream.of(
                Arguments.of((byte) -1, "-1"),
                Arguments.of((short) 7, "7"),
                Arguments.of(42, "42"),
                Arguments.of(Long.MIN_VALUE, "-9223372036854775808"),
                Arguments.of(BigInteger.TEN.pow(30), "1000000000000000000000000000000"),
                Arguments.of("any, (thing) \\", "any, (thing) \\"),
                Arguments.of("", ""),
                Arguments.of(new UUID(1, 2), "00000000-0000-0001-0000-000000000002"),
                Arguments.of(true, "true"),
                Arguments.of('x', "x"),
                Arguments.of(Shop.BERLIN, "BERLIN"),
                Arguments.of(Shop.PARIS, "PARIS"),
                Arguments.of(new ProductKey("a,b", 42), "a\\,b,42"),
                Arguments.of(new ProductKey(null, 42), "\\N,42"),
                Arguments.of(new ProductKey("\\N", 42), "\\\\N,42"),
                Arguments.of(new Nested(new ProductKey("x", 1), Shop.PARIS, ')'), "(x,1),PARIS,\\)"),
                Arguments.of(new Nested(new ProductKey("", 1), null, null), "(,1),\\N,\\N"),
                Arguments.of(new Nothing(), ""),
                Arguments.of(
                        new Scalars(
                                (byte) 1, (short) 2, 3, 4L, BigInteger.valueOf(5), true, false, ',', new UUID(0, 0)),
                        "1,2,3,4,5,true,false,\\,,00000000-0000-0000-0000-000000000000"));
    }

    @ParameterizedTest
    @MethodSource("keys")
    void theTextOfAKeyNeverChanges(Object key, String text) {
        assertThat(KeyCodec.standard().encode(key)).isEqualTo(text);
    }

    @Test
    void twoKeysNeverHaveOneText() {
        long seed = Long.getLong("terrace.seed", new SplittableRandom().nextLong());
        SplittableRandom random = new SplittableRandom(seed);
        KeyCodec<Object> codec = KeyCodec.standard();
        Map<String, Tree> keys = new HashMap<>();
        for (int i = 0; i < 500_000; i++) {
            Tree key = new Tree(two(random), string(random), two(random));
            Tree other = keys.putIfAbsent(codec.encode(key), key);
            if (other != null) {
                assertThat(other).as("-Dterrace.seed=%d, key %d", seed, i).isEqualTo(key);
            }
        }
        assertThat(keys).hasSizeGreaterThan(100_000);
    }

    private static @Nullable Two two(SplittableRandom random) {
        return random.nextInt(5) == 0 ? null : new Two(string(random), string(random));
    }

    private static @Nullable String string(SplittableRandom random) {
        if (random.nextInt(5) == 0) {
            return null;
        }
        StringBuilder text = new StringBuilder();
        for (int length = random.nextInt(4); length > 0; length--) {
            text.append(",()\\Na".charAt(random.nextInt(6)));
        }
        return text.toString();
    }

    @Test
    void aKeyOfAnotherClassIsRefused() {
        KeyCodec<Object> codec = KeyCodec.standard();
        codec.encode(1L);

        assertThat(codec.encode(2L)).isEqualTo("2");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> codec.encode("4711"))
                .withMessageContainingAll("java.lang.Long", "java.lang.String", "CacheBuilder.keyCodec")
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("4711"));
        assertThatIllegalArgumentException().isThrownBy(() -> codec.encode(1));
    }

    @Test
    void ConstantsWithABodyAreOfTheirEnum() {
        KeyCodec<Object> codec = KeyCodec.standard();

        assertThat(codec.encode(Shop.PARIS)).isEqualTo("PARIS");
        assertThat(codec.encode(Shop.BERLIN)).isEqualTo("BERLIN");
    }

    @Test
    void aRefusedKeyIsNotTheFirst() {
        KeyCodec<Object> codec = KeyCodec.standard();

        assertThatIllegalArgumentException().isThrownBy(() -> codec.encode(1.0));
        assertThat(codec.encode(1)).isEqualTo("1");
    }

    @Test
    void whenTwoClassesRaceOneIsRefused() throws Exception {
        for (int round = 0; round < 200; round++) {
            KeyCodec<Object> codec = KeyCodec.standard();
            CyclicBarrier start = new CyclicBarrier(2);
            ExecutorService executor = Executors.newFixedThreadPool(2);
            try {
                List<Future<Boolean>> accepted = Stream.<Object>of(1L, "1")
                        .map(key -> executor.submit(() -> {
                            start.await();
                            return accepts(codec, key);
                        }))
                        .toList();
                assertThat(accepted.get(0).get()).isNotEqualTo(accepted.get(1).get());
            } finally {
                executor.shutdownNow();
            }
        }
    }

    private static boolean accepts(KeyCodec<Object> codec, Object key) {
        try {
            codec.encode(key);
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    record WithDouble(ProductKey key, double price) {}

    record WithAnything(Object anything) {}

    record Chain(long id, @Nullable Chain next) {}

    static Stream<Object> unsupported() {
        return Stream.of(
                1.0,
                new byte[1],
                List.of(1),
                new WithDouble(new ProductKey("a", 1), 2),
                new WithAnything("x"),
                new Chain(1, null));
    }

    @ParameterizedTest
    @MethodSource("unsupported")
    void whatHasNoStandardTextIsRefusedSayingWhatToDo(Object key) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> KeyCodec.standard().encode(key))
                .withMessageContainingAll(key.getClass().getName(), "CacheBuilder.keyCodec(...)");
    }

    @Test
    void theComponentThatIsNotSupportedIsNamed() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> KeyCodec.standard().encode(new WithDouble(new ProductKey("a", 1), 2)))
                .withMessageStartingWith("double has no standard text and is a component of ");
    }

    record Failing(String id) {
        @Override
        public String id() {
            throw new UnsupportedOperationException("broken");
        }
    }

    @Test
    void anAccessorThatFailsIsNamed() {
        assertThatExceptionOfType(IllegalStateException.class)
                .isThrownBy(() -> KeyCodec.standard().encode(new Failing("x")))
                .withMessage("the accessor id of a key failed");
    }
}
