package dev.terrace.cache.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import dev.terrace.cache.testkit.CodecContract;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class JavaSerializationCodecTest extends CodecContract<JavaSerializationCodecTest.Order> {

    record Order(long id, String customer, List<Line> lines, Map<String, Instant> events, State state)
            implements Serializable {}

    record Line(String product, BigDecimal price, @Nullable Line substitute) implements Serializable {}

    enum State {
        OPEN,
        PAID {
            @Override
            public String toString() {
                return "paid";
            }
        }
    }

    private final JavaSerializationCodec<Order> codec = JavaSerializationCodec.of(Order.class)
            .allow(Line.class, State.class, BigDecimal.class, java.math.BigInteger.class)
            .allowPackages("java.util", "java.time");

    @Override
    protected Codec<Order> codec() {
        return codec;
    }

    @Override
    protected List<Order> values() {
        List<Line> many = IntStream.range(0, 20)
                .mapToObj(i -> new Line(
                        "p" + i, BigDecimal.valueOf(i, 2), i % 2 == 0 ? null : new Line("s", BigDecimal.ONE, null)))
                .toList();
        return List.of(
                new Order(1, "", List.of(), Map.of(), State.OPEN),
                new Order(2, SECRET, many, Map.of("opened", Instant.EPOCH), State.PAID),
                new Order(
                        3,
                        "many",
                        new ArrayList<>(many),
                        new HashMap<>(Map.of("a", Instant.MAX, "b", Instant.MIN)),
                        State.PAID));
    }

    @Test
    void aClassThatIsNotAllowedIsNeitherWrittenNorReadAndTheMessageSaysWhatToDo() {
        JavaSerializationCodec<Order> strict = JavaSerializationCodec.of(Order.class);
        Order order = values().get(1);

        assertThatExceptionOfType(CodecException.class)
                .isThrownBy(() -> strict.encode(order))
                .withMessageContaining("is not allowed: see JavaSerializationCodec.allow");
        assertRefused(strict, codec.encode(order));
    }

    static final class Gadget implements Serializable {
        private static final long serialVersionUID = 1L;
        static final AtomicInteger READ = new AtomicInteger();

        private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
            in.defaultReadObject();
            READ.incrementAndGet();
        }
    }

    @Test
    void codeOfAClassThatIsNotAllowedNeverRuns() {
        JavaSerializationCodec<Object> objects =
                JavaSerializationCodec.of(Object.class).allow(Order.class).allowPackages("java.util");

        assertRefused(objects, serialized(new Gadget()));
        assertRefused(objects, serialized(new ArrayList<>(List.of(new Gadget()))));
        assertRefused(objects, serialized(new Gadget[] {new Gadget()}));
        assertThat(Gadget.READ).hasValue(0);
    }

    static final class Handler implements InvocationHandler, Serializable {
        private static final long serialVersionUID = 1L;

        @Override
        public @Nullable Object invoke(Object self, Method method, Object @Nullable [] arguments) {
            return null;
        }
    }

    @Test
    void aProxyIsNeitherWrittenNorReadEvenOfWhatIsAllowed() {
        Object proxy =
                Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {Comparable.class}, new Handler());
        JavaSerializationCodec<Object> objects =
                JavaSerializationCodec.of(Object.class).allow(Comparable.class, Handler.class, Proxy.class);

        assertThatExceptionOfType(CodecException.class).isThrownBy(() -> objects.encode(proxy));
        assertRefused(objects, serialized(proxy));
    }

    @Test
    void anotherClassThanTheValuesIsRefused() {
        JavaSerializationCodec<Line> lines =
                JavaSerializationCodec.of(Line.class).allow(Order.class);

        assertRefused(lines, JavaSerializationCodec.of(String.class).encode("x"));
    }

    @Test
    void aHugeArrayIsRefusedBeforeItIsMade() {
        JavaSerializationCodec<long[]> arrays = JavaSerializationCodec.of(long[].class);
        byte[] bytes = arrays.encode(new long[] {1});
        // The length of the only array, before its only element.
        for (int length : new int[] {Integer.MAX_VALUE - 8, 1 << 27, 1 << 10}) {
            ByteBuffer.wrap(bytes).putInt(bytes.length - Long.BYTES - Integer.BYTES, length);
            assertRefused(arrays, bytes);
        }
    }

    @Test
    void deepObjectsAreRefused() {
        JavaSerializationCodec<Object> objects =
                JavaSerializationCodec.of(Object.class).allowPackages("java.util");
        List<Object> deep = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            deep = new ArrayList<>(List.of(deep));
        }
        byte[] bytes = objects.encode(deep);

        assertRefused(objects, bytes);
        assertThat(objects.maxDepth(1_000).decode(ByteBuffer.wrap(bytes))).isEqualTo(deep);
    }

    @Test
    void manyEntriesInHashMapsAreWithinTheLimits() {
        JavaSerializationCodec<Object> objects =
                JavaSerializationCodec.of(Object.class).allowPackages("java.util");
        Map<Integer, Map<Integer, Boolean>> maps = new LinkedHashMap<>();
        for (int i = 0; i < 1_000; i++) {
            Map<Integer, Boolean> map = new HashMap<>(16, 0.25f);
            for (int j = 0; j <= i % 50; j++) {
                map.put(j, true);
            }
            maps.put(i, map);
        }

        assertThat(objects.decode(ByteBuffer.wrap(objects.encode(maps)))).isEqualTo(maps);
    }

    @Test
    void valuesOfMoreThanTheMostBytesAreNeitherWrittenNorRead() {
        Order order = values().get(1);

        assertThatExceptionOfType(CodecException.class)
                .isThrownBy(() -> codec.maxBytes(100).encode(order))
                .withMessageContaining("maxBytes");
        assertRefused(codec.maxBytes(100), codec.encode(order));
    }

    @Test
    void somethingAfterTheValueIsRefused() {
        byte[] one = codec.encode(values().get(0));
        byte[] two = ByteBuffer.allocate(one.length + 1).put(one).array();

        assertRefused(codec, two);
    }

    @Test
    void serializedNullIsNoValue() {
        assertRefused(codec, serialized(null));
    }

    record Before(String name) implements Serializable {}

    record After(String name, @Nullable String added) implements Serializable {}

    @Test
    void theSchemaIsTheShapeOfTheApplicationsClasses() {
        long order = codec.schema();

        assertThat(codec.allow(java.util.UUID.class).schema()).isEqualTo(order);
        assertThat(codec.allow(Before.class).schema()).isNotEqualTo(order);
        assertThat(JavaSerializationCodec.of(Before.class).schema())
                .isNotEqualTo(JavaSerializationCodec.of(After.class).schema());
        assertThat(codec.withSchema(7).schema()).isEqualTo(7);
        assertThat(codec.withSchema(7)
                        .allow(Before.class)
                        .maxDepth(3)
                        .maxBytes(9)
                        .schema())
                .isEqualTo(7);
    }

    @Test
    void theSchemaNeverChangesByItself() {
        assertThat(JavaSerializationCodec.of(Before.class).schema()).isEqualTo(0x32319ee930f3f081L);
    }

    @Test
    void settingsThatCannotWorkAreRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> codec.maxBytes(0)).withMessageContaining("maxBytes");
        assertThatIllegalArgumentException().isThrownBy(() -> codec.maxDepth(0)).withMessageContaining("maxDepth");
        for (String notAPackage : List.of("", "java.*", "java.")) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> codec.allowPackages(notAPackage))
                    .withMessageContaining("allowPackages");
        }
        assertThatNullPointerException()
                .isThrownBy(() -> JavaSerializationCodec.of(null))
                .withMessage("type");
        assertThatNullPointerException()
                .isThrownBy(() -> codec.allow(Line.class, null))
                .withMessage("allow");
        assertThatNullPointerException()
                .isThrownBy(() -> codec.allowPackages("java.util", null))
                .withMessage("allowPackages");
    }

    private static void assertRefused(Codec<?> codec, byte[] bytes) {
        assertThatExceptionOfType(CodecException.class)
                .isThrownBy(() -> codec.decode(ByteBuffer.wrap(bytes)))
                .withNoCause();
    }

    private static byte[] serialized(@Nullable Object value) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(value);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }
}
