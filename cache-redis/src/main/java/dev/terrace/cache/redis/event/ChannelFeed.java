package dev.terrace.cache.redis.event;

import dev.terrace.cache.codec.Codec;
import dev.terrace.cache.redis.Listening;
import dev.terrace.cache.redis.SharedRedis;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** What is published to a channel, in a queue that holds so many messages. */
final class ChannelFeed<E> implements Feed<E> {

    static final int ROOM = 1_000;
    private static final int AT_ONCE = 100;
    private static final long LONGEST_WAIT_MILLIS = 500;

    private final SharedRedis redis;
    private final Codec<E> codec;
    private final Listening listening;
    private final BlockingQueue<byte[]> messages = new ArrayBlockingQueue<>(ROOM);
    private final AtomicBoolean missed = new AtomicBoolean();

    ChannelFeed(SharedRedis redis, String channel, Codec<E> codec) {
        this.redis = redis;
        this.codec = codec;
        this.listening = redis.listen(channel, this::message, () -> missed.set(true));
    }

    @Override
    public void begin() {
        CompletableFuture<Void> heard = listening.heard().toCompletableFuture();
        boolean inTime = heard.thenApply(done -> true)
                .completeOnTimeout(false, redis.budget().toNanos(), TimeUnit.NANOSECONDS)
                .exceptionally(failure -> false)
                .join();
        if (!inTime) {
            heard.thenRun(() -> missed.set(true));
        }
    }

    private void message(byte[] message) {
        if (!messages.offer(message)) {
            missed.set(true);
        }
    }

    @Override
    public Batch<E> next() throws InterruptedException {
        List<byte[]> taken = new ArrayList<>();
        byte[] first = messages.poll(missed.get() ? 0 : LONGEST_WAIT_MILLIS, TimeUnit.MILLISECONDS);
        if (first != null) {
            taken.add(first);
            messages.drainTo(taken, AT_ONCE - 1);
        }
        boolean some = missed.getAndSet(false);
        List<E> events = new ArrayList<>(taken.size());
        for (byte[] message : taken) {
            try {
                events.add(codec.decode(ByteBuffer.wrap(message)));
            } catch (RuntimeException notUnderstood) {
                redis.report("events", notUnderstood);
                some = true;
            }
        }
        return new Batch<>(events, some);
    }

    /** Nothing was there for a while already. */
    @Override
    public Duration idle() {
        return Duration.ZERO;
    }

    /** Nobody is to be told. */
    @Override
    public void handled() {}

    @Override
    public void close() {
        listening.close();
    }
}
