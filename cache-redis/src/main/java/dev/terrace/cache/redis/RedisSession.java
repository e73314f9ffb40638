package dev.terrace.cache.redis;

import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisLoadingException;
import io.lettuce.core.RedisReadOnlyException;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.output.ArrayOutput;
import io.lettuce.core.output.CommandOutput;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.output.ValueListOutput;
import io.lettuce.core.protocol.AsyncCommand;
import io.lettuce.core.protocol.Command;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import io.lettuce.core.protocol.ProtocolKeyword;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One connection to the server, or a few, from their beginning to their end, shared by all threads. They end together, and are
 * never revived, whatever the client's options say: what was sent and not answered when they end fails, and is not sent
 * again. What one thread sends keeps its order.
 */
final class RedisSession {

    /** What may be unanswered: a server that hangs must not fill the heap. */
    private static final long MOST_UNANSWERED_BYTES = 64L << 20;

    /** What a command weighs besides its values. */
    private static final long COMMAND_BYTES = 1_024;

    private static final long NOTHING_UNANSWERED = 0;
    private static final String A_REPLICA = "a replica answers";
    private static final Pattern RUN_ID = Pattern.compile("(?m)^run_id:(\\S+)");
    private static final String UNSAID = "";

    private final List<Lane> lanes;
    private final BiConsumer<RedisSession, String> onEnd;
    private final AtomicBoolean ended = new AtomicBoolean();
    private final AtomicBoolean doubted = new AtomicBoolean();
    /** Which process answers here. */
    private volatile String runId = UNSAID;

    /** One connection. */
    private static final class Lane {
        final StatefulRedisConnection<String, byte[]> connection;
        private final AtomicLong unansweredBytes = new AtomicLong();
        /** When the first command was sent after the last answer. */
        private volatile long silentSince = NOTHING_UNANSWERED;

        Lane(StatefulRedisConnection<String, byte[]> connection) {
            this.connection = connection;
        }

        /** Something of that weight is about to be sent, unless there is no room for it. */
        boolean admit(long weight) {
            if (unansweredBytes.addAndGet(weight) > MOST_UNANSWERED_BYTES) {
                unansweredBytes.addAndGet(-weight);
                return false;
            }
            if (silentSince == NOTHING_UNANSWERED) {
                silentSince = System.nanoTime() | 1;
            }
            return true;
        }

        void answered(long weight) {
            unansweredBytes.addAndGet(-weight);
            if (silentSince != NOTHING_UNANSWERED) {
                silentSince = NOTHING_UNANSWERED;
            }
        }

        boolean isSilentFor(long nanos) {
            long since = silentSince;
            return since != NOTHING_UNANSWERED && System.nanoTime() - since > nanos;
        }
    }

    /** @param onEnd told once, with the reason */
    RedisSession(StatefulRedisConnection<String, byte[]> connection, BiConsumer<RedisSession, String> onEnd) {
        this(List.of(connection), onEnd);
    }

    /** @param onEnd told once, with the reason */
    RedisSession(List<StatefulRedisConnection<String, byte[]>> connections, BiConsumer<RedisSession, String> onEnd) {
        this.lanes = connections.stream().map(Lane::new).toList();
        this.onEnd = onEnd;
        RedisConnectionStateListener whenLost = new RedisConnectionStateListener() {
            @Override
            public void onRedisDisconnected(RedisChannelHandler<?, ?> lost) {
                end("the connection was lost");
            }
        };
        connections.forEach(connection -> connection.addListener(whenLost));
        if (!connections.stream().allMatch(StatefulRedisConnection::isOpen)) {
            end("the connection was lost");
        }
    }

    static <T> AsyncCommand<String, byte[], T> command(
            ProtocolKeyword type, CommandOutput<String, byte[], T> output, CommandArgs<String, byte[]> args) {
        return new AsyncCommand<>(new Command<>(type, output, args));
    }

    static CommandArgs<String, byte[]> args() {
        return new CommandArgs<>(KeysAndBytes.CODEC);
    }

