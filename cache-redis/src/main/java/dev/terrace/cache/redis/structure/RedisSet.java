package dev.terrace.cache.redis.structure;

import dev.terrace.cache.codec.Codec;
import dev.terrace.cache.redis.Answer;
import dev.terrace.cache.redis.SharedRedis;
import io.lettuce.core.protocol.CommandType;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A set. What two values have in common is a matter of their bytes, so a codec must encode equal values equally. Operations on
 * several sets need them in one slot of a cluster: give their names the same part in braces.
 *
 * @param <V> the type of member
 */
public final class RedisSet<V> extends RedisStructure {

    private final Codec<V> codec;

    private RedisSet(SharedRedis redis, String name, Codec<V> codec, @Nullable Duration timeToLive) {
        super(redis, "set", name, timeToLive);
        this.codec = codec;
    }

    /** The set under this name, without an end. */
    public static <V> RedisSet<V> on(SharedRedis redis, String name, Codec<V> codec) {
        return new RedisSet<>(redis, name, codec, null);
    }

    /** The set under this name, which ends so long after the last change. */
    public static <V> RedisSet<V> on(SharedRedis redis, String name, Codec<V> codec, Duration timeToLive) {
        return new RedisSet<>(redis, name, codec, timeToLive);
    }

    /** Adds members; answers how many are new. */
    public Answer<Long> add(Collection<? extends V> members) {
        byte[][] encoded = encoded(codec, members);
        return write("add", CommandType.SADD, encoded).map(added -> (Long) added);
    }

    /** Removes members; answers how many there were. */
    public Answer<Long> remove(Collection<? extends V> members) {
        byte[][] encoded = encoded(codec, members);
        return write("remove", CommandType.SREM, encoded).map(removed -> (Long) removed);
    }

    /** Whether it has a member. */
    public Answer<Boolean> contains(V member) {
        byte[] encoded = codec.encode(member);
        return call("contains", commands -> commands.sismember(key(), encoded), encoded);
    }

    /** How many members there are. */
    public Answer<Long> size() {
        return call("size", commands -> commands.scard(key()));
    }

    /** All members: for small sets, since Redis does nothing else meanwhile. */
    public Answer<Set<V>> members() {
        return call("members", commands -> commands.smembers(key())).map(this::decodedSet);
    }

    /** What this set and all others have. */
    public Answer<Set<V>> intersection(List<RedisSet<V>> others) {
        String[] keys = with(others);
        return call("intersection", commands -> commands.sinter(keys)).map(this::decodedSet);
    }

    /** What this set or any other has. */
    public Answer<Set<V>> union(List<RedisSet<V>> others) {
        String[] keys = with(others);
        return call("union", commands -> commands.sunion(keys)).map(this::decodedSet);
    }

    /** What this set has and no other. */
    public Answer<Set<V>> difference(List<RedisSet<V>> others) {
        String[] keys = with(others);
        return call("difference", commands -> commands.sdiff(keys)).map(this::decodedSet);
    }

    private String[] with(List<RedisSet<V>> others) {
        return Stream.concat(Stream.of(key()), others.stream().map(RedisSet::key))
                .toArray(String[]::new);
    }

    private Set<V> decodedSet(Collection<byte[]> members) {
        return new HashSet<>(decoded(codec, members));
    }
}
