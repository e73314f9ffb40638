package dev.terrace.cache.redis.structure;

import dev.terrace.cache.codec.Codec;
import dev.terrace.cache.redis.Answer;
import dev.terrace.cache.redis.SharedRedis;
import io.lettuce.core.GetExArgs;
import io.lettuce.core.SetArgs;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Values under keys that begin alike, each with a time to live, such as sessions. This is not a cache: it has no near tier, no
 * loader and no protection from stale values. Thread-safe.
 *
 * @param <V> the type of value
 */
public final class RedisValues<V> {

    private final SharedRedis redis;
    private final String prefix;
    private final Codec<V> codec;
    private final Duration timeToLive;

    private RedisValues(SharedRedis redis, String prefix, Codec<V> codec, Duration timeToLive) {
        if (timeToLive.toMillis() < 1) {
            throw new IllegalArgumentException("timeToLive " + timeToLive + " is below 1 ms");
        }
        redis.key(prefix);
        this.redis = redis;
        this.prefix = prefix;
        this.codec = codec;
        this.timeToLive = timeToLive;
    }

    /**
     * Values under keys {@code prefix:name}.
     *
     * @param timeToLive of each value since it was set
     */
    public static <V> RedisValues<V> on(SharedRedis redis, String prefix, Codec<V> codec, Duration timeToLive) {
        return new RedisValues<>(redis, prefix, codec, timeToLive);
    }

    /** Sets a value. */
    public Answer<Boolean> set(String name, V value) {
        String key = key(name);
        byte[] bytes = codec.encode(value);
        return redis.call("value", "set", commands -> commands.set(key, bytes, life()), bytes)
                .map(status -> true);
    }

    /** Sets a value where there is none; false where there was one. */
    public Answer<Boolean> setIfAbsent(String name, V value) {
        String key = key(name);
        byte[] bytes = codec.encode(value);
        return redis.call("value", "set", commands -> commands.set(key, bytes, life().nx()), bytes)
                .map(status -> status != null);
    }

    /** The value. */
    public Answer<Optional<V>> get(String name) {
        String key = key(name);
        return redis.call("value", "get", commands -> commands.get(key)).map(this::optional);
    }

    /** The value, which lives on for the whole time; needs Redis 6.2. */
    public Answer<Optional<V>> getAndTouch(String name) {
        String key = key(name);
        return redis.call("value", "get", commands -> commands.getex(key, GetExArgs.Builder.px(timeToLive)))
                .map(this::optional);
    }

    /** The value, which is deleted; needs Redis 6.2. */
    public Answer<Optional<V>> getAndDelete(String name) {
        String key = key(name);
        return redis.call("value", "delete", commands -> commands.getdel(key)).map(this::optional);
    }

    /** How long a value lives yet. */
    public Answer<Optional<Duration>> timeToLive(String name) {
        String key = key(name);
        return redis.call("value", "ttl", commands -> commands.pttl(key))
                .map(millis -> millis < 0 ? Optional.empty() : Optional.of(Duration.ofMillis(millis)));
    }

    private String key(String name) {
        return redis.key(prefix + ":" + name);
    }

    private SetArgs life() {
        return SetArgs.Builder.px(timeToLive.toMillis());
    }

    private Optional<V> optional(byte @Nullable [] bytes) {
        return bytes == null ? Optional.empty() : Optional.of(codec.decode(ByteBuffer.wrap(bytes)));
    }
}
