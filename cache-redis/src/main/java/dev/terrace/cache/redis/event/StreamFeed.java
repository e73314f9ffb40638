package dev.terrace.cache.redis.event;

import dev.terrace.cache.redis.RedisScript;
import dev.terrace.cache.redis.SharedRedis;
import io.lettuce.core.Limit;
import io.lettuce.core.Range;
import io.lettuce.core.StreamMessage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What is in a stream from a place on that is kept beside it. */
final class StreamFeed<E> implements Feed<E> {

    private static final RedisScript SEEN = RedisScript.resource(StreamFeed.class, "seen.lua");
    private static final String START = "0-0";
    private static final int AT_ONCE = 100;
    private static final Duration KEPT = Duration.ofDays(30);

    private final SharedRedis redis;
    private final String stream;
    private final String seenKey;
    private final Function<? super Map<String, byte[]>, ? extends E> reading;
    private final Duration interval;
    /** The last entry that was handled, and the last that was read. */
    private @Nullable String seen;

    private String read = START;

    StreamFeed(
            SharedRedis redis,
            String stream,
            String seenKey,
            Function<? super Map<String, byte[]>, ? extends E> reading,
            Duration interval) {
        this.redis = redis;
        this.stream = stream;
        this.seenKey = seenKey;
        this.reading = reading;
        this.interval = interval;
    }

    @Override
    public void begin() {
        seen = place();
    }

    @Override
    public Batch<E> next() {
        String from = seen == null ? place() : seen;
        seen = from;
        // With the last that was handled, to see whether it is still there.
        List<StreamMessage<String, byte[]>> entries = redis.call(
                        "events",
                        "read",
                        commands -> commands.xrange(
                                stream,
                                Range.from(Range.Boundary.including(from), Range.Boundary.unbounded()),
                                Limit.create(0, AT_ONCE + 1)))
                .await();
        boolean isThere = !entries.isEmpty() && entries.get(0).getId().equals(from);
        boolean missed = !isThere && !from.equals(START);
        List<StreamMessage<String, byte[]>> after = isThere ? entries.subList(1, entries.size()) : entries;
        if (after.isEmpty() && !missed) {
            return new Batch<>(List.of(), false);
        }
        List<E> events = new ArrayList<>(after.size());
        for (StreamMessage<String, byte[]> entry : after) {
            try {
                events.add(reading.apply(entry.getBody()));
            } catch (RuntimeException notUnderstood) {
                redis.report("events", notUnderstood);
                missed = true;
            }
        }
        read = after.isEmpty() ? START : after.get(after.size() - 1).getId();
        return new Batch<>(events, missed);
    }

    /** Where an earlier subscription was; else what comes from now on. */
    private String place() {
        byte[] kept =
                redis.call("events", "seen", commands -> commands.get(seenKey)).await();
        if (kept != null) {
            return new String(kept, StandardCharsets.US_ASCII);
        }
        List<StreamMessage<String, byte[]>> last = redis.call(
                        "events", "read", commands -> commands.xrevrange(stream, Range.unbounded(), Limit.create(0, 1)))
                .await();
        String begin = last.isEmpty() ? START : last.get(0).getId();
        keep(begin);
        return begin;
    }

    @Override
    public void handled() {
        keep(read);
        seen = read;
    }

    private void keep(String id) {
        redis.run(
                        "events",
                        "seen",
                        SEEN,
                        List.of(seenKey),
                        id.getBytes(StandardCharsets.US_ASCII),
                        Long.toString(KEPT.toMillis()).getBytes(StandardCharsets.US_ASCII))
                .await();
    }

    @Override
    public Duration idle() {
        return interval;
    }

    @Override
    public void close() {}
}
