package dev.terrace.cache.redis;

import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.output.ArrayOutput;
import io.lettuce.core.protocol.CommandType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Asks one node of a cluster, on a connection of its own, which primary holds which slots: every second, and at once where
 * somebody has found it to be otherwise. Where a node does not answer, the next one is asked. Nothing here blocks.
 */
final class ClusterScout {

    private static final Duration PERIOD = Duration.ofSeconds(1);
    private static final Duration TIME_LIMIT = Duration.ofMillis(500);
    private static final Duration PAUSE = Duration.ofMillis(50);

    private final Supplier<List<RedisURI>> nodes;
    private final Function<RedisURI, RedisConnection.Dialer> dialers;
    private final ScheduledExecutorService timer;
    private final Told told;
    private final AtomicBoolean hurried = new AtomicBoolean();
    private final AtomicBoolean waiting = new AtomicBoolean();
    private volatile @Nullable RedisSession session;
    private volatile String asked = "";
    private volatile boolean closed;
    private int next;

    /** Who is told. */
    interface Told {

        void slots(SlotMap slots);

        /** No node answers. */
        void nobody(Throwable failure);
    }

    /**
     * @param nodes all that are known, the seeds among them; asked again before each attempt
     * @param dialers connects to one
     */
    ClusterScout(
            Supplier<List<RedisURI>> nodes,
            Function<RedisURI, RedisConnection.Dialer> dialers,
            ScheduledExecutorService timer,
            Told told) {
        this.nodes = nodes;
        this.dialers = dialers;
        this.timer = timer;
        this.told = told;
    }

    void start() {
        ask();
    }

    /** What was told last is not so any more. */
    void hurry() {
        hurried.set(true);
        if (waiting.compareAndSet(true, false)) {
            after(PAUSE, this::ask);
        }
    }

    void close() {
        closed = true;
        RedisSession last = session;
        if (last != null) {
            last.end("the far tier was closed");
        }
    }

    private void ask() {
        if (closed) {
            return;
        }
        hurried.set(false);
        session().thenCompose(this::slots).whenComplete((slots, failure) -> {
            if (failure == null) {
                told.slots(slots);
            } else {
                giveUp(
                        failure instanceof CompletionException && failure.getCause() != null
                                ? failure.getCause()
                                : failure);
            }
            again(failure == null && !hurried.get() ? PERIOD : PAUSE);
        });
    }

    private CompletionStage<SlotMap> slots(RedisSession from) {
        String host = asked;
        return from.ask(
                        CommandType.CLUSTER,
                        new ArrayOutput<>(KeysAndBytes.CODEC),
                        RedisSession.args().add("SLOTS"))
                .orTimeout(TIME_LIMIT.toMillis(), TimeUnit.MILLISECONDS)
                .thenApply(answer -> SlotMap.parse(answer, host));
    }

    private CompletionStage<RedisSession> session() {
        RedisSession present = session;
        if (present != null && !present.hasEnded()) {
            return CompletableFuture.completedFuture(present);
        }
        List<RedisURI> candidates = new ArrayList<>(nodes.get());
        RedisURI candidate = candidates.get(Math.floorMod(next++, candidates.size()));
        asked = candidate.getHost();
        CompletionStage<StatefulRedisConnection<String, byte[]>> dialed;
        try {
            dialed = dialers.apply(candidate).dial();
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
        return dialed.thenApply(connection -> {
            RedisSession made = new RedisSession(connection, (lost, reason) -> {});
            session = made;
            if (closed) {
                made.end("the far tier was closed");
            }
            return made;
        });
    }

    private void giveUp(Throwable failure) {
        RedisSession silent = session;
        session = null;
        if (silent != null) {
            silent.end("it does not tell of the cluster's slots");
        }
        told.nobody(failure);
    }

    private void again(Duration pause) {
        waiting.set(true);
        after(pause, () -> {
            if (waiting.compareAndSet(true, false)) {
                ask();
            }
        });
    }

    private void after(Duration pause, Runnable task) {
        if (closed) {
            return;
        }
        try {
            timer.schedule(task, pause.toNanos(), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException clientShutDown) {
            closed = true;
        }
    }
}
