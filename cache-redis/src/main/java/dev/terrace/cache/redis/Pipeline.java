package dev.terrace.cache.redis;

import dev.terrace.cache.redis.RedisCallException.Reason;
import io.lettuce.core.output.NestedMultiOutput;
import io.lettuce.core.protocol.AsyncCommand;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import io.lettuce.core.protocol.ProtocolKeyword;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Commands that are sent together, each with a result or a failure of its own: no more than some thousands are under way at a time,
 * and in a cluster each node is sent its own. They are not a transaction: others' commands come in between, and in a cluster their
 * order holds for one key only. Each part of it has the connection's budget for its answers; where that fails, what comes after
 * it is not sent. Not thread-safe; for one use.
 */
public final class Pipeline {

    private static final int MOST = 1_000_000;
    private static final int PART_COMMANDS = 1_000;
    private static final int PART_BYTES = 1 << 20;
    private static final int PARTS_UNDER_WAY = 4;

    private final Wire wire;
    private final Duration budget;
    private final int maxValueBytes;
    private final Function<Throwable, RuntimeException> translation;
    private final Listener listener;
    private final List<Entry> entries = new ArrayList<>();
    private boolean executed;

    /** Who is told of an execution. */
    interface Listener {

        /**
         * @param start in nanoseconds, of this process's time
         * @param failure the first, or null
         */
        void onEnd(long start, @Nullable RuntimeException failure);
    }

    Pipeline(
            Wire wire,
            Duration budget,
            int maxValueBytes,
            Function<Throwable, RuntimeException> translation,
            Listener listener) {
        this.wire = wire;
        this.budget = budget;
        this.maxValueBytes = maxValueBytes;
        this.translation = translation;
        this.listener = listener;
    }

    /**
     * What came of a command.
     *
     * @param value a {@code Long}, a {@code byte[]} (also for a status), a list of these, or null; null where it failed
     * @param failure why it failed, or null
     */
    public record Result(@Nullable Object value, @Nullable RuntimeException failure) {}

    /** One command, and how it is sent. */
    record Entry(ProtocolKeyword type, String key, byte[][] args) {

        long bytes() {
            long bytes = key.length();
            for (byte[] arg : args) {
                bytes += arg.length;
            }
            return bytes;
        }

        AsyncCommand<String, byte[], List<Object>> command() {
            CommandArgs<String, byte[]> all = RedisSession.args().addKey(key);
            for (byte[] arg : args) {
                all.add(arg);
            }
            return RedisSession.command(type, new NestedMultiOutput<>(KeysAndBytes.CODEC), all);
        }
    }

    /**
     * Adds a command whose first argument is its only key.
     *
     * @param key as it is in Redis: a namespace is put before it by {@link SharedRedis#key}, and not here
     * @throws IllegalArgumentException if an argument is over the connection's size limit
     * @throws IllegalStateException if there are a million already
     */
    public Pipeline add(CommandType type, String key, byte[]... args) {
        if (entries.size() == MOST) {
            throw new IllegalStateException("the pipeline is full with " + MOST + " commands");
        }
        for (byte[] arg : args) {
            if (arg.length > maxValueBytes) {
                throw new IllegalArgumentException(
                        "a value of " + arg.length + " bytes is over maxValueBytes " + maxValueBytes);
            }
        }
        entries.add(new Entry(type, key, args.clone()));
        return this;
    }

    /** Sets a value with a time to live, under a key as it is in Redis. */
    public Pipeline set(String key, byte[] value, Duration timeToLive) {
        if (timeToLive.toMillis() < 1) {
            throw new IllegalArgumentException("timeToLive " + timeToLive + " is below 1 ms");
        }
        return add(
                CommandType.SET,
                key,
                value,
                "PX".getBytes(StandardCharsets.US_ASCII),
                Long.toString(timeToLive.toMillis()).getBytes(StandardCharsets.US_ASCII));
    }

    /** Gets a value, under a key as it is in Redis. */
    public Pipeline get(String key) {
        return add(CommandType.GET, key);
    }

    /** How many commands there are. */
    public int size() {
        return entries.size();
    }

