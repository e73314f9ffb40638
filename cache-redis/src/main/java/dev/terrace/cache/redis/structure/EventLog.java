package dev.terrace.cache.redis.structure;

import dev.terrace.cache.codec.Codec;
import dev.terrace.cache.redis.Answer;
import dev.terrace.cache.redis.RedisCallException;
import dev.terrace.cache.redis.RedisScript;
import dev.terrace.cache.redis.SharedRedis;
import io.lettuce.core.Consumer;
import io.lettuce.core.Limit;
import io.lettuce.core.Range;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.XAutoClaimArgs;
import io.lettuce.core.XReadArgs;
import io.lettuce.core.XReadArgs.StreamOffset;
import io.lettuce.core.protocol.CommandType;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * A log to which events are appended and which is read from any place, by anyone or by groups whose members share the work
 * (a stream). An event that a member of a group was given and did not acknowledge can be taken over by another, so each is
 * handled at least once. An append whose answer was lost may have happened.
 *
 * @param <V> the type of event
 */
public final class EventLog<V> extends RedisStructure {

    private static final String FIELD = "v";
    private static final String BEGINNING = "0-0";
    private static final int MOST = 10_000;

    private static final RedisScript GROUP = RedisScript.resource(EventLog.class, "group.lua");

    private final Codec<V> codec;
    private final long maxLength;

    private EventLog(SharedRedis redis, String name, Codec<V> codec, long maxLength, @Nullable Duration timeToLive) {
        super(redis, "log", name, timeToLive);
        if (maxLength < 1) {
            throw new IllegalArgumentException("maxLength " + maxLength + " is not positive");
        }
        this.codec = codec;
        this.maxLength = maxLength;
    }

    /**
     * The log under this name, without an end.
     *
     * @param maxLength about how many events are kept, the latest
     */
    public static <V> EventLog<V> on(SharedRedis redis, String name, Codec<V> codec, long maxLength) {
        return new EventLog<>(redis, name, codec, maxLength, null);
    }

    /** The log under this name, which ends so long after the last event. */
    public static <V> EventLog<V> on(
            SharedRedis redis, String name, Codec<V> codec, long maxLength, Duration timeToLive) {
        return new EventLog<>(redis, name, codec, maxLength, timeToLive);
    }

    /**
     * An event.
     *
     * @param id such as {@code 1700000000000-0}: rising, and the server's time in milliseconds before the dash
     */
    public record Event<V>(String id, V value) {}

    /** Appends an event, and answers its id. */
    public Answer<String> append(V event) {
        byte[] bytes = codec.encode(event);
        return write(
                        "append",
                        CommandType.XADD,
                        ascii("MAXLEN"),
                        ascii("~"),
                        ascii(Long.toString(maxLength)),
                        ascii("*"),
                        ascii(FIELD),
                        bytes)
                .map(id -> new String((byte[]) id, StandardCharsets.US_ASCII));
    }

    /**
     * Events after an id, the oldest first.
     *
     * @param afterId {@code 0} for all
     * @param count 1 to 10,000
     */
    public Answer<List<Event<V>>> readAfter(String afterId, int count) {
        requireCount(count);
        return call(
                        "read",
                        commands -> commands.xrange(
                                key(),
                                Range.from(Range.Boundary.excluding(afterId), Range.Boundary.unbounded()),
                                Limit.create(0, count)))
                .map(this::events);
    }

    /** The last events, the latest first. */
    public Answer<List<Event<V>>> last(int count) {
        requireCount(count);
        return call("read", commands -> commands.xrevrange(key(), Range.unbounded(), Limit.create(0, count)))
                .map(this::events);
    }

    /** How many events there are. */
    public Answer<Long> size() {
        return call("size", commands -> commands.xlen(key()));
    }

    /** Drops all but about the latest so many; answers how many were dropped. */
    public Answer<Long> trim(long keep) {
        if (keep < 0) {
            throw new IllegalArgumentException("keep " + keep + " is negative");
        }
        return write("trim", CommandType.XTRIM, ascii("MAXLEN"), ascii(Long.toString(keep)))
                .map(dropped -> (Long) dropped);
    }

