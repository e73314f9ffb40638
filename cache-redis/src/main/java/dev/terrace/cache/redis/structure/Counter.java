package dev.terrace.cache.redis.structure;

import dev.terrace.cache.redis.Answer;
import dev.terrace.cache.redis.SharedRedis;
import io.lettuce.core.protocol.CommandType;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A number that processes count up together. An overflow of 64 bits is refused by Redis. */
public final class Counter extends RedisStructure {

    private Counter(SharedRedis redis, String name, @Nullable Duration timeToLive) {
        super(redis, "counter", name, timeToLive);
    }

    /** The counter under this name, without an end. */
    public static Counter on(SharedRedis redis, String name) {
        return new Counter(redis, name, null);
    }

    /** The counter under this name, which ends so long after the last change. */
    public static Counter on(SharedRedis redis, String name, Duration timeToLive) {
        return new Counter(redis, name, timeToLive);
    }

    /** Adds one. */
    public Answer<Long> increment() {
        return add(1);
    }

    /** Adds a number, which may be negative, and answers the sum. */
    public Answer<Long> add(long number) {
        return write("add", CommandType.INCRBY, ascii(Long.toString(number))).map(sum -> (Long) sum);
    }

    /** The number; 0 where there is none. */
    public Answer<Long> get() {
        return call("get", commands -> commands.get(key())).map(RedisStructure::number);
    }
}
