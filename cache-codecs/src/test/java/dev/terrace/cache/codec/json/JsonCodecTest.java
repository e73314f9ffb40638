package dev.terrace.cache.codec.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.jsontype.BasicPolymorphicTypeValidator;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.ToStringSerializer;
import dev.terrace.cache.codec.Codec;
import dev.terrace.cache.codec.CodecException;
import dev.terrace.cache.testkit.CodecContract;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

final class JsonCodecTest extends CodecContract<JsonCodecTest.Product> {

    enum Size {
        S,
        L
    }

    record Sku(@JsonValue String text) {
        @JsonCreator
        Sku {}
    }

    record Product(
            long id,
            String name,
            @Nullable BigDecimal price,
            List<Product> parts,
            Map<String, Integer> stock,
            Size size,
            Sku sku) {}

    private static Product product(long id, String name, List<Product> parts) {
        return new Product(id, name, BigDecimal.valueOf(id, 2), parts, Map.of(name, 7), Size.L, new Sku("sku" + id));
    }

    @Override
    protected Codec<Product> codec() {
        return JsonCodec.of(Product.class);
    }

    @Override
    protected List<Product> values() {
        List<Product> many = IntStream.range(0, 50)
                .mapToObj(i -> product(i, "part €🎻 " + i, List.of()))
                .toList();
        return List.of(
                new Product(0, "", null, List.of(), Map.of(), Size.S, new Sku("")),
                product(1, SECRET, List.of(product(2, SECRET, List.of()))),
                product(3, "many", many));
    }

    @Nested
    final class OfGenericTypes extends CodecContract<Map<String, List<Integer>>> {
        @Override
        protected Codec<Map<String, List<Integer>>> codec() {
            return JsonCodec.of(new TypeReference<Map<String, List<Integer>>>() {});
        }

        @Override
        protected List<Map<String, List<Integer>>> values() {
            return List.of(Map.of(), Map.of(SECRET, List.of(1, 2, 3)));
        }

        @Override
        protected void mutate(Map<String, List<Integer>> value) {
            if (value instanceof HashMap) {
                value.clear();
            }
        }
    }

    @Test
    void theBytesAreJson() {
        byte[] bytes = JsonCodec.of(Sizes.class).encode(new Sizes(1, "é"));

        assertThat(new String(bytes, StandardCharsets.UTF_8)).isEqualTo("{\"width\":1,\"unit\":\"é\"}");
    }

    record Sizes(int width, String unit) {}

    @Nested
    final class Schemas {

        record Before(String name, int price) {}

        record After(String name, int price, @Nullable String currency) {}

        record Renamed(int price, String name) {}

        record Retyped(String name, long price) {}

        record Outer(List<Before> all) {}

        record OuterAfter(List<After> all) {}

        @Test
        void aReaderOfAnotherVersionHasAnotherSchema() {
            byte[] bytes = JsonCodec.of(Before.class).encode(new Before("pen", 3));

            assertThat(JsonCodec.of(After.class).decode(ByteBuffer.wrap(bytes)))
                    .as("what a reader without the schema would take")
                    .isEqualTo(new After("pen", 3, null));
            assertThat(schema(After.class)).isNotEqualTo(schema(Before.class));
            assertThat(schema(Retyped.class)).isNotEqualTo(schema(Before.class));
        }

        @Test
        void aChangeFurtherInsideIsAnotherSchema() {
            assertThat(schema(Outer.class)).isNotEqualTo(schema(OuterAfter.class));
        }

        @Test
        void bytesOfALongerVersionAreRefusedEvenWithoutTheSchema() {
            byte[] bytes = JsonCodec.of(After.class).encode(new After("pen", 3, "EUR"));

            assertThatExceptionOfType(CodecException.class)
                    .isThrownBy(() -> JsonCodec.of(Before.class).decode(ByteBuffer.wrap(bytes)));
        }

        @Test
        void namesOfClassesAndTheOrderOfPropertiesDoNotMatter() {
            assertThat(schema(Renamed.class)).isEqualTo(schema(Before.class));
        }

