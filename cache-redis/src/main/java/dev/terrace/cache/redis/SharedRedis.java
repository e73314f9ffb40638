package dev.terrace.cache.redis;

import dev.terrace.cache.CacheListener;
import dev.terrace.cache.FailureKind;
import dev.terrace.cache.codec.CodecException;
import dev.terrace.cache.redis.RedisCallException.Reason;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A connection to Redis that locks, limiters and data structures share: that of a far tier ({@link RedisFarTier#shared}), or
 * one of their own to a single Redis, to the primary that sentinels name, or to a cluster. Thread-safe; nothing blocks but
 * {@link #close} and {@link Answer#await}.
 *
 * <p>A call that is not answered within the budget fails with {@link RedisCallException}, as does one without a connection. To
 * one Redis nothing is sent twice. In a cluster the application's client decides: by its default, Lettuce sends what was not
 * answered again on a new connection, so set {@code autoReconnect} and a {@code replayFilter} as you need them.
 *
 * <p>The {@code with…} methods make views of the same connection.
 */
public final class SharedRedis implements AutoCloseable {

    private static final Duration BUDGET = Duration.ofSeconds(1);
    private static final int MAX_VALUE_BYTES = 8 << 20;
    private static final Duration AGAIN_AFTER = Duration.ofMillis(10);
    private static final Duration LONGEST_WAIT = Duration.ofDays(36_500);

    /** Errors of a server that says something else some time later; those of a script may have words before them. */
    private static final Pattern PASSING =
            Pattern.compile("(^|: -?)(LOADING|BUSY|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN) ");

    private final Line line;
    private final View view;

    /** What is there once for each connection. */
    private record Line(
            Wire wire,
            Subscriber subscriber,
            Wakeups wakeups,
            AtomicBoolean closed,
            Counters counters,
            UntoldFailures untold,
            Set<Answer<?>> waiting,
            boolean owned) {}

    private record Counters(LongAdder calls, LongAdder failures, LongAdder listenerFailures) {}

    private record View(String prefix, Duration budget, int maxValueBytes, CacheListener listener) {}

    private SharedRedis(Line line, View view) {
        this.line = line;
        this.view = view;
    }

    static SharedRedis over(Wire wire, String namespace, boolean owned) {
        Counters counters = new Counters(new LongAdder(), new LongAdder(), new LongAdder());
        UntoldFailures untold = new UntoldFailures();
        Subscriber subscriber = new Subscriber(wire, untold);
        return new SharedRedis(
                new Line(
                        wire,
                        subscriber,
                        new Wakeups(subscriber),
                        new AtomicBoolean(),
                        counters,
                        untold,
                        ConcurrentHashMap.newKeySet(),
                        owned),
                new View(prefix(namespace), BUDGET, MAX_VALUE_BYTES, CacheListener.NONE));
    }

    /**
     * A connection of its own, which {@link #close} closes with its client.
     *
     * @param uri such as {@code redis://user:password@host:6379/0}, {@code rediss://…} for TLS, or
     *     {@code redis-sentinel://host:26379,host2:26379#primary}
     * @throws IllegalArgumentException if it is no URI of Redis; the message has no credentials
     */
    public static SharedRedis connect(String uri) {
        return connect(Uris.parse(Objects.requireNonNull(uri, "uri")));
    }

    /** As {@link #connect(String)}. */
    public static SharedRedis connect(RedisURI uri) {
        return over(SingleWire.open(Client.own(Uris.named(uri, "terrace-shared"), null)), "", true);
    }

    /**
     * A connection made with a client of the application, to the client's URI, which may name sentinels: they are asked when a
     * connection is made, and not watched as those of a URI that is {@linkplain #connect(RedisURI) given here}. {@link #close}
     * closes the connection and leaves the client open.
     */
    public static SharedRedis using(RedisClient client) {
        return over(SingleWire.open(Client.of(client)), "", true);
    }

    /**
     * Connections to a cluster made with a client of the application. {@link #close} closes the connections and leaves the
     * client open.
     */
    public static SharedRedis using(RedisClusterClient client) {
        return over(new ClusterWire(client, () -> {}), "", true);
    }

    /**
     * A view whose keys begin with a namespace: those of locks, limiters and structures, and what {@link #key} makes. Commands
     * that are given a key of Redis, in a {@link #pipeline} or a {@link #call}, use it as it is.
     *
     * @param namespace of {@code [A-Za-z0-9._-]+}
     */
    public SharedRedis withNamespace(String namespace) {
        return new SharedRedis(
                line,
                new View(
                        prefix(RedisFarTier.Builder.namespaceOf(namespace)),
                        view.budget,
                        view.maxValueBytes,
                        view.listener));
    }

    /**
     * A view whose calls have this long for an answer; 1 s by default.
     *
     * @param budget 1 ms or more
     */
    public SharedRedis withBudget(Duration budget) {
        if (budget.toMillis() < 1) {
            throw new IllegalArgumentException("budget " + budget + " is below 1 ms");
        }
        return new SharedRedis(line, new View(view.prefix, budget, view.maxValueBytes, view.listener));
    }

    /**
     * A view that refuses values of more bytes; 8 MiB by default.
     *
     * @param maxValueBytes positive
     */
    public SharedRedis withMaxValueBytes(int maxValueBytes) {
        if (maxValueBytes < 1) {
            throw new IllegalArgumentException("maxValueBytes " + maxValueBytes + " is not positive");
        }
        return new SharedRedis(line, new View(view.prefix, view.budget, maxValueBytes, view.listener));
    }

    /**
     * A view whose calls are told to a listener ({@link CacheListener#onCommand}), which may be that of the caches; a pipeline is
     * one call, which failed if any of its commands did.
     */
    public SharedRedis withListener(CacheListener listener) {
        return new SharedRedis(
                line,
                new View(view.prefix, view.budget, view.maxValueBytes, Objects.requireNonNull(listener, "listener")));
    }

    /** How long a call has for its answer. */
    public Duration budget() {
        return view.budget;
    }

    /** How many bytes a value may have. */
    public int maxValueBytes() {
        return view.maxValueBytes;
    }

    /** How many calls were made; a pipeline is one. */
    public long calls() {
        return line.counters.calls.sum();
    }

    /** How many calls failed. */
    public long failures() {
        return line.counters.failures.sum();
    }

    /** How often a listener threw, which changes nothing for callers. */
    public long listenerFailures() {
        return line.counters.listenerFailures.sum();
    }

    /**
     * A key under this view's namespace.
     *
     * @param name of printable ASCII, 1 to 500 characters
     * @throws IllegalArgumentException if it is not
     */
    public String key(String name) {
        if (name.isEmpty() || name.length() > 500 || !name.chars().allMatch(c -> c > ' ' && c < 127)) {
            throw new IllegalArgumentException("the name is not 1 to 500 characters of printable ASCII without spaces");
        }
        return view.prefix + name;
    }

    /**
     * Makes a call through Lettuce, with this view's budget, counted and told to its listener.
     *
     * @param kind what makes it, such as {@code lock}; of few, since metrics have a tag of it
     * @param name its operation, such as {@code acquire}; of few
     * @param values what it carries, for the limits of size
     * @throws IllegalArgumentException if a value is over the size limit
     */
    public <T extends @Nullable Object> Answer<T> call(
            String kind,
            String name,
            Function<? super RedisClusterAsyncCommands<String, byte[]>, ? extends CompletionStage<T>> operation,
            byte[]... values) {
        long bytes = 0;
        for (byte[] value : values) {
            requireSize(value);
            bytes += value.length;
        }
        return made(kind, name, line.wire.call(bytes, operation));
    }

    /**
     * Runs a script, by its digest; a server that does not know it is sent its text. While the slot of the keys is being moved
     * to another node of a cluster, it is asked again within the budget.
     *
     * @param keys all in one slot
     * @return what it answers: each element a {@code Long}, a {@code byte[]}, a list or null
     * @throws IllegalArgumentException if an argument is over the size limit
     */
    public Answer<List<Object>> run(String kind, String name, RedisScript script, List<String> keys, byte[]... args) {
        long bytes = 0;
        for (byte[] arg : args) {
            requireSize(arg);
            bytes += arg.length;
        }
        long size = bytes;
        String[] under = keys.toArray(String[]::new);
        long deadline = System.nanoTime() + view.budget.toNanos();
        CompletableFuture<List<Object>> reply = whileMoving(
                () -> line.wire
                        .<List<Object>>call(
                                size,
                                commands -> commands.evalsha(script.digest(), ScriptOutputType.MULTI, under, args))
                        .toCompletableFuture()
                        .exceptionallyCompose(failure -> unwrapped(failure) instanceof RedisNoScriptException
                                ? line.wire.call(
                                        size,
                                        commands -> commands.eval(script.text(), ScriptOutputType.MULTI, under, args))
                                : CompletableFuture.failedFuture(unwrapped(failure))),
                deadline);
        return made(kind, name, reply);
    }

    /** A slot that is being moved refuses what is done on several keys, while they are on two nodes: asks again until the deadline. */
    private CompletableFuture<List<Object>> whileMoving(Supplier<CompletableFuture<List<Object>>> call, long deadline) {
        return call.get()
                .exceptionallyCompose(failure ->
                        isRefusedForAMove(failure) && deadline - System.nanoTime() > AGAIN_AFTER.toNanos()
                                ? CompletableFuture.supplyAsync(() -> whileMoving(call, deadline), afterPause())
                                        .thenCompose(again -> again)
                                : CompletableFuture.failedFuture(unwrapped(failure)));
    }

    private Executor afterPause() {
        return task -> line.wire.timer().schedule(task, AGAIN_AFTER.toMillis(), TimeUnit.MILLISECONDS);
    }

    private static boolean isRefusedForAMove(Throwable failure) {
        return unwrapped(failure) instanceof RedisCommandExecutionException refusal
                && String.valueOf(refusal.getMessage()).startsWith("TRYAGAIN");
    }

    /**
     * Commands to be sent together, with this view's budget for each part and its limit of size. Their keys are not put under
     * the view's namespace by themselves: {@link #key} does.
     */
    public Pipeline pipeline() {
        return new Pipeline(line.wire, view.budget, view.maxValueBytes, this::translated, this::executed);
    }

    private void executed(long start, @Nullable RuntimeException failure) {
        line.counters.calls.increment();
        told("pipeline", "execute", start, failure);
    }

    private void told(String kind, String name, long start, @Nullable RuntimeException failure) {
        if (failure != null) {
            line.counters.failures.increment();
        }
        if (view.listener != CacheListener.NONE) {
            Duration took = Duration.ofNanos(System.nanoTime() - start);
            guarded(() -> view.listener.onCommand(kind, name, took, failure));
        }
    }

    /**
     * Listens to a channel for as long as this connection lives, on a second connection which is made when the first channel is
     * listened to. What is published while that one is down is not heard.
     *
     * @param listener called on the driver's thread; must not block
     * @return done once it is heard for the first time, which is when Redis can be reached
     */
    public CompletionStage<Void> listen(String channel, Consumer<byte[]> listener) {
        return listen(channel, listener, () -> {}).heard();
    }

    /**
     * As {@link #listen(String, Consumer)}, until that is closed.
     *
     * @param again called as the listener is, when the channel is heard again after a time in which it was not
     */
    public Listening listen(String channel, Consumer<byte[]> listener, Runnable again) {
        requireOpen();
        return line.subscriber.listen(channel, listener, again);
    }

    /** The connection that listens, for what has to know when it begins anew. */
    Subscriber subscriber() {
        return line.subscriber;
    }

    /** Where others can wake those who wait here. */
    public Wakeups wakeups() {
        return line.wakeups;
    }

    /** Where pauses can be waited for; its threads are few and must not be blocked. */
    public ScheduledExecutorService timer() {
        return line.wire.timer();
    }

    /**
     * Lets an answer that is waited for come in any case: it fails when this connection is closed, and where the wait is over by
     * two budgets, as when the timer of the application's client was stopped.
     *
     * @return the answer
     */
    public <T extends @Nullable Object> Answer<T> bounded(Answer<T> answer, Duration wait) {
        Duration most = wait.compareTo(LONGEST_WAIT) < 0 ? wait : LONGEST_WAIT;
        CompletableFuture<Boolean> late = new CompletableFuture<Boolean>()
                .orTimeout(most.toMillis() + 2 * view.budget.toMillis() + 1, TimeUnit.MILLISECONDS);
        late.whenComplete((inTime, over) -> {
            if (over != null) {
                answer.completeExceptionally(new RedisCallException(
                        Reason.UNREACHABLE,
                        line.wire.server() + " was not asked again: the client was shut down",
                        over));
            }
        });
        line.waiting.add(answer);
        answer.whenComplete((value, failure) -> {
            line.waiting.remove(answer);
            late.complete(true);
        });
        if (line.closed.get()) {
            answer.completeExceptionally(closed(null));
        }
        return answer;
    }

    private IllegalStateException closed(@Nullable Throwable cause) {
        return new IllegalStateException(line.wire.server() + " is closed", cause);
    }

    /**
     * Reports a failure that no caller is told of: to the listener, and in a log line for each kind every 10 s at most.
     *
     * @param kind what it happened to, such as {@code lock}; of few
     */
    public void report(String kind, Throwable failure) {
        line.untold.note(kind, line.wire.server(), failure, System.nanoTime());
        guarded(() -> view.listener.onFailure(kind, FailureKind.REDIS_CALL, failure));
    }

    /**
     * Lettuce's own interface, on the same connection, for what the types here do not do. The view's limits are not applied;
     * Lettuce's are.
     *
     * @return the commands, once there is a connection
     */
    public Answer<RedisClusterAsyncCommands<String, byte[]>> unwrap() {
        Answer<RedisClusterAsyncCommands<String, byte[]>> commands = new Answer<>();
        line.wire
                .call(0, one -> {
                    commands.complete(one);
                    return CompletableFuture.completedFuture(true);
                })
                .whenComplete((done, failure) -> {
                    if (failure != null) {
                        commands.completeExceptionally(translated(failure));
                    }
                });
        return commands;
    }

    /** Throws if it is closed. */
    public void requireOpen() {
        if (line.closed.get()) {
            throw closed(null);
        }
    }

    /**
     * Closes the connections, for all views; those of a far tier are closed with the tier instead, and this does nothing then.
     * Whoever waits for a lock is told that it is closed, and what is held is renewed no more. Blocks for 4 s at most. Idempotent.
     */
    @Override
    public void close() {
        if (line.owned) {
            closeWithOwner();
        }
    }

    void closeWithOwner() {
        if (line.closed.compareAndSet(false, true)) {
            line.subscriber.close();
            line.wire.close();
            line.wakeups.wakeAll();
            List.copyOf(line.waiting).forEach(answer -> answer.completeExceptionally(closed(null)));
        }
    }

    /** The server that is asked now, as host and port where they are known; without credentials. */
    String node() {
        return line.wire.node();
    }

    /** Names the server, without credentials. */
    @Override
    public String toString() {
        return line.wire.server();
    }

    private static String prefix(String namespace) {
        return namespace.isEmpty() ? "" : namespace + ":";
    }

    private void requireSize(byte[] value) {
        if (value.length > view.maxValueBytes) {
            throw new IllegalArgumentException(
                    "a value of " + value.length + " bytes is over maxValueBytes " + view.maxValueBytes);
        }
    }

    private <T extends @Nullable Object> Answer<T> made(String kind, String name, CompletionStage<T> reply) {
        line.counters.calls.increment();
        long start = System.nanoTime();
        Answer<T> answer = new Answer<>();
        CompletableFuture<T> bounded = new CompletableFuture<>();
        reply.whenComplete((value, failure) -> Outcome.give(bounded, value, failure));
        if (!bounded.isDone()) {
            bounded.orTimeout(view.budget.toNanos(), TimeUnit.NANOSECONDS);
        }
        bounded.whenComplete((value, failure) -> {
            RuntimeException told = failure == null ? null : translated(failure);
            told(kind, name, start, told);
            answer.settle(value, told);
        });
        return answer;
    }

    private void guarded(Runnable event) {
        try {
            event.run();
        } catch (RuntimeException | Error thrown) {
            line.counters.listenerFailures.increment();
            line.untold.note("listener", line.wire.server(), thrown, System.nanoTime());
        }
    }

    private static Throwable unwrapped(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    }

    private RuntimeException translated(Throwable failure) {
        Throwable cause = unwrapped(failure);
        if (line.closed.get()) {
            return closed(cause);
        }
        String message = String.valueOf(cause.getMessage());
        if (cause instanceof TimeoutException) {
            return new RedisCallException(
                    Reason.TIMED_OUT, line.wire.server() + " did not answer within " + view.budget, cause);
        }
        if (cause instanceof RedisCommandExecutionException) {
            if (message.contains("WRONGTYPE")) {
                return new RedisCallException(Reason.WRONG_TYPE, "under the key is something of another type", cause);
            }
            return new RedisCallException(
                    PASSING.matcher(message).find() ? Reason.UNAVAILABLE : Reason.REFUSED,
                    line.wire.server() + " refused: " + message,
                    cause);
        }
        if (cause instanceof IllegalArgumentException || cause instanceof IllegalStateException) {
            return (RuntimeException) cause;
        }
        if (cause instanceof CodecException undecodable) {
            return undecodable;
        }
        return new RedisCallException(
                Reason.UNREACHABLE, "no answer from " + line.wire.server() + ": " + message, cause);
    }
}
