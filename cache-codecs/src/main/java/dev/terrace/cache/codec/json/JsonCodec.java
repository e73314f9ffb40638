package dev.terrace.cache.codec.json;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonMappingException.Reference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.terrace.cache.codec.Codec;
import dev.terrace.cache.codec.CodecException;
import java.io.IOException;
import java.lang.reflect.Type;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Values as JSON, by Jackson. Immutable.
 *
 * <pre>{@code
 * JsonCodec.of(Product.class)
 * JsonCodec.of(new TypeReference<List<Product>>() {}).withMapper(mapper)
 * }</pre>
 *
 * <p>The mapper is Jackson's own unless another is given; it knows no modules, so that what is written does not depend on
 * the class path. Types such as those of {@code java.time} need a mapper that has their module. A mapper's limits on what it
 * reads ({@code StreamReadConstraints}) hold.
 *
 * <p>Bytes never name a class to be made: a mapper with default typing is refused, and so is a type that
 * {@code @JsonTypeInfo} has identified by class names. Subtypes by logical names ({@code @JsonSubTypes}) are fine. A
 * property, an element or the value itself is read as its declared type; a value of a subclass of a plain class is refused,
 * since what the subclass adds would be lost.
 *
 * <h2>The schema</h2>
 *
 * <p>JSON of an older version of a class can often be read as a newer one, with nulls and zeros for what is missing: values
 * that nobody ever wrote. So {@link #schema()} is by default a fingerprint of the structure that the mapper sees: names and
 * types of the properties that it writes, through all types that they contain, and the names of subtypes. A value of another
 * structure is a miss. The price: every change of that structure, even one property more, loads each value once more; and
 * during a rolling deployment, while nodes of both versions are at work, a key that both read is loaded again whenever the
 * other version wrote last. Not in it are the names of classes that have properties, the constants of enums (an unknown one is a
 * miss anyway), and what custom serializers and the mapper's settings do: who changes those, or wants versions to read each other, takes
 * {@link #withSchema}.
 *
 * <p>The first use of a codec, which is when the cache is built, looks at the type; a type that cannot work is an
 * {@link IllegalArgumentException} there.
 *
 * @param <V> the type of value
 */
public final class JsonCodec<V> implements Codec<V> {

    private static final ObjectMapper PLAIN = JsonMapper.builder().build();

    private final Type type;
    private final ObjectMapper mapper;
    private final @Nullable Long givenSchema;
    private volatile @Nullable Format format;

    private JsonCodec(Type type, ObjectMapper mapper, @Nullable Long givenSchema) {
        this.type = type;
        this.mapper = mapper;
        this.givenSchema = givenSchema;
    }

    /** Values of this class. The id is {@code json}. */
    public static <V> JsonCodec<V> of(Class<V> type) {
        return new JsonCodec<>(Objects.requireNonNull(type, "type"), PLAIN, null);
    }

    /** Values of this type, for generic ones. The id is {@code json}. */
    public static <V> JsonCodec<V> of(TypeReference<V> type) {
        return new JsonCodec<>(Objects.requireNonNull(type, "type").getType(), PLAIN, null);
    }

    /**
     * The same, by this mapper. Its settings are taken when the codec is first used, and must not change after that.
     *
     * @throws IllegalArgumentException if the mapper has default typing on
     */
    public JsonCodec<V> withMapper(ObjectMapper other) {
        Objects.requireNonNull(other, "withMapper");
        if (other.getSerializationConfig().getDefaultTyper(other.constructType(Object.class)) != null
                || other.getDeserializationConfig().getDefaultTyper(other.constructType(Object.class)) != null) {
            throw new IllegalArgumentException(
                    "withMapper: default typing lets bytes name the classes to be made; turn it off");
        }
        return new JsonCodec<>(type, other, givenSchema);
    }

    /** The same, with this schema, to be changed by hand when old bytes must no longer be read. */
    public JsonCodec<V> withSchema(long fingerprint) {
        return new JsonCodec<>(type, mapper, fingerprint);
    }

    @Override
    public String id() {
        return "json";
    }

    /**
     * The given schema, or the fingerprint of the type's structure.
     *
     * @throws IllegalArgumentException if the mapper cannot write the type, or would let bytes name classes
     */
    @Override
    public long schema() {
        return format().schema();
    }

    @Override
    public byte[] encode(V value) {
        Format json = format();
        if (json.exactClass() != null && json.exactClass() != value.getClass()) {
            throw new CodecException("a value of " + value.getClass().getName() + " would be read back as "
                    + json.exactClass().getName());
        }
        try {
            return json.writer().writeValueAsBytes(value);
        } catch (JsonMappingException e) {
            throw failed("be written", e, path(e));
        } catch (IOException | RuntimeException | StackOverflowError e) {
            throw failed("be written", e, "");
        }
    }

    @Override
    public V decode(ByteBuffer bytes) {
        ObjectReader reader = format().reader();
        try {
            V value = bytes.hasArray()
                    ? reader.readValue(bytes.array(), bytes.arrayOffset() + bytes.position(), bytes.remaining())
                    : reader.readValue(copy(bytes));
            if (value != null) {
                return value;
            }
        } catch (JacksonException e) {
            throw failed("be read", e, location(e.getLocation()));
        } catch (IOException | RuntimeException | StackOverflowError e) {
            throw failed("be read", e, "");
        }
        throw new CodecException("JSON null is no value of " + type.getTypeName());
    }

    private static byte[] copy(ByteBuffer bytes) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(copy);
        return copy;
    }

    /** The message of the cause may contain values, so it is not kept. */
    private CodecException failed(String what, Throwable cause, String where) {
        return new CodecException("a value of " + type.getTypeName() + " could not " + what + where + ": "
                + cause.getClass().getName());
    }

    /** Where in the value it was; keys of maps are values, too. */
    private static String path(JsonMappingException e) {
        StringBuilder path = new StringBuilder();
        for (Reference step : e.getPath()) {
            if (step.getFieldName() == null) {
                path.append("[]");
            } else if (step.getFrom() instanceof Map) {
                path.append("{}");
            } else {
                path.append('.').append(step.getFieldName());
            }
        }
        return path.isEmpty() ? "" : " at " + path;
    }

    private static String location(@Nullable JsonLocation place) {
        return place == null ? "" : " at line " + place.getLineNr() + ", column " + place.getColumnNr();
    }

    private Format format() {
        Format known = format;
        if (known == null) {
            known = Format.of(mapper, mapper.constructType(type), givenSchema);
            format = known;
        }
        return known;
    }

    @Override
    public String toString() {
        return "JsonCodec[" + type.getTypeName() + "]";
    }

    /**
     * What the mapper makes of the type.
     *
     * @param exactClass the only class of values that would be read back as they are, where that matters
     */
    private record Format(
            ObjectReader reader,
            ObjectWriter writer,
            long schema,
            @Nullable Class<?> exactClass) {

        static Format of(ObjectMapper mapper, JavaType type, @Nullable Long givenSchema) {
            Structure structure = Structure.of(mapper, type);
            return new Format(
                    mapper.readerFor(type).with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS),
                    mapper.writerFor(type),
                    givenSchema == null ? Codec.fingerprint(structure.text()) : givenSchema,
                    structure.isPlainClass() ? type.getRawClass() : null);
        }
    }
}
