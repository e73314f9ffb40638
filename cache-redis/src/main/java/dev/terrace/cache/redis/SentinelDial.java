package dev.terrace.cache.redis;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.sentinel.api.StatefulRedisSentinelConnection;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Connects to the primary that sentinels name, and to its successor as soon as they name that one. A server that hangs accepts a
 * connection and answers nothing on it; waiting for it would take longer than the failover does. Nothing here blocks.
 */
final class SentinelDial<C extends StatefulConnection<?, ?>> {

    private static final Duration PERIOD = Duration.ofMillis(250);

    private final RedisClient client;
    private final RedisURI uri;
    private final Supplier<? extends CompletionStage<C>> connect;
    private final CompletableFuture<C> dialed;

    /** @param dialed what comes of it; it says how long to try */
    private SentinelDial(
            RedisClient client,
            RedisURI uri,
            Supplier<? extends CompletionStage<C>> connect,
            CompletableFuture<C> dialed) {
        this.client = client;
        this.uri = uri;
        this.connect = connect;
        this.dialed = dialed;
    }

    static <C extends StatefulConnection<?, ?>> void begin(
            RedisClient client,
            RedisURI uri,
            Supplier<? extends CompletionStage<C>> connect,
            CompletableFuture<C> dialed) {
        SentinelDial<C> dial = new SentinelDial<>(client, uri, connect, dialed);
        dial.attempt();
        dial.later(dial::watch);
    }

    private void attempt() {
        settle(connect.get(), dialed);
    }

    /** Gives what comes of an attempt to those who wait; it is closed where another one was first, or it comes too late. */
    static <C extends StatefulConnection<?, ?>> void settle(CompletionStage<C> attempt, CompletableFuture<C> dialed) {
        attempt.whenComplete((connection, failure) -> {
            if (failure != null) {
                dialed.completeExceptionally(failure);
            } else if (!dialed.complete(connection)) {
                connection.closeAsync();
            }
        });
    }

    private void watch() {
        client.connectSentinelAsync(KeysAndBytes.CODEC, uri).whenComplete((sentinel, failure) -> {
            // Who cannot be asked is not asked again before the next dial.
            if (failure == null) {
                dialed.whenComplete((connection, other) -> sentinel.closeAsync());
                ask(sentinel, null);
            }
        });
    }

    /** @param known whom it named last; null where the first attempt may have been with another one */
    private void ask(StatefulRedisSentinelConnection<String, byte[]> sentinel, @Nullable SocketAddress known) {
        sentinel.async().getMasterAddrByName(uri.getSentinelMasterId()).whenComplete((named, failure) -> {
            if (failure != null || dialed.isDone()) {
                return;
            }
            // Null is nobody, for now.
            boolean isOther = named != null && !named.equals(known);
            if (isOther) {
                attempt();
            }
            later(() -> ask(sentinel, isOther ? named : known));
        });
    }

    private void later(Runnable step) {
        Runnable unlessDone = () -> {
            if (!dialed.isDone()) {
                step.run();
            }
        };
        try {
            client.getResources().eventExecutorGroup().schedule(unlessDone, PERIOD.toNanos(), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException shutDown) {
            dialed.completeExceptionally(shutDown);
        }
    }
}
