package dev.terrace.cache.redis.structure;

import dev.terrace.cache.codec.Codec;
import dev.terrace.cache.redis.Answer;
import dev.terrace.cache.redis.RedisCallException;
import dev.terrace.cache.redis.RedisScript;
import dev.terrace.cache.redis.SharedRedis;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.NestedMultiOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
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
 * <p>Where a time to live was given, every write sets it anew, together with the write or not at all: a write that is refused, as
 * where something of another type is under the key, does not let that end.
 */
public abstract class RedisStructure {

    private static final RedisScript WRITE = RedisScript.resource(RedisStructure.class, "write.lua");
    private static final RedisCodec<String, byte[]> CODEC = RedisCodec.of(StringCodec.ASCII, ByteArrayCodec.INSTANCE);

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

    /**
     * A call of a command that writes, and so sets the time to live anew. Given thousands of arguments, it must be one whose
     * answers to parts of them can be added up.
     *
     * @param args what comes after the key
     * @return a {@code Long}, {@code Double} or {@code byte[]}
     */
    final Answer<Object> write(String name, CommandType command, byte[]... args) {
        if (timeToLive == null) {
            return call(
                            name,
                            commands -> commands.dispatch(
                                    command,
                                    new NestedMultiOutput<>(CODEC),
                                    new CommandArgs<>(CODEC).addKey(key).addValues(args)),
                            args)
                    .map(reply -> reply.get(0));
        }
        byte[][] all = new byte[args.length + 2][];
        all[0] = life();
        all[1] = ascii(command.name());
        System.arraycopy(args, 0, all, 2, args.length);
        return redis.run(kind, name, WRITE, List.of(key), all).map(reply -> reply.get(0));
    }

    /** The time to live in milliseconds for scripts, or nothing. */
    final byte[] life() {
        return timeToLive == null ? new byte[0] : ascii(Long.toString(timeToLive.toMillis()));
    }

    static byte[][] with(byte[] first, byte[][] others) {
        byte[][] all = new byte[others.length + 1][];
        all[0] = first;
        System.arraycopy(others, 0, all, 1, others.length);
        return all;
    }

    /** The number that Redis keeps as digits; 0 where there is none. */
    static long number(byte @Nullable [] digits) {
        if (digits == null) {
            return 0;
        }
        try {
            return Long.parseLong(new String(digits, StandardCharsets.US_ASCII));
        } catch (NumberFormatException e) {
            throw new RedisCallException(
                    RedisCallException.Reason.WRONG_TYPE, "under the key is something that is no number", null);
        }
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
