package dev.terrace.cache.redis.structure;

import dev.terrace.cache.codec.Codec;
import dev.terrace.cache.redis.Answer;
import dev.terrace.cache.redis.SharedRedis;
import io.lettuce.core.protocol.CommandType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
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
        return write("put", CommandType.HSET, ascii(name), bytes).map(added -> (Long) added > 0);
    }

    /** Sets several fields at once; answers how many are new. */
    public Answer<Long> putAll(Map<String, ? extends V> fields) {
        if (fields.isEmpty()) {
            throw new IllegalArgumentException("there are no fields");
        }
        List<byte[]> args = new ArrayList<>(2 * fields.size());
        fields.forEach((field, value) -> {
            args.add(ascii(field(field)));
            args.add(codec.encode(value));
        });
        return write("put", CommandType.HSET, args.toArray(byte[][]::new)).map(added -> (Long) added);
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
        return write("add", CommandType.HINCRBY, ascii(name), ascii(Long.toString(number)))
                .map(sum -> (Long) sum);
    }

    /** The number in a field that was counted with {@link #add}; 0 where there is none. */
    public Answer<Long> number(String field) {
        String name = field(field);
        return call("get", commands -> commands.hget(key(), name)).map(RedisStructure::number);
    }

    /** Removes fields; answers how many there were. */
    public Answer<Long> remove(String... fields) {
        if (fields.length == 0) {
            throw new IllegalArgumentException("there are no fields");
        }
        byte[][] names = Arrays.stream(fields).map(field -> ascii(field(field))).toArray(byte[][]::new);
        return write("remove", CommandType.HDEL, names).map(removed -> (Long) removed);
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
