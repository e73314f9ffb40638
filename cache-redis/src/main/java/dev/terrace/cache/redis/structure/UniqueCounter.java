package dev.terrace.cache.redis.structure;

import dev.terrace.cache.codec.Codec;
import dev.terrace.cache.redis.Answer;
import dev.terrace.cache.redis.RedisScript;
import dev.terrace.cache.redis.SharedRedis;
import io.lettuce.core.protocol.CommandType;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Counts different values in 12 kB at most, however many they are, with a standard error of 0.81 % (HyperLogLog). Operations on
 * several need them in one slot of a cluster: give their names the same part in braces.
 *
 * @param <V> the type of value
 */
public final class UniqueCounter<V> extends RedisStructure {

    private static final RedisScript MERGE = RedisScript.resource(UniqueCounter.class, "merge.lua");

    private final Codec<V> codec;

    private UniqueCounter(SharedRedis redis, String name, Codec<V> codec, @Nullable Duration timeToLive) {
        super(redis, "unique", name, timeToLive);
        this.codec = codec;
    }

    /** The counter under this name, without an end. */
    public static <V> UniqueCounter<V> on(SharedRedis redis, String name, Codec<V> codec) {
        return new UniqueCounter<>(redis, name, codec, null);
    }

    /** The counter under this name, which ends so long after the last change. */
    public static <V> UniqueCounter<V> on(SharedRedis redis, String name, Codec<V> codec, Duration timeToLive) {
        return new UniqueCounter<>(redis, name, codec, timeToLive);
    }

    /** Counts values; true where the estimate has changed. */
    public Answer<Boolean> add(Collection<? extends V> values) {
        byte[][] encoded = encoded(codec, values);
        return write("add", CommandType.PFADD, encoded).map(changed -> (Long) changed > 0);
    }

    /** How many different values, about. */
    public Answer<Long> count() {
        return countWith(List.of());
    }

    /** How many different values this and others have together, about. */
    public Answer<Long> countWith(List<UniqueCounter<V>> others) {
        String[] keys = Stream.concat(Stream.of(key()), others.stream().map(UniqueCounter::key))
                .toArray(String[]::new);
        return call("count", commands -> commands.pfcount(keys));
    }

    /** Makes this count what others counted as well. */
    public Answer<Boolean> merge(List<UniqueCounter<V>> others) {
        List<String> keys = Stream.concat(Stream.of(key()), others.stream().map(UniqueCounter::key))
                .toList();
        return redis().run("unique", "merge", MERGE, keys, life()).map(reply -> true);
    }
}