    /**
     * Sends commands together. A replica, which a failover may leave behind this connection, ends the session.
     *
     * @param valueBytes how many bytes of values they carry
     */
    void send(List<? extends AsyncCommand<String, byte[], ?>> commands, long valueBytes) {
        send(lane(), commands, valueBytes);
    }

    /** As {@link #send}, after all that was sent so before, by whichever thread. */
    void sendInOrder(List<? extends AsyncCommand<String, byte[], ?>> commands, long valueBytes) {
        send(lanes.get(0), commands, valueBytes);
    }

    /** The same for all that one thread sends. */
    private Lane lane() {
        return lanes.size() == 1
                ? lanes.get(0)
                : lanes.get((int) (Thread.currentThread().getId() % lanes.size()));
    }

    private void send(Lane lane, List<? extends AsyncCommand<String, byte[], ?>> commands, long valueBytes) {
        long weight = valueBytes + commands.size() * COMMAND_BYTES;
        if (!lane.admit(weight)) {
            RedisException refusal = new RedisException("too much is unanswered by the server already");
            commands.forEach(command -> command.completeExceptionally(refusal));
            return;
        }
        long each = weight / commands.size();
        long last = weight - each * (commands.size() - 1);
        for (int i = 0; i < commands.size(); i++) {
            long share = i == 0 ? last : each;
            commands.get(i).whenComplete((reply, failure) -> answered(lane, share, failure));
        }
        if (commands.size() == 1) {
            lane.connection.dispatch(commands.get(0));
        } else {
            lane.connection.dispatch(new ArrayList<>(commands));
        }
    }

    /**
     * Makes a call through the driver's own interface, which counts as what is sent together does. All calls go through one
     * connection, with {@linkplain #sendInOrder what keeps its order}.
     *
     * @param valueBytes how many bytes of values it carries
     */
    <T> CompletionStage<T> call(
            long valueBytes,
            Function<? super RedisClusterAsyncCommands<String, byte[]>, ? extends CompletionStage<T>> operation) {
        long weight = valueBytes + COMMAND_BYTES;
        Lane lane = lanes.get(0);
        if (!lane.admit(weight)) {
            return CompletableFuture.failedFuture(new RedisException("too much is unanswered by the server already"));
        }
        CompletionStage<T> reply;
        try {
            reply = operation.apply(lane.connection.async());
        } catch (RuntimeException e) {
            answered(lane, weight, null);
            throw e;
        }
        reply.whenComplete((answer, failure) -> answered(lane, weight, failure));
        return reply;
    }

    /** Sends one command that carries no value. */
    <T> CompletableFuture<T> ask(
            CommandType type, CommandOutput<String, byte[], T> output, CommandArgs<String, byte[]> args) {
        AsyncCommand<String, byte[], T> command = command(type, output, args);
        send(List.of(command), 0);
        return command;
    }

    private void answered(Lane lane, long weight, @Nullable Throwable failure) {
        lane.answered(weight);
        if (failure instanceof RedisReadOnlyException) {
            end(A_REPLICA);
        }
    }

    /**
     * Fails on a replica, since near copies of what it says would be as old as it is, and on a server that is still loading what
     * it had. One that does not say is taken for a primary that is ready.
     */
    CompletableFuture<Void> requireReadyPrimary() {
        return CompletableFuture.allOf(
                lanes.stream().map(this::requireReadyPrimary).toArray(CompletableFuture[]::new));
    }

    private CompletableFuture<Void> requireReadyPrimary(Lane lane) {
        AsyncCommand<String, byte[], String> ping =
                command(CommandType.PING, new StatusOutput<>(KeysAndBytes.CODEC), args());
        send(lane, List.of(ping), 0);
        return requirePrimary(lane).thenCombine(ping.handle(RedisSession::unlessLoading), (primary, loaded) -> null);
    }

    private static @Nullable Void unlessLoading(@Nullable String pong, @Nullable Throwable refused) {
        if (refused instanceof RedisLoadingException
                || (refused != null && !(refused instanceof RedisCommandExecutionException))) {
            throw new CompletionException(refused);
        }
        return null;
    }

