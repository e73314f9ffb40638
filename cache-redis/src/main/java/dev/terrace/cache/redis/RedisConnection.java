package dev.terrace.cache.redis;

import dev.terrace.cache.spi.SampledFarClock;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one session with the server: connects in the background from the beginning on, and again whenever the session ends,
 * with jittered pauses between attempts. Nothing here blocks.
 *
 * <p>Operations wait for the first attempt only, so that an application's first reads are not lost; while a later one is under
 * way they fail at once. A session is used only once the server has told its time on it. One on which the server answers
 * nothing for long is given up, since nothing else tells a half-open connection from a slow server.
 */
final class RedisConnection {

    private static final Logger LOG = LoggerFactory.getLogger("dev.terrace.cache.redis");

    private static final Duration FIRST_PAUSE = Duration.ofMillis(20);
    private static final Duration LONGEST_PAUSE = Duration.ofMillis(500);
    private static final Duration TIME_LIMIT = Duration.ofSeconds(2);
    private static final Duration SHORTEST_SILENCE = Duration.ofSeconds(2);
    private static final Duration CONFIRMATION = Duration.ofMillis(20);
    private static final int CONFIRMATIONS = 10;
    private static final int MOST_WAITING = 4_096;

    private final String server;
    private final Dialer dialer;
    private final int connections;
    private final SampledFarClock clock = new SampledFarClock();

    private final ReentrantLock lock = new ReentrantLock();
    /** What is asked before the first attempt has ended, in that order, and done with null where it failed. Guarded by lock. */
    private final Queue<Consumer<@Nullable RedisSession>> early = new ArrayDeque<>();

    private volatile @Nullable RedisSession session;
    private volatile @Nullable RedisUnreachableException down;
    private volatile long silenceNanos = SHORTEST_SILENCE.toNanos();
    private volatile Runnable onNewSession = () -> {};
    private volatile boolean closed;
    private boolean attempted;
    private int failures;
    private boolean checked;

    /** How a connection is made. */
    interface Dialer {

        /** Makes a new connection, without blocking. Takes as long as the client's options say at most. */
        CompletionStage<StatefulRedisConnection<String, byte[]>> dial();

        /** The same for a connection that listens to channels. */
        CompletionStage<StatefulRedisPubSubConnection<String, byte[]>> dialPubSub();

        /** Ends with the reason when a connection that was dialed here is to be given up, since another server is meant by now. */
        default CompletionStage<String> over(StatefulConnection<?, ?> connection) {
            return new CompletableFuture<>();
        }

        /** Where pauses are waited for. */
        ScheduledExecutorService timer();
    }

    /**
     * @param server its name for messages, without credentials
     * @param connections of a session
     */
    RedisConnection(String server, Dialer dialer, int connections) {
        this.server = server;
        this.dialer = dialer;
        this.connections = connections;
    }

    /** Whom to tell when a session is about to take the place of another, before it is used; to be said before the start. */
    void onNewSession(Runnable told) {
        onNewSession = told;
    }

    /** Its name for messages, without credentials. */
    String server() {
        return server;
    }

    SampledFarClock clock() {
        return clock;
    }

    void start() {
        attempt();
    }

    /** Lets the server be silent for twice this long at least before a session is given up. */
    void expectBudget(Duration budget) {
        lock.lock();
        try {
            silenceNanos = Math.max(silenceNanos, 2 * budget.toNanos());
        } finally {
            lock.unlock();
        }
    }

    /** Does something with the session; fails at once where there is none. Never throws. */
    <T> CompletionStage<T> call(Function<? super RedisSession, ? extends CompletionStage<T>> operation) {
        RedisSession current = session;
        if (current == null) {
            return withoutSession(operation);
        }
        if (current.isSilentFor(silenceNanos) && current.beginDoubt()) {
            confirmSilence(current, CONFIRMATIONS);
        }
        return apply(operation, current);
    }

    /**
     * After a pause of this process, or of its threads, an answer may wait in the socket: those who read it get some turns
     * first, each a task of its own, so that another pause does not count for all of them.
     */
    private void confirmSilence(RedisSession doubted, int turns) {
        if (!doubted.isSilentFor(silenceNanos)) {
            doubted.endDoubt();
        } else if (turns == 0) {
            doubted.end("the server has answered nothing for long");
        } else {
            try {
                dialer.timer()
                        .schedule(
                                () -> confirmSilence(doubted, turns - 1), CONFIRMATION.toNanos(), TimeUnit.NANOSECONDS);
            } catch (RejectedExecutionException shutDown) {
                doubted.end("the client was shut down");
            }
        }
    }

