package dev.terrace.cache.redis.structure;

import dev.terrace.cache.codec.Codec;
import dev.terrace.cache.codec.CodecException;
import dev.terrace.cache.redis.Answer;
import dev.terrace.cache.redis.RedisCallException;
import dev.terrace.cache.redis.RedisScript;
import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.redis.Wakeups;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A queue whose entries are handed over reliably: one that is taken is kept aside until it is acknowledged, and goes back to the
 * front where that does not happen in time. So each is handled at least once. Whoever waits for an entry is woken by a message;
 * a timer stands behind it, since a message can be lost. Thread-safe.
 *
 * @param <V> the type of entry
 */
public final class RedisQueue<V> {

    private static final RedisScript OFFER = RedisScript.resource(RedisQueue.class, "queue.lua", "offer.lua");
    private static final RedisScript TAKE = RedisScript.resource(RedisQueue.class, "queue.lua", "take.lua");
    private static final RedisScript DONE = RedisScript.resource(RedisQueue.class, "queue.lua", "done.lua");
    private static final RedisScript LEAVE = RedisScript.resource(RedisQueue.class, "queue.lua", "leave.lua");
    private static final Duration RECHECK = Duration.ofSeconds(1);

    private final SharedRedis redis;
    private final Codec<V> codec;
    private final Duration handling;
    private final List<String> keys;
    private final int maxLength;
    private final byte[] life;

    private RedisQueue(
            SharedRedis redis,
            String name,
            Codec<V> codec,
            Duration handling,
            int maxLength,
            @Nullable Duration timeToLive) {
        if (handling.toMillis() < 1) {
            throw new IllegalArgumentException("handling " + handling + " is below 1 ms");
        }
        if (maxLength < 1) {
            throw new IllegalArgumentException("maxLength " + maxLength + " is not positive");
        }
        if (timeToLive != null && timeToLive.compareTo(handling) <= 0) {
            throw new IllegalArgumentException("timeToLive " + timeToLive + " is not longer than handling " + handling);
        }
        if (name.indexOf('{') >= 0 || name.indexOf('}') >= 0) {
            throw new IllegalArgumentException("the name has braces, which decide where a cluster keeps it");
        }
        this.redis = redis;
        this.codec = codec;
        this.handling = handling;
        this.maxLength = maxLength;
        this.life = RedisStructure.ascii(timeToLive == null ? "" : Long.toString(timeToLive.toMillis()));
        String entries = redis.key("queue:{" + name + "}");
        this.keys = List.of(entries, entries + ":taken", entries + ":due", entries + ":waiting");
    }

    /**
     * The queue of this name, without an end.
     *
     * @param handling how long whoever took an entry has to acknowledge it
     * @param maxLength how many entries may wait
     */
    public static <V> RedisQueue<V> on(
            SharedRedis redis, String name, Codec<V> codec, Duration handling, int maxLength) {
        return new RedisQueue<>(redis, name, codec, handling, maxLength, null);
    }

    /**
     * The queue of this name, which ends with all its entries so long after the last change.
     *
     * @param timeToLive longer than {@code handling}
     */
    public static <V> RedisQueue<V> on(
            SharedRedis redis, String name, Codec<V> codec, Duration handling, int maxLength, Duration timeToLive) {
        return new RedisQueue<>(redis, name, codec, handling, maxLength, timeToLive);
    }

    /** An entry that was taken. */
    public final class Taken {

        private final String ticket;
        private final byte[] bytes;

        private Taken(String ticket, byte[] bytes) {
            this.ticket = ticket;
            this.bytes = bytes;
        }

        /**
         * The entry, decoded by each call.
         *
         * @throws CodecException if it cannot be decoded: acknowledge it then, or it comes again for ever
         */
        public V value() {
            return codec.decode(ByteBuffer.wrap(bytes));
        }

        /** Says that it is done with; false where it took too long and may have been given to another. */
        public Answer<Boolean> acknowledge() {
            return done("");
        }

        /** Puts it back to the front, for another try; false where it is there already. */
        public Answer<Boolean> giveBack() {
            return done("back");
        }

        private Answer<Boolean> done(String how) {
            return redis.run("queue", "done", DONE, keys, life, RedisStructure.ascii(ticket), RedisStructure.ascii(how))
                    .map(reply -> Long.valueOf(1).equals(reply.get(0)));
        }
    }

    /** Appends entries, all or none; false where there is no room for them. */
    public Answer<Boolean> offer(Collection<? extends V> entries) {
        byte[][] encoded = RedisStructure.encoded(codec, entries);
        byte[] most = RedisStructure.ascii(Integer.toString(maxLength));
        byte[][] args = RedisStructure.with(life, RedisStructure.with(most, encoded));
        return redis.run("queue", "offer", OFFER, keys, args)
                .map(reply -> Long.valueOf(1).equals(reply.get(0)));
    }

