package dev.terrace.cache.redis.event;

import dev.terrace.cache.codec.Codec;
import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.spi.InvalidationSource;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/**
 * Events of change that others append to a Redis Stream: by {@link dev.terrace.cache.redis.structure.EventLog}, by an outbox, by a
 * database's change feed. Each subscription reads all of them, in order, from where it was: the id of the last event that was
 * handled is kept in Redis under the subscription's name (for 30 days after its last use), so that a process that was away, or lost its connection, is told of
 * everything in between. The first subscription of a name begins with what comes after it.
 *
 * <p>Processes that subscribe under one name each read everything, and share the id from which those that start later go on: what
 * one has handled is then taken for handled, as it is where the far tier has acknowledged an invalidation for all.
 *
 * <p>Whatever cannot be known is told as {@link InvalidationSource.Handler#missed}: where the stream was trimmed or deleted past
 * the place that was read, and where an event cannot be read or understood. What fails otherwise is tried again until it does not,
 * and what comes after it waits. Events are seen within the interval in which the stream is asked, 100 ms by default, and a round
 * trip. Immutable.
 */
public final class StreamEvents<E> implements InvalidationSource<E> {

    private static final String FIELD = "v";

    private final SharedRedis redis;
    private final String stream;
    private final Function<? super Map<String, byte[]>, ? extends E> reading;
    private final Duration interval;

    private StreamEvents(
            SharedRedis redis,
            String stream,
            Function<? super Map<String, byte[]>, ? extends E> reading,
            Duration interval) {
        this.redis = redis;
        this.stream = stream;
        this.reading = Objects.requireNonNull(reading, "reading");
        this.interval = interval;
    }

    /**
     * What is in a stream, read from the fields of its entries.
     *
     * @param stream its key, under the connection's namespace
     * @param reading makes an event of the fields; what it throws means that nobody knows what has changed
     */
    public static <E> StreamEvents<E> of(
            SharedRedis redis, String stream, Function<? super Map<String, byte[]>, ? extends E> reading) {
        return new StreamEvents<>(redis, redis.key(stream), reading, Duration.ofMillis(100));
    }

    /** What an {@link dev.terrace.cache.redis.structure.EventLog} of this name appends. */
    public static <E> StreamEvents<E> of(SharedRedis redis, String log, Codec<E> codec) {
        return of(redis, log, fields -> {
            byte[] bytes = fields.get(FIELD);
            if (bytes == null) {
                throw new IllegalArgumentException("an entry without the field " + FIELD);
            }
            return codec.decode(ByteBuffer.wrap(bytes));
        });
    }

    /**
     * These events, looked for that often.
     *
     * @param interval 1 ms to 1 minute
     */
    public StreamEvents<E> every(Duration interval) {
        if (interval.toMillis() < 1 || interval.compareTo(Duration.ofMinutes(1)) > 0) {
            throw new IllegalArgumentException("interval " + interval + " is not between 1 ms and 1 minute");
        }
        return new StreamEvents<>(redis, stream, reading, interval);
    }

    /**
     * {@inheritDoc} Blocks until Redis has answered, for at most the connection's budget; where it does not, it is asked again in the
     * background. Each subscription has a thread.
     */
    @Override
    public Subscription subscribe(String name, Handler<? super E> handler) {
        return Delivery.start(
                redis,
                name,
                new StreamFeed<>(redis, stream, redis.key("seen:" + name) + ":" + stream, reading, interval),
                handler);
    }

    @Override
    public String toString() {
        return "StreamEvents[" + stream + ", every " + interval + "]";
    }
}
