package dev.terrace.cache.redis;

import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.codec.StringCodec;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one shared connection, made when it is first needed and again when it is lost: attempts are driven by the operations
 * that want it (a cache's heartbeat is one), with a jittered pause after each that failed. Nothing here blocks.
 *
 * <p>A connection is used only once the server has told its time on it. One on which the server has not answered a heartbeat
 * for long is given up, since nothing else tells a half-open connection from a slow server.
 */
final class RedisConnection {

    static final RedisCodec<String, byte[]> CODEC = RedisCodec.of(StringCodec.ASCII, ByteArrayCodec.INSTANCE);

    private static final Logger LOG = LoggerFactory.getLogger("dev.terrace.cache.redis");
    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);
    private static final Duration SILENCE = Duration.ofSeconds(5);

    private final String description;
    private final Supplier<CompletionStage<StatefulRedisConnection<String, byte[]>>> connector;
    private final RedisClock clock;

    private final ReentrantLock lock = new ReentrantLock();
    private volatile @Nullable StatefulRedisConnection<String, byte[]> ready;
    private @Nullable CompletableFuture<StatefulRedisConnection<String, byte[]>> connecting;
    private int failures;
    private long nextAttempt = Long.MIN_VALUE;
    private @Nullable Throwable lastFailure;
    private long silentSince = -1;
    private boolean closed;

    RedisConnection(
            String description,
            Supplier<CompletionStage<StatefulRedisConnection<String, byte[]>>> connector,
            RedisClock clock) {
        this.description = description;
        this.connector = connector;
        this.clock = clock;
    }

    /** Runs a command once there is a connection; fails at once while there is none to be had. */
    <T> CompletionStage<T> call(
            Function<? super StatefulRedisConnection<String, byte[]>, ? extends CompletionStage<T>> command) {
        StatefulRedisConnection<String, byte[]> connection = ready;
        return connection == null ? connected().thenCompose(command) : command.apply(connection);
    }

    <T> CompletionStage<T> async(
            Function<? super RedisAsyncCommands<String, byte[]>, ? extends CompletionStage<T>> command) {
        return call(connection -> command.apply(connection.async()));
    }

    /** Asks the server for its time. */
    CompletionStage<Void> ping() {
        giveUpIfSilent();
        return call(connection -> {
            long askedAt = System.nanoTime();
            noteAsked(askedAt);
            return connection.async().time().thenAccept(reply -> {
                noteAnswered();
                clock.set(reply, askedAt);
            });
        });
    }

    private CompletableFuture<StatefulRedisConnection<String, byte[]>> connected() {
        CompletableFuture<StatefulRedisConnection<String, byte[]>> attempt;
        lock.lock();
        try {
            StatefulRedisConnection<String, byte[]> connection = ready;
            if (connection != null) {
                return CompletableFuture.completedFuture(connection);
            }
            if (closed) {
                return CompletableFuture.failedFuture(
                        new IllegalStateException("the far tier " + description + " is closed"));
            }
            if (connecting != null) {
                return connecting;
            }
            if (failures > 0 && System.nanoTime() - nextAttempt < 0) {
                return CompletableFuture.failedFuture(new RedisUnreachableException(description, lastFailure));
            }
            attempt = new CompletableFuture<>();
            connecting = attempt;
        } finally {
            lock.unlock();
        }
        connect(attempt);
        return attempt;
    }

    private void connect(CompletableFuture<StatefulRedisConnection<String, byte[]>> attempt) {
        CompletionStage<StatefulRedisConnection<String, byte[]>> made;
        try {
            made = connector.get();
        } catch (RuntimeException e) {
            made = CompletableFuture.failedFuture(e);
        }
        made.thenCompose(this::withTime).whenComplete((connection, failure) -> {
            if (failure == null) {
                established(attempt, connection);
            } else {
                failed(attempt, failure);
            }
        });
    }

    private CompletionStage<StatefulRedisConnection<String, byte[]>> withTime(
            StatefulRedisConnection<String, byte[]> connection) {
        long askedAt = System.nanoTime();
        return connection
                .async()
                .time()
                .thenApply(reply -> {
                    clock.set(reply, askedAt);
                    return connection;
                })
                .whenComplete((done, failure) -> {
                    if (failure != null) {
                        connection.closeAsync();
                    }
                });
    }

    private void established(
            CompletableFuture<StatefulRedisConnection<String, byte[]>> attempt,
            StatefulRedisConnection<String, byte[]> connection) {
        boolean late;
        lock.lock();
        try {
            late = closed;
            connecting = null;
            failures = 0;
            silentSince = -1;
            if (!late) {
                connection.addListener(new TimeAfterReconnect(connection));
                ready = connection;
            }
        } finally {
            lock.unlock();
        }
        if (late) {
            connection.closeAsync();
            attempt.completeExceptionally(new IllegalStateException("the far tier " + description + " is closed"));
        } else {
            LOG.info("Connected to {}", description);
            attempt.complete(connection);
        }
    }

    private void failed(CompletableFuture<StatefulRedisConnection<String, byte[]>> attempt, Throwable failure) {
        RedisUnreachableException unreachable = new RedisUnreachableException(description, failure);
        lock.lock();
        try {
            connecting = null;
            lastFailure = failure;
            long pause = Math.min(FIRST_PAUSE.toNanos() << Math.min(failures, 10), LONGEST_PAUSE.toNanos());
            failures++;
            nextAttempt = System.nanoTime()
                    + (long) (pause * ThreadLocalRandom.current().nextDouble(0.5, 1));
        } finally {
            lock.unlock();
        }
        attempt.completeExceptionally(unreachable);
    }

    private void noteAsked(long now) {
        lock.lock();
        try {
            if (silentSince < 0) {
                silentSince = now;
            }
        } finally {
            lock.unlock();
        }
    }

    private void noteAnswered() {
        lock.lock();
        try {
            silentSince = -1;
        } finally {
            lock.unlock();
        }
    }

    private void giveUpIfSilent() {
        StatefulRedisConnection<String, byte[]> given = null;
        lock.lock();
        try {
            if (ready != null && silentSince >= 0 && System.nanoTime() - silentSince > SILENCE.toNanos()) {
                given = ready;
                ready = null;
                silentSince = -1;
            }
        } finally {
            lock.unlock();
        }
        if (given != null) {
            LOG.warn("No answer from {} for {}: connecting anew", description, SILENCE);
            given.closeAsync();
        }
    }

    /** Asks for the connection ahead of its first use. */
    void warmUp() {
        connected();
    }

    CompletionStage<Void> close() {
        StatefulRedisConnection<String, byte[]> connection;
        lock.lock();
        try {
            closed = true;
            connection = ready;
            ready = null;
        } finally {
            lock.unlock();
        }
        return connection == null ? CompletableFuture.completedFuture(null) : connection.closeAsync();
    }

    /** The server behind a connection that the driver has made again may have another clock. */
    private final class TimeAfterReconnect implements RedisConnectionStateListener {

        private final StatefulRedisConnection<String, byte[]> connection;

        TimeAfterReconnect(StatefulRedisConnection<String, byte[]> connection) {
            this.connection = connection;
        }

        @Override
        public void onRedisConnected(RedisChannelHandler<?, ?> handler, SocketAddress address) {
            long askedAt = System.nanoTime();
            connection.async().time().thenAccept(reply -> clock.set(reply, askedAt));
        }
    }
}