    private CompletableFuture<Void> requirePrimary(Lane lane) {
        AsyncCommand<String, byte[], List<Object>> role =
                command(CommandType.ROLE, new ArrayOutput<>(KeysAndBytes.CODEC), args());
        send(lane, List.of(role), 0);
        return role.handle((said, refused) -> {
            if (refused instanceof RedisCommandExecutionException) {
                return null;
            }
            if (refused != null) {
                throw new CompletionException(refused);
            }
            if (said.get(0) instanceof byte[] name && new String(name, StandardCharsets.US_ASCII).equals("slave")) {
                throw new CompletionException(new IllegalStateException(A_REPLICA));
            }
            return null;
        });
    }

    /**
     * Learns which process answers, and fails where connections reached different ones, as they may behind a name that moves or
     * a proxy. One that does not say, or that may not be asked, is taken for the one that is meant.
     */
    CompletableFuture<Void> identify() {
        List<CompletableFuture<String>> asked =
                lanes.stream().map(this::askRunId).toList();
        return CompletableFuture.allOf(asked.toArray(CompletableFuture[]::new)).thenRun(() -> {
            Set<String> said = asked.stream().map(CompletableFuture::join).collect(Collectors.toSet());
            said.remove(UNSAID);
            if (said.size() > 1) {
                throw new IllegalStateException("its connections reached different servers");
            }
            said.forEach(one -> runId = one);
        });
    }

    private CompletableFuture<String> askRunId(Lane lane) {
        AsyncCommand<String, byte[], String> info =
                command(CommandType.INFO, new StatusOutput<>(KeysAndBytes.CODEC), args().add("server"));
        send(lane, List.of(info), 0);
        return info.handle((said, refused) -> {
            if (refused != null && !isForGood(refused)) {
                throw new CompletionException(refused);
            }
            Matcher line = RUN_ID.matcher(refused == null ? said : "");
            return line.find() ? line.group(1) : UNSAID;
        });
    }

    /** Whether the server cannot or may not do what was asked, rather than not now: one that is loading or busy may later. */
    static boolean isForGood(Throwable failure) {
        String message = String.valueOf(failure.getMessage());
        return failure instanceof RedisCommandExecutionException
                && (message.startsWith("ERR") || message.startsWith("NOPERM") || message.startsWith("NOPROTO"));
    }

    /** Whether another process answers here than there, as far as they say. */
    boolean isApartFrom(RedisSession other) {
        return !runId.equals(UNSAID) && !other.runId.equals(UNSAID) && !runId.equals(other.runId);
    }

    /** Whether commands were sent on a connection and nothing at all was answered there for that long. */
    boolean isSilentFor(long nanos) {
        for (Lane lane : lanes) {
            if (lane.isSilentFor(nanos)) {
                return true;
            }
        }
        return false;
    }

    /** Whether the session is doubted from now on, and nobody had done so before. */
    boolean beginDoubt() {
        return doubted.compareAndSet(false, true);
    }

    void endDoubt() {
        doubted.set(false);
    }

    /** The server's time in microseconds. */
    CompletableFuture<Long> time() {
        AsyncCommand<String, byte[], List<byte[]>> time =
                command(CommandType.TIME, new ValueListOutput<>(KeysAndBytes.CODEC), args());
        send(List.of(time), 0);
        return time.thenApply(reply -> number(reply.get(0)) * 1_000_000 + number(reply.get(1)));
    }

    /** Makes the scripts known to the server, which is merely sooner than when they are first used. */
    void loadScripts() {
        List<AsyncCommand<String, byte[], String>> loads = new ArrayList<>();
        for (Script script : Script.values()) {
            loads.add(command(
                    CommandType.SCRIPT,
                    new StatusOutput<>(KeysAndBytes.CODEC),
                    args().add("LOAD").add(script.text())));
        }
        send(loads, 0);
    }

    /** Ends it, if it has not ended; all that is unanswered fails. Does not block. */
    void end(String reason) {
        if (ended.compareAndSet(false, true)) {
            lanes.forEach(lane -> lane.connection.closeAsync());
            onEnd.accept(this, reason);
        }
    }

    boolean hasEnded() {
        return ended.get();
    }

    private static long number(byte[] digits) {
        return Long.parseLong(new String(digits, StandardCharsets.US_ASCII));
    }
}
