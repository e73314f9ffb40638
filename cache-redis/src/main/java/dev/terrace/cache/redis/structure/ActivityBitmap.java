package dev.terrace.cache.redis.structure;

import dev.terrace.cache.redis.Answer;
import dev.terrace.cache.redis.RedisScript;
import dev.terrace.cache.redis.SharedRedis;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Who was active on which day: a bit for each id and day, one key for each day, all in one slot of a cluster. Ids are small
 * numbers, since a day takes as many bits as the largest. Thread-safe.
 */
public final class ActivityBitmap {

    private static final RedisScript MARK = RedisScript.resource(ActivityBitmap.class, "mark.lua");
    private static final RedisScript STREAK = RedisScript.resource(ActivityBitmap.class, "streak.lua");
    private static final RedisScript ACTIVE = RedisScript.resource(ActivityBitmap.class, "active.lua");
    private static final int LONGEST = 3_660;

    private final SharedRedis redis;
    private final String prefix;
    private final Duration timeToLive;
    private final long mostIds;

    private ActivityBitmap(SharedRedis redis, String name, Duration timeToLive) {
        if (timeToLive.toMillis() < 1) {
            throw new IllegalArgumentException("timeToLive " + timeToLive + " is below 1 ms");
        }
        if (name.indexOf('{') >= 0 || name.indexOf('}') >= 0) {
            throw new IllegalArgumentException("the name has braces, which decide where a cluster keeps it");
        }
        this.redis = redis;
        this.prefix = redis.key("activity:{" + name + "}:");
        this.timeToLive = timeToLive;
        this.mostIds = 8L * redis.maxValueBytes();
    }

    /**
     * The days under this name.
     *
     * @param timeToLive how long a day is kept after the last mark on it
     */
    public static ActivityBitmap on(SharedRedis redis, String name, Duration timeToLive) {
        return new ActivityBitmap(redis, name, timeToLive);
    }

    /**
     * Marks somebody as active on a day.
     *
     * @param id 0 or more; less than eight times the connection's limit for the bytes of a value
     * @return whether it was marked before
     */
    public Answer<Boolean> mark(long id, LocalDate day) {
        return redis.run(
                        "activity", "mark", MARK, List.of(key(day)), bytes(requireId(id)), bytes(timeToLive.toMillis()))
                .map(reply -> Long.valueOf(1).equals(reply.get(0)));
    }

    /** Whether somebody was active on a day. */
    public Answer<Boolean> isActive(long id, LocalDate day) {
        requireId(id);
        String key = key(day);
        return redis.call("activity", "get", commands -> commands.getbit(key, id))
                .map(bit -> bit == 1);
    }

    /** How many were active on a day. */
    public Answer<Long> population(LocalDate day) {
        String key = key(day);
        return redis.call("activity", "population", commands -> commands.bitcount(key));
    }

    /** How many were active on every one of these days. */
    public Answer<Long> activeOnAll(List<LocalDate> days) {
        return counted("AND", days);
    }

    /** How many were active on any of these days. */
    public Answer<Long> activeOnAny(List<LocalDate> days) {
        return counted("OR", days);
    }

    /**
     * On how many days without a break, up to this one, somebody was active; 0 where not on this one.
     *
     * @param most how far back to look, 1 to 3,660
     */
    public Answer<Integer> streak(long id, LocalDate until, int most) {
        if (most < 1 || most > LONGEST) {
            throw new IllegalArgumentException("most " + most + " is not between 1 and " + LONGEST);
        }
        List<String> keys =
                IntStream.range(0, most).mapToObj(i -> key(until.minusDays(i))).toList();
        return redis.run("activity", "streak", STREAK, keys, bytes(requireId(id)))
                .map(reply -> Math.toIntExact((Long) reply.get(0)));
    }

    private Answer<Long> counted(String how, List<LocalDate> days) {
        if (days.isEmpty() || days.size() > LONGEST) {
            throw new IllegalArgumentException("there are not 1 to " + LONGEST + " days");
        }
        List<String> keys = new ArrayList<>(List.of(prefix + "scratch"));
        days.forEach(day -> keys.add(key(day)));
        return redis.run("activity", "count", ACTIVE, keys, how.getBytes(StandardCharsets.US_ASCII))
                .map(reply -> (Long) reply.get(0));
    }

    private String key(LocalDate day) {
        return prefix + day;
    }

    private long requireId(long id) {
        if (id < 0 || id >= mostIds) {
            throw new IllegalArgumentException("id " + id + " is not between 0 and " + (mostIds - 1));
        }
        return id;
    }

    private static byte[] bytes(long number) {
        return Long.toString(number).getBytes(StandardCharsets.US_ASCII);
    }
}
