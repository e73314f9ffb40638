package dev.terrace.cache.redis.structure;

import dev.terrace.cache.codec.Codec;
import dev.terrace.cache.redis.Answer;
import dev.terrace.cache.redis.RedisScript;
import dev.terrace.cache.redis.SharedRedis;
import io.lettuce.core.protocol.CommandType;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * Members by score, the highest first. Members with equal scores share a rank, and the next rank is left out for each of them:
 * 1, 2, 2, 4. Among themselves they stand in the order of their bytes, backwards.
 *
 * @param <V> the type of member
 */
public final class Leaderboard<V> extends RedisStructure {

    private static final RedisScript AROUND = RedisScript.resource(Leaderboard.class, "around.lua");
    private static final int MOST = 10_000;

    private final Codec<V> codec;

    private Leaderboard(SharedRedis redis, String name, Codec<V> codec, @Nullable Duration timeToLive) {
        super(redis, "leaderboard", name, timeToLive);
        this.codec = codec;
    }

    /** The leaderboard under this name, without an end. */
    public static <V> Leaderboard<V> on(SharedRedis redis, String name, Codec<V> codec) {
        return new Leaderboard<>(redis, name, codec, null);
    }

    /** The leaderboard under this name, which ends so long after the last change. */
    public static <V> Leaderboard<V> on(SharedRedis redis, String name, Codec<V> codec, Duration timeToLive) {
        return new Leaderboard<>(redis, name, codec, timeToLive);
    }

    /**
     * A place on it.
     *
     * @param rank from 1; shared by equal scores
     */
    public record Place<V>(long rank, V member, double score) {}

    /** Sets a member's score. */
    public Answer<Boolean> set(V member, double score) {
        byte[] encoded = codec.encode(member);
        requireNumber(score);
        return write("set", CommandType.ZADD, digits(score), encoded).map(added -> (Long) added > 0);
    }

    /** Sets a member's score where it is better than the one it has; true where it was. Needs Redis 6.2. */
    public Answer<Boolean> setIfBetter(V member, double score) {
        byte[] encoded = codec.encode(member);
        requireNumber(score);
        return write("set", CommandType.ZADD, ascii("GT"), ascii("CH"), digits(score), encoded)
                .map(changed -> (Long) changed > 0);
    }

    /** Adds to a member's score, and answers the sum. */
    public Answer<Double> add(V member, double score) {
        byte[] encoded = codec.encode(member);
        requireNumber(score);
        return write("add", CommandType.ZINCRBY, digits(score), encoded).map(Leaderboard::number);
    }

    /** A member's score. */
    public Answer<OptionalDouble> score(V member) {
        byte[] encoded = codec.encode(member);
        return call("score", commands -> commands.zscore(key(), encoded), encoded)
                .map(score -> score == null ? OptionalDouble.empty() : OptionalDouble.of(score));
    }

    /** A member's place. */
    public Answer<Optional<Place<V>>> place(V member) {
        return around(member, 0).map(places -> places.isEmpty() ? Optional.empty() : Optional.of(places.get(0)));
    }

    /** The first places. */
    public Answer<List<Place<V>>> top(int count) {
        return places(requireCount(count));
    }

    /** A member's place with as many before it and after it, as far as there are; empty where it is not on it. */
    public Answer<List<Place<V>>> around(V member, int each) {
        if (each < 0 || each > MOST) {
            throw new IllegalArgumentException("each " + each + " is not between 0 and " + MOST);
        }
        return places(each, codec.encode(member));
    }

    /** How many are on it. */
    public Answer<Long> size() {
        return call("size", commands -> commands.zcard(key()));
    }

    /** Takes a member off. */
    public Answer<Boolean> remove(V member) {
        byte[] encoded = codec.encode(member);
        return write("remove", CommandType.ZREM, encoded).map(removed -> (Long) removed > 0);
    }

    /** @param member none, or one */
    private Answer<List<Place<V>>> places(int count, byte[]... member) {
        byte[][] args = with(ascii(Integer.toString(count)), member);
        return redis().run("leaderboard", "places", AROUND, List.of(key()), args)
                .map(reply -> {
                    List<Place<V>> places = new ArrayList<>(reply.size() / 3);
                    for (int i = 0; i < reply.size(); i += 3) {
                        places.add(new Place<>(
                                (Long) reply.get(i),
                                decoded(codec, (byte[]) reply.get(i + 1)),
                                number(reply.get(i + 2))));
                    }
                    return places;
                });
    }

    private static byte[] digits(double score) {
        return ascii(Double.toString(score));
    }

    private static double number(Object reply) {
        if (reply instanceof Double number) {
            return number;
        }
        String digits = new String((byte[]) reply, StandardCharsets.US_ASCII);
        return switch (digits) {
            case "inf" -> Double.POSITIVE_INFINITY;
            case "-inf" -> Double.NEGATIVE_INFINITY;
            default -> Double.parseDouble(digits);
        };
    }

    private static int requireCount(int count) {
        if (count < 1 || count > MOST) {
            throw new IllegalArgumentException("count " + count + " is not between 1 and " + MOST);
        }
        return count;
    }

    private static void requireNumber(double score) {
        if (Double.isNaN(score)) {
            throw new IllegalArgumentException("the score is not a number");
        }
    }
}
