package dev.terrace.cache.redis.event;

import dev.terrace.cache.codec.Codec;
import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.spi.InvalidationSource;
import java.util.Objects;

/**
 * Events of change that others publish to a Redis channel. Redis keeps nothing: what is published while nobody listens, or while
 * the connection is down, is not heard. After such a time, and where more events come than can be handled, or one cannot be read
 * or understood, it is told that something was missed ({@link InvalidationSource.Handler#missed}); what was published before the
 * subscription, or between two of one name, is not. Where that matters, {@link StreamEvents} is the source. Immutable.
 */
public final class ChannelEvents<E> implements InvalidationSource<E> {

    private final SharedRedis redis;
    private final String channel;
    private final Codec<E> codec;

    private ChannelEvents(SharedRedis redis, String channel, Codec<E> codec) {
        this.redis = redis;
        this.channel = channel;
        this.codec = codec;
    }

    /**
     * What is published to a channel.
     *
     * @param channel its name, as it is
     */
    public static <E> ChannelEvents<E> of(SharedRedis redis, String channel, Codec<E> codec) {
        return new ChannelEvents<>(
                Objects.requireNonNull(redis, "redis"),
                Objects.requireNonNull(channel, "channel"),
                Objects.requireNonNull(codec, "codec"));
    }

    /**
     * {@inheritDoc} Blocks until Redis has answered, for at most the connection's budget; where it does not, it is asked again in the
     * background. Each subscription has a thread.
     */
    @Override
    public Subscription subscribe(String name, Handler<? super E> handler) {
        return Delivery.start(redis, name, new ChannelFeed<>(redis, channel, codec), handler);
    }

    @Override
    public String toString() {
        return "ChannelEvents[" + channel + "]";
    }
}
