package dev.terrace.cache.redis.structure;

import dev.terrace.cache.codec.Codec;
import dev.terrace.cache.redis.Answer;
import dev.terrace.cache.redis.SharedRedis;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The fields of an object, or a number of counters, under one key. Field names are printable ASCII.
 *
 * @param <V> the type of value of a field
 */
public final class RedisHash<V> extends RedisStructure {

    private final Codec<V> codec;

    private RedisHash(SharedRedis redis, String name, Codec<V> codec, @Nullable Duration timeToLive) {
        super(redis, "hash", name, timeToLive);
        this.codec = codec;
    }

    /** The hash under this name, without an end. */
    public static <V> RedisHash<V> on(SharedRedis redis, String name, Codec<V> codec) {
        return new RedisHash<>(redis, name, codec, null);
    }

    /** The hash under this name, which ends so long after the last change. */
    public static <V> RedisHash<V> on(SharedRedis redis, String name, Codec<V> codec, Duration timeToLive) {
        return new RedisHash<>(redis, name, codec, timeToLive);
    }

    /** Sets a field; true where it is new. */
    public Answer<Boolean> put(String field, V value) {
        String name = field(field);
        byte[] bytes = codec.encode(value);
        return write("put", commands -> commands.hset(key(), name, bytes), bytes);
    }

    /** Sets several fields at once; answers how many are new. */
    public Answer<Long> putAll(Map<String, ? extends V> fields) {
        Map<String, byte[]> encoded = new LinkedHashMap<>();
        fields.forEach((field, value) -> encoded.put(field(field), codec.encode(value)));
        if (encoded.isEmpty()) {
            throw new IllegalArgumentException("there are no fields");
        }
        return write(
                "put",
                commands -> commands.hset(key(), encoded),
                encoded.values().toArray(byte[][]::new));
    }

    /** The value of a field. */
    public Answer<Optional<V>> get(String field) {
        String name = field(field);
        return call("get", commands -> commands.hget(key(), name)).map(bytes -> optional(codec, bytes));
    }

    /** All fields, in no order. */
    public Answer<Map<String, V>> getAll() {
        return call("getAll", commands -> commands.hgetall(key())).map(fields -> {
            Map<String, V> values = new LinkedHashMap<>();
            fields.forEach((field, bytes) -> values.put(field, decoded(codec, bytes)));
            return values;
        });
    }

    /** Adds to a field that holds a decimal number, and answers the sum; the codec has no part in it. */
    public Answer<Long> add(String field, long number) {
        String name = field(field);
        return write("add", commands -> commands.hincrby(key(), name, number));
    }

    /** The number in a field that was counted with {@link #add}; 0 where there is none. */
    public Answer<Long> number(String field) {
        String name = field(field);
        return call("get", commands -> commands.hget(key(), name))
                .map(digits -> digits == null ? 0L : Long.parseLong(new String(digits, StandardCharsets.US_ASCII)));
    }

    /** Removes fields; answers how many there were. */
    public Answer<Long> remove(String... fields) {
        for (String field : fields) {
            field(field);
        }
        return write("remove", commands -> commands.hdel(key(), fields));
    }

    /** How many fields there are. */
    public Answer<Long> size() {
        return call("size", commands -> commands.hlen(key()));
    }

    private static String field(String field) {
        if (!field.chars().allMatch(c -> c >= ' ' && c < 127)) {
            throw new IllegalArgumentException("the field's name is not printable ASCII");
        }
        return field;
    }
}