    /**
     * Does something with the session, and again after a pause for as long as it fails.
     *
     * @param isOver whether nobody waits for it any more; then it stays undone, as it does once this is closed
     */
    <T> CompletionStage<T> callUntilAnswered(
            Function<? super RedisSession, ? extends CompletionStage<T>> operation, BooleanSupplier isOver) {
        CompletableFuture<T> answered = new CompletableFuture<>();
        callUntilAnswered(new Repeated<>(operation, isOver, answered), 0);
        return answered;
    }

    private record Repeated<T>(
            Function<? super RedisSession, ? extends CompletionStage<T>> operation,
            BooleanSupplier isOver,
            CompletableFuture<T> answered) {}

    private <T> void callUntilAnswered(Repeated<T> repeated, int failuresBefore) {
        call(repeated.operation()).whenComplete((answer, failure) -> {
            if (failure == null) {
                repeated.answered().complete(answer);
            } else if (!repeated.isOver().getAsBoolean()) {
                after(pause(failuresBefore), () -> callUntilAnswered(repeated, failuresBefore + 1));
            }
        });
    }

    /** Whether what is asked now goes to another server than the one of that session, as far as they say. */
    boolean isApartFrom(RedisSession other) {
        RedisSession current = session;
        return current != null && current.isApartFrom(other);
    }

    /** Ends the session, if there is one, and connects anew. */
    void leave(String reason) {
        RedisSession current = session;
        if (current != null) {
            current.end(reason);
        }
    }

    /** Asks the server for its time, and sets the clock by it. */
    CompletionStage<Void> ping() {
        return call(this::sampleTime);
    }

    private <T> CompletionStage<T> withoutSession(
            Function<? super RedisSession, ? extends CompletionStage<T>> operation) {
        CompletableFuture<T> result = new CompletableFuture<>();
        RedisSession justMade;
        lock.lock();
        try {
            justMade = session;
            if (justMade == null) {
                if (attempted || closed || early.size() == MOST_WAITING) {
                    return CompletableFuture.failedFuture(unreachable());
                }
                early.add(made -> (made == null
                                ? CompletableFuture.<T>failedFuture(unreachable())
                                : apply(operation, made))
                        .whenComplete((answer, failure) -> Outcome.give(result, answer, failure)));
                return result;
            }
        } finally {
            lock.unlock();
        }
        return apply(operation, justMade);
    }

    /** To be called with the lock. */
    private List<Consumer<@Nullable RedisSession>> askedEarly() {
        List<Consumer<@Nullable RedisSession>> asked = List.copyOf(early);
        early.clear();
        return asked;
    }

    private static <T> CompletionStage<T> apply(
            Function<? super RedisSession, ? extends CompletionStage<T>> operation, RedisSession session) {
        try {
            return operation.apply(session);
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private RuntimeException unreachable() {
        if (closed) {
            return new IllegalStateException("the far tier " + server + " is closed");
        }
        RedisUnreachableException known = down;
        return known == null ? new RedisUnreachableException(server, null) : known;
    }

    private CompletableFuture<Void> sampleTime(RedisSession asked) {
        long askedAt = System.nanoTime();
        return asked.time().thenAccept(micros -> clock.sample(micros, askedAt));
    }

    private void attempt() {
        if (closed) {
            return;
        }
        dialed().thenCompose(this::greeted).whenComplete((greeted, failure) -> {
            if (failure == null) {
                established(greeted);
            } else {
                failed(
                        failure instanceof CompletionException && failure.getCause() != null
                                ? failure.getCause()
                                : failure);
            }
        });
    }

    /** All connections, or none. */
    private CompletionStage<List<StatefulRedisConnection<String, byte[]>>> dialed() {
        List<CompletableFuture<StatefulRedisConnection<String, byte[]>>> all = new ArrayList<>();
        try {
            for (int i = 0; i < connections; i++) {
                all.add(dialer.dial().toCompletableFuture());
            }
        } catch (RuntimeException e) {
            all.add(CompletableFuture.failedFuture(e));
        }
        return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new))
                .thenApply(done -> all.stream().map(CompletableFuture::join).toList())
                .whenComplete((done, failure) -> {
                    if (failure != null) {
                        all.forEach(one -> one.thenAccept(StatefulConnection::closeAsync));
                    }
                });
    }