    /** Sends them. The answer is a result for each, in order, and never a failure as a whole. */
    public Answer<List<Result>> execute() {
        if (executed) {
            throw new IllegalStateException("the pipeline was executed already");
        }
        executed = true;
        return new Run(split()).start();
    }

    private List<List<Entry>> split() {
        List<List<Entry>> parts = new ArrayList<>();
        int from = 0;
        long bytes = 0;
        for (int i = 0; i < entries.size(); i++) {
            long size = entries.get(i).bytes();
            if (i > from && (i - from == PART_COMMANDS || bytes + size > PART_BYTES)) {
                parts.add(entries.subList(from, i));
                from = i;
                bytes = 0;
            }
            bytes += size;
        }
        if (from < entries.size()) {
            parts.add(entries.subList(from, entries.size()));
        }
        return parts;
    }

    private static @Nullable RuntimeException firstFailure(List<Result> results) {
        for (Result result : results) {
            if (result.failure() != null) {
                return result.failure();
            }
        }
        return null;
    }

    /**
     * Sends parts, some at a time and one after the other: who finds that one may be sent sends it and all that may be sent
     * meanwhile. After the first it is never the driver's own thread, which would overtake what others have handed to it.
     */
    private final class Run {

        private final List<List<Entry>> parts;
        private final List<CompletableFuture<List<Result>>> done = new ArrayList<>();
        private final Answer<List<Result>> answer = new Answer<>();
        private final AtomicInteger maySend = new AtomicInteger();
        private final long start = System.nanoTime();
        private volatile @Nullable RuntimeException broken;
        private int next; // belongs to who sends

        Run(List<List<Entry>> parts) {
            this.parts = parts;
            parts.forEach(part -> done.add(new CompletableFuture<>()));
        }

        Answer<List<Result>> start() {
            CompletableFuture.allOf(done.toArray(CompletableFuture[]::new)).thenRun(() -> {
                List<Result> all = new ArrayList<>(entries.size());
                done.forEach(part -> all.addAll(part.join()));
                listener.onEnd(start, firstFailure(all));
                answer.complete(all);
            });
            maySend(PARTS_UNDER_WAY);
            return answer;
        }

        private void maySend(int more) {
            if (maySend.getAndAdd(more) == 0) {
                do {
                    if (next < parts.size()) {
                        send(next++);
                    }
                } while (maySend.decrementAndGet() > 0);
            }
        }

        private void send(int number) {
            List<Entry> part = parts.get(number);
            RuntimeException before = broken;
            if (before != null) {
                done.get(number)
                        .complete(part.stream()
                                .map(entry -> new Result(null, before))
                                .toList());
                maySend.incrementAndGet();
                return;
            }
            List<CompletableFuture<List<Object>>> replies = wire.batch(part);
            CompletableFuture.allOf(replies.toArray(CompletableFuture[]::new))
                    .orTimeout(budget.toNanos(), TimeUnit.NANOSECONDS)
                    .whenComplete((all, failure) -> {
                        List<Result> results = new ArrayList<>(part.size());
                        for (CompletableFuture<List<Object>> reply : replies) {
                            Result result = result(reply);
                            results.add(result);
                            if (result.failure() instanceof RedisCallException call
                                    && (call.reason() == Reason.TIMED_OUT || call.reason() == Reason.UNREACHABLE)) {
                                broken = call;
                            }
                        }
                        done.get(number).complete(results);
                        if (number + PARTS_UNDER_WAY < parts.size()) {
                            sendMore();
                        }
                    });
        }

        private void sendMore() {
            try {
                wire.timer().execute(() -> maySend(1));
            } catch (RejectedExecutionException shutDown) {
                // Nothing can be sent any more; the parts that are left are to learn of it here.
                maySend(1);
            }
        }

        private Result result(CompletableFuture<List<Object>> reply) {
            if (!reply.isDone()) {
                return new Result(
                        null,
                        new RedisCallException(
                                Reason.TIMED_OUT, wire.server() + " did not answer within " + budget, null));
            }
            try {
                List<Object> values = reply.join();
                return new Result(values.size() == 1 ? values.get(0) : values, null);
            } catch (RuntimeException failure) {
                return new Result(null, translation.apply(failure));
            }
        }
    }
}
