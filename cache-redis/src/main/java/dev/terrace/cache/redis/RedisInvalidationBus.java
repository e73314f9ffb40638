package dev.terrace.cache.redis;

import dev.terrace.cache.spi.InvalidationBus;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;

/**
 * A bus over Redis pub/sub, one channel for each cache: {@code terrace:bus:} and the cache's name, under the connection's
 * namespace. It listens on a connection of its own, which is made when the first cache joins, and made anew within a few seconds
 * when it is lost or answers nothing; what was told meanwhile is not heard, so copies from before are compared then.
 *
 * <p>A notice is one {@code PUBLISH}, sent when the change has been acknowledged; nobody waits for it. What cannot be sent within
 * the connection's budget is lost, and counted. Neither keys nor values are kept in Redis. Whoever may publish there can make
 * nodes compare their copies, and nothing else.
 *
 * <p>Thread-safe; nothing blocks. It ends with the connection.
 */
public final class RedisInvalidationBus implements InvalidationBus {

    private static final String KIND = "bus";

    private final SharedRedis redis;
    private final LongAdder malformed = new LongAdder();

    private RedisInvalidationBus(SharedRedis redis) {
        this.redis = redis;
    }

    /**
     * A bus over a connection, which stays the caller's to close.
     *
     * @param redis such as {@link RedisFarTier#shared} or {@link SharedRedis#connect(String)}
     */
    public static RedisInvalidationBus over(SharedRedis redis) {
        return new RedisInvalidationBus(Objects.requireNonNull(redis, "redis"));
    }

    @Override
    public Member join(String cacheName, Listener listener) {
        redis.requireOpen();
        return new Joined(redis.key("terrace:bus:" + cacheName), listener);
    }

    /** How many messages on this bus's channels were none of its own. */
    public long malformedMessages() {
        return malformed.sum();
    }

    private final class Joined implements Member {

        private final String channel;
        private final Listener listener;
        private final Listening listening;
        private final long id = ThreadLocalRandom.current().nextLong();
        private final AtomicBoolean left = new AtomicBoolean();

        Joined(String channel, Listener listener) {
            this.channel = channel;
            this.listener = Objects.requireNonNull(listener, "listener");
            this.listening =
                    redis.subscriber().listen(channel, this::heard, listener::interrupted, listener::interrupted);
        }

        private void heard(byte[] message) {
            NoticeBytes.Sent sent = NoticeBytes.parse(message);
            if (sent == null) {
                malformed.increment();
            } else if (sent.sender() != id && !left.get()) {
                listener.heard(sent.notice());
            }
        }

        @Override
        public CompletionStage<Void> tell(Notice notice) {
            if (left.get()) {
                return CompletableFuture.failedStage(new IllegalStateException("no member of the bus any more"));
            }
            try {
                byte[] message = NoticeBytes.of(id, notice);
                return redis.call(KIND, "tell", commands -> commands.publish(channel, message), message)
                        .thenAccept(receivers -> {});
            } catch (RuntimeException e) {
                return CompletableFuture.failedStage(e);
            }
        }

        @Override
        public void close() {
            if (left.compareAndSet(false, true)) {
                listening.close();
            }
        }
    }

    /** Names the server. */
    @Override
    public String toString() {
        return "pub/sub of " + redis;
    }
}