    /**
     * Takes the first entry, or waits for one. Cancelling the answer ends the wait.
     *
     * @param wait zero or more
     * @return empty where there was none all the time
     */
    public Answer<Optional<Taken>> take(Duration wait) {
        if (wait.isNegative()) {
            throw new IllegalArgumentException("wait " + wait + " is negative");
        }
        redis.requireOpen();
        Taking taking = new Taking(wait);
        taking.attempt();
        return taking.answer;
    }

    /** How many entries wait. */
    public Answer<Long> size() {
        return redis.call("queue", "size", commands -> commands.llen(keys.get(0)));
    }

    /** How many entries were taken and not acknowledged. */
    public Answer<Long> inHand() {
        return redis.call("queue", "size", commands -> commands.hlen(keys.get(1)));
    }

    /** Deletes it with all its entries. */
    public Answer<Boolean> delete() {
        return redis.call("queue", "delete", commands -> commands.unlink(keys.toArray(String[]::new)))
                .map(deleted -> deleted > 0);
    }

    private final class Taking {

        private final Answer<Optional<Taken>> answer = new Answer<>();
        private final Duration wait;
        private final long start = System.nanoTime();
        private final String ticket = UUID.randomUUID().toString();
        private final Wakeups.@Nullable Sleeper sleeper;
        private final ReentrantLock lock = new ReentrantLock();
        private boolean trying;
        private boolean wokenMeanwhile;
        private @Nullable Future<?> timer;

        Taking(Duration wait) {
            this.wait = wait;
            this.sleeper = wait.isZero() ? null : redis.wakeups().register(this::attempt);
            if (sleeper != null) {
                redis.bounded(answer, wait);
                answer.whenComplete((taken, failure) -> ended());
            }
        }

        void attempt() {
            lock.lock();
            try {
                if (answer.isDone()) {
                    return;
                }
                if (trying) {
                    wokenMeanwhile = true;
                    return;
                }
                trying = true;
                wokenMeanwhile = false;
                if (timer != null) {
                    timer.cancel(false);
                    timer = null;
                }
            } finally {
                lock.unlock();
            }
            boolean heard =
                    sleeper == null || sleeper.heard().toCompletableFuture().isDone();
            redis.run("queue", "take", TAKE, keys, life, RedisStructure.ascii(ticket), handling(), address())
                    .whenComplete((reply, failure) -> {
                        if (failure != null) {
                            failed(failure);
                        } else if (!reply.isEmpty()) {
                            taken((byte[]) reply.get(0));
                        } else {
                            again(heard);
                        }
                    });
        }

        private void taken(byte[] bytes) {
            Taken taken = new Taken(ticket, bytes);
            if (!answer.complete(Optional.of(taken))) {
                taken.giveBack();
            }
        }

        private void failed(Throwable failure) {
            Throwable cause =
                    failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
            boolean passes = cause instanceof RedisCallException call && call.mayPass();
            if (passes && !left().isZero()) {
                again(true);
            } else {
                answer.completeExceptionally(cause);
            }
        }

        private void again(boolean heard) {
            Duration left = left();
            boolean over;
            boolean now;
            lock.lock();
            try {
                trying = false;
                over = left.isZero() || answer.isDone();
                now = !over && wokenMeanwhile;
                if (!over && !now) {
                    Duration pause = left.compareTo(RECHECK) < 0 ? left : RECHECK;
                    timer = redis.timer().schedule(this::attempt, pause.toNanos(), TimeUnit.NANOSECONDS);
                }
            } catch (RejectedExecutionException e) {
                answer.completeExceptionally(new IllegalStateException(redis + " is closed", e));
                return;
            } finally {
                lock.unlock();
            }
            if (over) {
                if (!answer.complete(Optional.empty())) {
                    leave();
                }
                return;
            }
            if (!heard && sleeper != null) {
                sleeper.heard().thenRun(this::attempt);
            }
            if (now) {
                attempt();
            }
        }

        private void ended() {
            boolean idle;
            lock.lock();
            try {
                idle = !trying;
                if (timer != null) {
                    timer.cancel(false);
                }
            } finally {
                lock.unlock();
            }
            if (sleeper != null) {
                sleeper.close();
            }
            if (idle) {
                leave();
            }
        }

        /** Nobody is to be woken in vain. */
        private void leave() {
            if (sleeper != null) {
                redis.run("queue", "leave", LEAVE, keys, life, address()).whenComplete((reply, failure) -> {
                    if (failure instanceof RedisCallException) {
                        redis.report("queue", failure);
                    }
                });
            }
        }

        private byte[] handling() {
            return RedisStructure.ascii(Long.toString(handling.toMillis()));
        }

        private byte[] address() {
            return RedisStructure.ascii(sleeper == null ? "" : sleeper.address());
        }

        private Duration left() {
            Duration left = wait.minusNanos(System.nanoTime() - start);
            return left.isNegative() ? Duration.ZERO : left;
        }
    }
}