    /**
     * Makes a group that begins after an id; false where there is one of this name.
     *
     * @param afterId {@code 0} for all events, {@code $} for those to come
     */
    public Answer<Boolean> createGroup(String group, String afterId) {
        requireName("group", group);
        return Answer.of(redis().run("log", "group", GROUP, List.of(key()), life(), ascii(group), ascii(afterId))
                .handle((reply, failure) -> {
                    if (failure == null) {
                        return true;
                    }
                    if (failure instanceof RedisCallException refused
                            && String.valueOf(refused.getMessage()).contains("BUSYGROUP")) {
                        return false;
                    }
                    throw new CompletionException(failure);
                }));
    }

    /** Gives a member of a group events that none of its members was given. Does not wait for any. */
    @SuppressWarnings("unchecked") // Lettuce's array of one generic offset
    public Answer<List<Event<V>>> readAs(String group, String member, int count) {
        requireName("group", group);
        requireName("member", member);
        requireCount(count);
        return call(
                        "read",
                        commands -> commands.xreadgroup(
                                Consumer.from(group, member),
                                XReadArgs.Builder.count(count),
                                StreamOffset.lastConsumed(key())))
                .map(this::events);
    }

    /** Says that a group is done with events; answers how many of them it was not done with before. */
    public Answer<Long> acknowledge(String group, List<String> ids) {
        requireName("group", group);
        if (ids.isEmpty()) {
            return Answer.now(0L);
        }
        return call("acknowledge", commands -> commands.xack(key(), group, ids.toArray(String[]::new)));
    }

    /**
     * Gives a member of a group events that another was given so long ago and did not acknowledge. Needs Redis 6.2; events that
     * were trimmed meanwhile are left out. Asks Redis as often as it takes to find one, or to see that there is none; each
     * time has the budget of a call.
     *
     * @param idle longer than handling an event takes, else two handle it at once
     */
    public Answer<List<Event<V>>> takeOver(String group, String member, Duration idle, int count) {
        requireName("group", group);
        requireName("member", member);
        requireCount(count);
        if (idle.isNegative()) {
            throw new IllegalArgumentException("idle " + idle + " is negative");
        }
        return takeOver(Consumer.from(group, member), idle, count, BEGINNING);
    }

    /** Redis looks at some at a time, and says where it stopped. */
    private Answer<List<Event<V>>> takeOver(Consumer<String> member, Duration idle, int count, String from) {
        XAutoClaimArgs<String> claim =
                XAutoClaimArgs.Builder.xautoclaim(member, idle, from).count(count);
        return Answer.of(call("takeOver", commands -> commands.xautoclaim(key(), claim))
                .thenCompose(claimed -> {
                    List<Event<V>> events = events(claimed.getMessages());
                    return events.isEmpty() && !claimed.getId().equals(BEGINNING)
                            ? takeOver(member, idle, count, claimed.getId())
                            : CompletableFuture.completedFuture(events);
                }));
    }

    /** How many events the group's members were given and did not acknowledge. */
    public Answer<Long> pending(String group) {
        requireName("group", group);
        return call("pending", commands -> commands.xpending(key(), group)).map(pending -> pending.getCount());
    }

    private List<Event<V>> events(List<StreamMessage<String, byte[]>> messages) {
        List<Event<V>> events = new ArrayList<>(messages.size());
        for (StreamMessage<String, byte[]> message : messages) {
            byte[] bytes = message.getBody() == null ? null : message.getBody().get(FIELD);
            if (bytes != null) {
                events.add(new Event<>(message.getId(), decoded(codec, bytes)));
            }
        }
        return events;
    }

    private static void requireCount(int count) {
        if (count < 1 || count > MOST) {
            throw new IllegalArgumentException("count " + count + " is not between 1 and " + MOST);
        }
    }

    private static void requireName(String what, String name) {
        if (name.isEmpty() || !name.chars().allMatch(c -> c > ' ' && c < 127)) {
            throw new IllegalArgumentException(what + " is not printable ASCII without spaces");
        }
    }
}