        @Test
        void theStructureIsWrittenAsItAlwaysWas() {
            assertThat(text(Product.class))
                    .isEqualTo("{id:long,name:java.lang.String,parts:[#0],price:java.math.BigDecimal,"
                            + "size:dev.terrace.cache.codec.json.JsonCodecTest$Size,sku:java.lang.String,"
                            + "stock:map(java.lang.String=java.lang.Integer),}");
            assertThat(text(Animal.class)).isEqualTo("<PROPERTY kind cat={lives:int,} dog={barks:boolean,}>{}");
            assertThat(text(int[].class)).isEqualTo("[int]");
            assertThat(text(String.class)).isEqualTo("java.lang.String");
            assertThat(schema(Before.class)).isEqualTo(0xdbb1b5242d6facf2L);
        }

        @Test
        void aMapperThatNamesPropertiesDifferentlyHasAnotherSchema() {
            ObjectMapper snakes = JsonMapper.builder()
                    .propertyNamingStrategy(PropertyNamingStrategies.UPPER_CAMEL_CASE)
                    .build();

            assertThat(JsonCodec.of(Before.class).withMapper(snakes).schema()).isNotEqualTo(schema(Before.class));
        }

        @Test
        void aGivenSchemaIsTaken() {
            ObjectMapper mapper = new ObjectMapper();

            assertThat(JsonCodec.of(Before.class)
                            .withSchema(7)
                            .withMapper(mapper)
                            .schema())
                    .isEqualTo(7);
        }

        private static long schema(Class<?> type) {
            return JsonCodec.of(type).schema();
        }

        private static String text(Class<?> type) {
            ObjectMapper mapper = new ObjectMapper();
            return Structure.of(mapper, mapper.constructType(type)).text();
        }
    }

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
    @JsonSubTypes({
        @JsonSubTypes.Type(value = Cat.class, name = "cat"),
        @JsonSubTypes.Type(value = Dog.class, name = "dog")
    })
    interface Animal {}

    record Cat(int lives) implements Animal {}

    record Dog(boolean barks) implements Animal {}

    @Nested
    final class OfSubtypesByName extends CodecContract<List<Animal>> {
        @Override
        protected Codec<List<Animal>> codec() {
            return JsonCodec.of(new TypeReference<List<Animal>>() {});
        }

        @Override
        protected List<List<Animal>> values() {
            return List.of(List.of(), List.of(new Cat(9), new Dog(true)));
        }
    }

    @Nested
    final class ClassNames {

        @JsonTypeInfo(use = JsonTypeInfo.Id.CLASS)
        interface ByClass {}

        record OfTheType(List<ByClass> all) {}

        record OfTheProperty(
                @JsonTypeInfo(use = JsonTypeInfo.Id.MINIMAL_CLASS)
                Object any) {}

        record OfTheElements(
                @JsonTypeInfo(use = JsonTypeInfo.Id.CLASS) List<Object> all) {}

        record OfAnything(Object any) {}

        @Test
        void aTypeThatBytesWouldNameByItsClassIsRefused() {
            for (Class<?> type : List.of(ByClass.class, OfTheType.class, OfTheProperty.class, OfTheElements.class)) {
                for (JsonCodec<?> codec :
                        List.of(JsonCodec.of(type), JsonCodec.of(type).withSchema(1))) {
                    assertThatIllegalArgumentException()
                            .as(type.getSimpleName())
                            .isThrownBy(codec::schema)
                            .withMessageContaining("lets bytes name the classes");
                    assertThatIllegalArgumentException()
                            .isThrownBy(() -> codec.decode(ByteBuffer.wrap(new byte[] {'{', '}'})));
                }
            }
        }

        @Test
        void aMapperWithDefaultTypingIsRefused() {
            ObjectMapper typing = JsonMapper.builder()
                    .activateDefaultTyping(BasicPolymorphicTypeValidator.builder()
                            .allowIfBaseType(Object.class)
                            .build())
                    .build();

            assertThatIllegalArgumentException()
                    .isThrownBy(() -> JsonCodec.of(Sizes.class).withMapper(typing))
                    .withMessageContaining("default typing");
        }

        @Test
        void whatLooksLikeAClassNameIsDataOnly() {
            byte[] bytes = "{\"any\":[\"java.util.concurrent.atomic.AtomicLong\",7]}".getBytes(StandardCharsets.UTF_8);

            assertThat(JsonCodec.of(OfAnything.class).decode(ByteBuffer.wrap(bytes)))
                    .isEqualTo(new OfAnything(List.of("java.util.concurrent.atomic.AtomicLong", 7)));
        }
    }