    /** A session whose server has told its time, is no replica, has loaded what it had, and is one. */
    private CompletionStage<RedisSession> greeted(List<StatefulRedisConnection<String, byte[]>> dialed) {
        RedisSession greeting = new RedisSession(dialed, this::ended);
        dialed.forEach(connection -> dialer.over(connection).thenAccept(greeting::end));
        CompletableFuture<Void> told = sampleTime(greeting);
        CompletableFuture<Void> primary = greeting.requireReadyPrimary();
        CompletableFuture<Void> one = greeting.identify();
        greeting.loadScripts();
        return CompletableFuture.allOf(told, primary, one)
                .orTimeout(TIME_LIMIT.toMillis(), TimeUnit.MILLISECONDS)
                .thenApply(done -> greeting)
                .whenComplete((done, failure) -> {
                    if (failure != null) {
                        greeting.end("the server did not tell its time, is loading, is a replica, or is not one");
                    }
                });
    }

    private void established(RedisSession greeted) {
        if (wasAttempted()) {
            onNewSession.run();
        }
        boolean late;
        boolean first;
        List<Consumer<@Nullable RedisSession>> asked;
        do {
            lock.lock();
            try {
                late = closed;
                first = !checked;
                asked = askedEarly();
                // Only then: nobody is to overtake what was asked before.
                if (asked.isEmpty()) {
                    checked = true;
                    attempted = true;
                    if (!late) {
                        session = greeted;
                        down = null;
                        failures = 0;
                    }
                }
            } finally {
                lock.unlock();
            }
            asked.forEach(one -> one.accept(greeted));
        } while (!asked.isEmpty());
        if (late) {
            greeted.end("the far tier was closed");
            return;
        }
        LOG.info("Connected to {}", server);
        if (first) {
            ServerCheck.begin(server, greeted);
        }
        if (greeted.hasEnded()) {
            ended(greeted, "the connection was lost");
        }
    }

    private boolean wasAttempted() {
        lock.lock();
        try {
            return attempted;
        } finally {
            lock.unlock();
        }
    }

    private void ended(RedisSession lost, String reason) {
        lock.lock();
        try {
            if (session != lost) {
                return;
            }
            session = null;
            down = new RedisUnreachableException(server, new IllegalStateException(reason));
        } finally {
            lock.unlock();
        }
        if (!closed) {
            LOG.warn("Lost {}: {}; connecting again", server, reason);
            attemptAfter(pause(0));
        }
    }

    private void failed(Throwable failure) {
        RedisUnreachableException unreachable = new RedisUnreachableException(server, failure);
        int before;
        List<Consumer<@Nullable RedisSession>> asked;
        lock.lock();
        try {
            down = unreachable;
            before = failures++;
            attempted = true;
            asked = askedEarly();
        } finally {
            lock.unlock();
        }
        asked.forEach(one -> one.accept(null));
        if (before == 0 && !closed) {
            LOG.warn("{}; trying again until it succeeds", unreachable.getMessage());
        }
        attemptAfter(pause(before));
    }

    private static long pause(int failuresBefore) {
        long longest = Math.min(FIRST_PAUSE.toNanos() << Math.min(failuresBefore, 10), LONGEST_PAUSE.toNanos());
        return ThreadLocalRandom.current().nextLong(longest / 2, longest);
    }

    private void attemptAfter(long nanos) {
        after(nanos, this::attempt);
    }

    private void after(long nanos, Runnable task) {
        if (closed) {
            return;
        }
        try {
            dialer.timer().schedule(task, nanos, TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            LOG.warn("The client of {} was shut down; its far tier stays unreachable", server);
        }
    }

    /** Ends the session and all attempts. */
    void close() {
        RedisSession current;
        List<Consumer<@Nullable RedisSession>> asked;
        lock.lock();
        try {
            closed = true;
            current = session;
            asked = askedEarly();
        } finally {
            lock.unlock();
        }
        if (current != null) {
            current.end("the far tier was closed");
        }
        asked.forEach(one -> one.accept(null));
    }
}
