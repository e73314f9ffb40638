package dev.terrace.cache.redis;

import dev.terrace.cache.redis.RedisConnection.Dialer;
import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisConnectionException;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.output.NestedMultiOutput;
import io.lettuce.core.protocol.CommandType;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks all sentinels, a few times a second, whom they name for the primary; connects to that one, and says which connections are
 * to another one since. So a primary that hangs is not waited for longer than its failover takes, and an old one that comes back is left
 * before the sentinels have told it that it is none.
 *
 * <p>Sentinels learn of a failover one after the other; the one that knows of the latest is believed, by the epoch that they number
 * failovers with. What a sentinel said holds for a while after it has fallen silent. Nothing here blocks.
 */
final class SentinelWatch {

    private static final Logger LOG = LoggerFactory.getLogger("dev.terrace.cache.redis");

    private static final Duration PERIOD = Duration.ofMillis(250);
    private static final Duration PATIENCE = Duration.ofSeconds(1);
    private static final Duration PAUSE = Duration.ofSeconds(1);
    private static final long MEMORY_NANOS = Duration.ofSeconds(30).toNanos();
    private static final long EPOCH_UNKNOWN = -1;

    private final RedisURI uri;
    private final Function<RedisURI, Dialer> dialers;
    private final List<Sentinel> sentinels;
    private final Set<Attempt<?>> attempts = ConcurrentHashMap.newKeySet();
    private final Map<StatefulConnection<?, ?>, Held> held = new ConcurrentHashMap<>();
    private final AtomicBoolean started = new AtomicBoolean();
    private final ReentrantLock lock = new ReentrantLock();
    private volatile @Nullable Primary named;
    private volatile boolean closed;

    private record Primary(String host, int port) {}

    /** What a sentinel said, and when, in local nanoseconds. */
    private record Statement(long epoch, Primary primary, long at) {}

    /** @param over completed with the reason when the sentinels name another one */
    private record Held(Primary primary, CompletableFuture<String> over) {}

    /** @param dialers connects to a sentinel */
    SentinelWatch(RedisURI uri, Function<RedisURI, Dialer> dialers) {
        this.uri = uri;
        this.dialers = dialers;
        this.sentinels = uri.getSentinels().stream().map(Sentinel::new).toList();
    }

    /**
     * Connects to the primary, and to its successor as soon as that is named.
     *
     * @param connect makes a connection to a server
     * @param dialed what comes of it; it says how long to try
     */
    <C extends StatefulConnection<?, ?>> void dial(
            Function<RedisURI, ? extends CompletionStage<C>> connect, CompletableFuture<C> dialed) {
        Attempt<C> attempt = new Attempt<>(connect, dialed);
        attempts.add(attempt);
        dialed.whenComplete((connection, failure) -> attempts.remove(attempt));
        if (started.compareAndSet(false, true)) {
            watch();
        }
        Primary known = named;
        if (known != null) {
            attempt.to(known);
        }
    }

    /** Ends with the reason when a connection that was dialed here is to a server that is not the one that is named any more. */
    CompletionStage<String> over(StatefulConnection<?, ?> connection) {
        Held known = held.get(connection);
        return known == null ? new CompletableFuture<>() : known.over();
    }

    /** Whom the sentinels name, as host and port, once one did. */
    Optional<String> primary() {
        return Optional.ofNullable(named).map(primary -> primary.host() + ":" + primary.port());
    }

    void close() {
        closed = true;
    }

    private void watch() {
        if (!closed) {
            sentinels.forEach(Sentinel::ask);
            try {
                sentinels.get(0).dialer.timer().schedule(this::watch, PERIOD.toNanos(), TimeUnit.NANOSECONDS);
            } catch (RejectedExecutionException shutDown) {
                LOG.debug("The client of {} was shut down", Uris.describe(uri), shutDown);
            }
        }
    }

    private void choose() {
        Primary next;
        lock.lock();
        try {
            next = latest(named);
            if (next == null || next.equals(named)) {
                return;
            }
            named = next;
        } finally {
            lock.unlock();
        }
        LOG.info("{}: the primary is {}:{}", Uris.describe(uri), next.host(), next.port());
        attempts.forEach(attempt -> attempt.to(next));
        held.values().forEach(this::endUnlessNamed);
    }

    private @Nullable Primary latest(@Nullable Primary present) {
        long now = System.nanoTime();
        Statement latest = null;
        for (Sentinel sentinel : sentinels) {
            Statement said = sentinel.said;
            if (said != null && now - said.at() < MEMORY_NANOS && isLater(said, latest, present)) {
                latest = said;
            }
        }
        return latest == null ? null : latest.primary();
    }

    /** Of one epoch, whoever is named already. */
    private static boolean isLater(Statement said, @Nullable Statement other, @Nullable Primary present) {
        return other == null
                || said.epoch() > other.epoch()
                || (said.epoch() == other.epoch() && said.primary().equals(present));
    }

    private void endUnlessNamed(Held one) {
        Primary now = named;
        if (now != null && !one.primary().equals(now)) {
            one.over().complete("the sentinels name another primary");
        }
    }

    private void hold(StatefulConnection<?, ?> connection, Primary primary) {
        held.put(connection, new Held(primary, new CompletableFuture<>()));
        connection.addListener(new RedisConnectionStateListener() {
            @Override
            public void onRedisDisconnected(RedisChannelHandler<?, ?> lost) {
                held.remove(connection);
            }
        });
        if (!connection.isOpen()) {
            held.remove(connection);
        }
    }