    @Test
    void aNullIsRefusedByItsName() {
        assertThatNullPointerException()
                .isThrownBy(() -> JsonCodec.of((Class<Event>) null))
                .withMessage("type");
        assertThatNullPointerException()
                .isThrownBy(() -> JsonCodec.of((TypeReference<Event>) null))
                .withMessage("type");
        assertThatNullPointerException()
                .isThrownBy(() -> JsonCodec.of(Event.class).withMapper(null))
                .withMessage("withMapper");
    }

    record Event(String name, Instant at) {}

    @Test
    void aTypeThatNeedsAModuleIsRefusedAtOnceUnlessTheMapperHasIt() {
        ObjectMapper mapper = JsonMapper.builder()
                .addModule(new SimpleModule().addSerializer(Instant.class, new ToStringSerializer(Instant.class)))
                .build();

        assertThatIllegalArgumentException()
                .isThrownBy(() -> JsonCodec.of(Event.class).schema())
                .withMessageContainingAll("java.time.Instant", "JsonCodec.withMapper");
        assertThat(new String(
                        JsonCodec.of(Event.class).withMapper(mapper).encode(new Event("a", Instant.EPOCH)),
                        StandardCharsets.UTF_8))
                .isEqualTo("{\"name\":\"a\",\"at\":\"1970-01-01T00:00:00Z\"}");
    }

    static class Shape {
        @JsonProperty
        int corners = 3;
    }

    static final class Square extends Shape {
        @JsonProperty
        int side = 1;
    }

    @Test
    void aValueThatWouldNotBeReadBackAsItIsIsRefused() {
        assertThat(JsonCodec.of(Shape.class).encode(new Shape())).isNotEmpty();
        assertThatExceptionOfType(CodecException.class)
                .isThrownBy(() -> JsonCodec.of(Shape.class).encode(new Square()))
                .withMessageContainingAll("$Square", "$Shape");
    }

    @Test
    void nullAndAnythingAfterTheValueAreRefused() {
        assertRefused("null");
        assertRefused("{\"width\":1,\"unit\":\"m\"} {}");
        assertRefused("{\"width\":1,\"unit\":\"m\",\"more\":1}");
        assertRefused("");
    }

    @Test
    void theLimitsOfTheMapperHold() {
        JsonCodec<Object> plain = JsonCodec.of(Object.class);
        ObjectMapper flat = new ObjectMapper(JsonFactory.builder()
                .streamReadConstraints(
                        StreamReadConstraints.builder().maxNestingDepth(3).build())
                .build());

        assertThatExceptionOfType(CodecException.class).isThrownBy(() -> plain.decode(json("[".repeat(100_000))));
        assertThat(plain.decode(json("[[[[]]]]"))).isNotNull();
        assertThatExceptionOfType(CodecException.class)
                .isThrownBy(() -> plain.withMapper(flat).decode(json("[[[[]]]]")));
    }

    record Unwritable(Map<String, Failing> map) {}

    record Failing(String secret) {
        @JsonProperty
        String computed() {
            return List.of(secret).get(1);
        }
    }

    @Test
    void whatFailsIsNamedByItsPlaceButNotByItsValues() {
        assertThatExceptionOfType(CodecException.class)
                .isThrownBy(() ->
                        JsonCodec.of(Unwritable.class).encode(new Unwritable(Map.of(SECRET, new Failing(SECRET)))))
                .withMessageContaining(" at .map{}.computed: ")
                .withNoCause()
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain(SECRET));
        assertThatExceptionOfType(CodecException.class)
                .isThrownBy(() -> JsonCodec.of(Sizes.class).decode(json("{\"width\":\"" + SECRET + "\"}")))
                .withMessageContaining("line 1, column 10")
                .withNoCause()
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain(SECRET));
    }

    @Test
    void aValueThatContainsItselfIsRefused() {
        List<Object> endless = new ArrayList<>();
        endless.add(endless);

        assertThatExceptionOfType(CodecException.class)
                .isThrownBy(() -> JsonCodec.of(Object.class).encode(endless));
    }

    private static void assertRefused(String json) {
        assertThatExceptionOfType(CodecException.class)
                .isThrownBy(() -> JsonCodec.of(Sizes.class).decode(json(json)));
    }

    private static ByteBuffer json(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }
}
