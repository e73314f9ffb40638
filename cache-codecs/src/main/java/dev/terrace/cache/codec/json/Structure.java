package dev.terrace.cache.codec.json;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationConfig;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.introspect.AnnotatedMember;
import com.fasterxml.jackson.databind.jsontype.NamedType;
import com.fasterxml.jackson.databind.jsontype.TypeSerializer;
import com.fasterxml.jackson.databind.ser.PropertyWriter;
import com.fasterxml.jackson.databind.ser.impl.UnsupportedTypeSerializer;
import com.fasterxml.jackson.databind.ser.std.BeanSerializerBase;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;

/**
 * The structure of JSON that a mapper writes for a type, as text: {@code {id:long,lines:[{price:int,},],}}. What
 * was seen before is a number, so cycles end. The text depends on neither the order of declaration nor the names of
 * classes with properties. It is part of every stored fingerprint: to change it is to miss every stored value once.
 */
final class Structure {

    private final ObjectMapper mapper;
    private final SerializationConfig config;
    private final SerializerProvider serializers;
    private final Map<JavaType, Integer> seen = new HashMap<>();
    private final StringBuilder text = new StringBuilder();
    private boolean plainClass;

    private Structure(ObjectMapper mapper) {
        this.mapper = mapper;
        this.config = mapper.getSerializationConfig();
        this.serializers = mapper.getSerializerProviderInstance();
    }

    /**
     * Looks through a type.
     *
     * @throws IllegalArgumentException if the mapper cannot write it, or would write names of classes
     */
    static Structure of(ObjectMapper mapper, JavaType type) {
        Structure structure = new Structure(mapper);
        try {
            structure.append(type, true);
            structure.plainClass = type.isConcrete()
                    && !isOfThePlatform(type)
                    && structure.serializers.findTypeSerializer(type) == null
                    && structure.serializers.findValueSerializer(type) instanceof BeanSerializerBase;
            return structure;
        } catch (JsonMappingException e) {
            throw new IllegalArgumentException("JSON of " + type.toCanonical() + ": " + e.getOriginalMessage(), e);
        }
    }

    String text() {
        return text.toString();
    }

    /** Whether values are written and read by the properties of this very class. */
    boolean isPlainClass() {
        return plainClass;
    }

    /** @param named whether the JSON names which subtype it is, where the type wants that */
    private void append(JavaType type, boolean named) throws JsonMappingException {
        JsonSerializer<?> serializer = serializers.findValueSerializer(type);
        if (serializer instanceof UnsupportedTypeSerializer) {
            throw new IllegalArgumentException("JSON of " + type.toCanonical()
                    + " needs a Jackson module: give the codec a mapper that has it, by JsonCodec.withMapper");
        }
        TypeSerializer names = named ? serializers.findTypeSerializer(type) : null;
        AnnotatedMember value = config.introspect(type).findJsonValueAccessor();
        boolean hasProperties = serializer instanceof BeanSerializerBase && !isOfThePlatform(type);
        if (!hasProperties && names == null && value == null && !type.isContainerType() && !type.isReferenceType()) {
            text.append(type.toCanonical());
            return;
        }
        Integer number = seen.putIfAbsent(type, seen.size());
        if (number != null) {
            text.append('#').append(number);
            return;
        }
        if (names != null) {
            appendSubtypes(type, names);
        }
        if (value != null) {
            append(value.getType(), true);
        } else if (type.isMapLikeType()) {
            append("map(", type.getKeyType());
            append("=", type.getContentType()).append(')');
        } else if (type.isContainerType() || type.isReferenceType()) {
            append(type.isReferenceType() ? "maybe(" : "[", type.getContentType())
                    .append(type.isReferenceType() ? ')' : ']');
        } else if (hasProperties) {
            appendProperties((BeanSerializerBase) serializer);
        }
    }

    private StringBuilder append(String before, JavaType type) throws JsonMappingException {
        text.append(before);
        append(type, true);
        return text;
    }

    private void appendProperties(BeanSerializerBase serializer) throws JsonMappingException {
        Map<String, JavaType> properties = new TreeMap<>();
        for (Iterator<PropertyWriter> writers = serializer.properties(); writers.hasNext(); ) {
            PropertyWriter property = writers.next();
            JsonTypeInfo names = property.getAnnotation(JsonTypeInfo.class);
            if (names != null) {
                requireNoClassNames(names.use(), property.getType());
            }
            properties.put(property.getName(), property.getType());
        }
        text.append('{');
        for (Map.Entry<String, JavaType> property : properties.entrySet()) {
            append(property.getKey() + ":", property.getValue()).append(',');
        }
        text.append('}');
    }

    private void appendSubtypes(JavaType type, TypeSerializer names) throws JsonMappingException {
        requireNoClassNames(names.getTypeIdResolver().getMechanism(), type);
        Map<String, JavaType> subtypes = new TreeMap<>();
        for (NamedType subtype : mapper.getSubtypeResolver()
                .collectAndResolveSubtypesByClass(
                        config, config.introspectClassAnnotations(type).getClassInfo())) {
            JavaType known = mapper.constructType(subtype.getType());
            if (known.isConcrete()) {
                subtypes.put(names.getTypeIdResolver().idFromValueAndType(null, known.getRawClass()), known);
            }
        }
        text.append('<').append(names.getTypeInclusion()).append(' ').append(names.getPropertyName());
        for (Map.Entry<String, JavaType> subtype : subtypes.entrySet()) {
            text.append(' ').append(subtype.getKey()).append('=');
            append(subtype.getValue(), false);
        }
        text.append('>');
    }

    private static void requireNoClassNames(JsonTypeInfo.Id use, JavaType type) {
        if (use == JsonTypeInfo.Id.CLASS || use == JsonTypeInfo.Id.MINIMAL_CLASS) {
            throw new IllegalArgumentException("JSON of " + type.toCanonical()
                    + " lets bytes name the classes to be made: use logical names, as @JsonSubTypes gives");
        }
    }

    private static boolean isOfThePlatform(JavaType type) {
        return type.getRawClass().getName().matches("javax?\\..*");
    }
}
