package dev.terrace.cache.redis.structure;

import dev.terrace.cache.codec.Codec;
import dev.terrace.cache.redis.Answer;
import dev.terrace.cache.redis.SharedRedis;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What all structures have: one key in Redis, under the connection's namespace. Thread-safe; nothing blocks but
 * {@link Answer#await}.
 *
 * <p>Where a time to live was given, every write sets it anew: the command for it is sent right behind the write, so that only a
 * connection that is lost between the two leaves it out until the next write. An answer to a write is one to both.
 */
public abstract class RedisStructure {

    private final SharedRedis redis;
    private final String kind;
    private final String key;
    private final @Nullable Duration timeToLive;

    RedisStructure(SharedRedis redis, String kind, String name, @Nullable Duration timeToLive) {
        if (timeToLive != null && timeToLive.toMillis() < 1) {
            throw new IllegalArgumentException("timeToLive " + timeToLive + " is below 1 ms");
        }
        this.redis = redis;
        this.kind = kind;
        this.key = redis.key(name);
        this.timeToLive = timeToLive;
    }

    /** The key in Redis. */
    public final String key() {
        return key;
    }

    /** Lets it end after this time; false where there is nothing. */
    public final Answer<Boolean> expireAfter(Duration time) {
        if (time.toMillis() < 1) {
            throw new IllegalArgumentException("time " + time + " is below 1 ms");
        }
        return call("expire", commands -> commands.pexpire(key, time.toMillis()));
    }

    /** How long it lives yet; empty where there is nothing, or it has no end. */
    public final Answer<Optional<Duration>> timeToLive() {
        return call("ttl", commands -> commands.pttl(key))
                .map(millis -> millis < 0 ? Optional.empty() : Optional.of(Duration.ofMillis(millis)));
    }

    /** Deletes it; false where there was nothing. */
    public final Answer<Boolean> delete() {
        return call("delete", commands -> commands.unlink(key)).map(deleted -> deleted > 0);
    }

    @Override
    public final String toString() {
        return kind + " \"" + key + "\"";
    }

    final SharedRedis redis() {
        return redis;
    }

    final <T extends @Nullable Object> Answer<T> call(
            String name,
            Function<? super RedisClusterAsyncCommands<String, byte[]>, ? extends CompletionStage<T>> operation,
            byte[]... values) {
        return redis.call(kind, name, operation, values);
    }

    /** A call that writes, and so sets the time to live anew. */
    final <T extends @Nullable Object> Answer<T> write(
            String name,
            Function<? super RedisClusterAsyncCommands<String, byte[]>, ? extends CompletionStage<T>> operation,
            byte[]... values) {
        Duration life = timeToLive;
        if (life == null) {
            return call(name, operation, values);
        }
        return call(
                name,
                commands -> {
                    CompletionStage<T> written = operation.apply(commands);
                    return written.thenCombine(commands.pexpire(key, life.toMillis()), (result, expires) -> result);
                },
                values);
    }

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    static <V> byte[][] encoded(Codec<V> codec, Collection<? extends V> values) {
        if (values.isEmpty()) {
            throw new IllegalArgumentException("there are no values");
        }
        byte[][] all = new byte[values.size()][];
        int next = 0;
        for (V value : values) {
            all[next++] = codec.encode(value);
        }
        return all;
    }

    static <V> V decoded(Codec<V> codec, byte[] bytes) {
        return codec.decode(ByteBuffer.wrap(bytes));
    }

    static <V> List<V> decoded(Codec<V> codec, Collection<byte[]> all) {
        List<V> values = new ArrayList<>(all.size());
        all.forEach(bytes -> values.add(decoded(codec, bytes)));
        return values;
    }

    static <V> Optional<V> optional(Codec<V> codec, byte @Nullable [] bytes) {
        return bytes == null ? Optional.empty() : Optional.of(decoded(codec, bytes));
    }
}