    /** While nobody is named, and no sentinel can be asked, there is nobody to connect to. */
    private void failIfNobodyIsNamed(Throwable failure) {
        if (named == null && sentinels.stream().allMatch(sentinel -> sentinel.failed)) {
            RedisConnectionException nobody = new RedisConnectionException(
                    "no sentinel names a primary \"" + uri.getSentinelMasterId() + "\"", failure);
            attempts.forEach(attempt -> attempt.dialed.completeExceptionally(nobody));
        }
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

    /** A connection that is being made. */
    private final class Attempt<C extends StatefulConnection<?, ?>> {

        private final Function<RedisURI, ? extends CompletionStage<C>> connect;
        private final CompletableFuture<C> dialed;
        private final AtomicReference<@Nullable Primary> last = new AtomicReference<>();

        Attempt(Function<RedisURI, ? extends CompletionStage<C>> connect, CompletableFuture<C> dialed) {
            this.connect = connect;
            this.dialed = dialed;
        }

        void to(Primary primary) {
            if (dialed.isDone() || primary.equals(last.getAndSet(primary))) {
                return;
            }
            CompletionStage<C> attempt;
            try {
                attempt = connect.apply(RedisURI.builder(uri)
                        .withHost(primary.host())
                        .withPort(primary.port())
                        .build());
            } catch (RuntimeException e) {
                attempt = CompletableFuture.failedFuture(e);
            }
            attempt.whenComplete((connection, failure) -> {
                if (failure == null) {
                    arrived(connection, primary);
                } else if (primary.equals(named)) {
                    dialed.completeExceptionally(failure);
                }
            });
        }

        /** One that comes after its primary was replaced is to nobody's use. */
        private void arrived(C connection, Primary primary) {
            hold(connection, primary);
            if (!primary.equals(named) || !dialed.complete(connection)) {
                held.remove(connection);
                connection.closeAsync();
            }
        }
    }

    /** One sentinel, and the session with it. */
    private final class Sentinel {

        private final RedisURI at;
        private final Dialer dialer;
        private final AtomicBoolean busy = new AtomicBoolean();
        private volatile @Nullable RedisSession session;
        private volatile @Nullable Statement said;
        private volatile boolean failed;
        private volatile long triedAt = System.nanoTime() - PAUSE.toNanos();

        Sentinel(RedisURI at) {
            this.at = at;
            this.dialer = dialers.apply(at);
        }

        /** One question at a time, or one attempt to connect. */
        void ask() {
            RedisSession current = session;
            if (current != null && current.isSilentFor(PATIENCE.toNanos())) {
                current.end("it answers nothing");
                return;
            }
            boolean due = current != null || System.nanoTime() - triedAt >= PAUSE.toNanos();
            if (due && busy.compareAndSet(false, true)) {
                CompletionStage<Statement> answer;
                try {
                    answer = current == null ? connected().thenCompose(this::asked) : asked(current);
                } catch (RuntimeException e) {
                    answer = CompletableFuture.failedFuture(e);
                }
                answer.whenComplete(this::answered);
            }
        }

        private CompletionStage<RedisSession> connected() {
            triedAt = System.nanoTime();
            return dialer.dial().thenApply(connection -> {
                RedisSession made = new RedisSession(connection, (lost, reason) -> session = null);
                session = made.hasEnded() ? null : made;
                return made;
            });
        }

        /** The epoch first: if it ends between the two, the sentinel is believed less than it deserves, and not more. */
        private CompletionStage<Statement> asked(RedisSession asking) {
            return question(asking, "MASTER")
                    .handle((fields, refused) -> refused == null ? epoch(fields) : EPOCH_UNKNOWN)
                    .thenCombine(
                            question(asking, "GET-MASTER-ADDR-BY-NAME"),
                            (epoch, address) -> new Statement(epoch, primary(address), System.nanoTime()));
        }

        private CompletableFuture<List<Object>> question(RedisSession asking, String what) {
            return asking.ask(
                    CommandType.SENTINEL,
                    new NestedMultiOutput<>(KeysAndBytes.CODEC),
                    RedisSession.args().add(what).add(uri.getSentinelMasterId()));
        }

        private void answered(@Nullable Statement statement, @Nullable Throwable failure) {
            busy.set(false);
            failed = failure != null;
            if (statement != null) {
                said = statement;
                choose();
            } else {
                LOG.debug("The sentinel {}:{} names nobody", at.getHost(), at.getPort(), failure);
                failIfNobodyIsNamed(Objects.requireNonNull(failure));
            }
        }
    }

    private static long epoch(List<Object> fields) {
        for (int i = 0; i + 1 < fields.size(); i += 2) {
            if (text(fields.get(i)).equals("config-epoch")) {
                return Long.parseLong(text(fields.get(i + 1)));
            }
        }
        return EPOCH_UNKNOWN;
    }

    /** @throws IllegalStateException if the sentinel does not know of the primary */
    private static Primary primary(@Nullable List<Object> address) {
        if (address == null || address.size() != 2) {
            throw new IllegalStateException("it does not know the primary");
        }
        return new Primary(text(address.get(0)), Integer.parseInt(text(address.get(1))));
    }

    private static String text(@Nullable Object bulk) {
        return bulk instanceof byte[] bytes ? new String(bytes, StandardCharsets.UTF_8) : String.valueOf(bulk);
    }
}
