package dev.terrace.cache.redis;

import dev.terrace.cache.spi.ChangeFeed;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connection on which Redis tells what changes of the records and markers of every cache that is open here: by
 * {@linkplain KeyTracking key tracking} or, where that is chosen or tracking is refused, by {@linkplain ChangeNotices notices}.
 * Made when the first cache wants it, and made anew whenever it is lost or does not answer; what was told on one connection says
 * nothing about the time between two.
 *
 * <p>Behind one name there may be several servers, as while it moves. A link with another server than that of the data tells
 * nothing of what is read there, so it is not vouched for, and both connect anew.
 *
 * <p>The server answers a question after everything that it had to tell when it read the question, as long as one question is
 * under way at a time; so whatever is sent here waits for the answer to what was sent before. {@code docs/coherence.md} has
 * the proof. Nothing here blocks.
 */
final class RedisLink {

    private static final Logger LOG = LoggerFactory.getLogger("dev.terrace.cache.redis");

    private static final Duration SHORTEST_PERIOD = Duration.ofMillis(10);
    private static final Duration LONGEST_PERIOD = Duration.ofMillis(500);
    private static final Duration SHORTEST_PATIENCE = Duration.ofMillis(100);
    private static final Duration LONGEST_PATIENCE = Duration.ofSeconds(2);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(20);
    private static final Duration LONGEST_PAUSE = Duration.ofMillis(500);
    private static final Duration PAUSE_AFTER_REFUSAL = Duration.ofSeconds(30);
    private static final String APART = "it is not the server of the data";

    private final String server;
    private final RedisConnection data;
    private final RedisConnection.Dialer dialer;
    private final Place place;
    private final Map<String, Feed> feeds = new ConcurrentHashMap<>();
    /** From the data, since it and the link were last with one server. */
    private final Partings partings = new Partings();

    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable Line line; // guarded by lock
    private boolean started; // guarded by lock
    /** How often the server may have become another one. */
    private int renewals; // guarded by lock

    private int failures; // guarded by lock
    private @Nullable Future<?> nextDial; // guarded by lock
    /** Whether the log says that the server tells. */
    private boolean saidToTell; // guarded by lock

    /** How the server is asked to tell next. */
    private RedisCoherence mode; // guarded by lock

    private volatile boolean closed;

    /**
     * Where a link is wanted.
     *
     * @param coherence how the server is to tell, if it does
     * @param inCluster whether it is one of several
     */
    record Place(RedisCoherence coherence, boolean inCluster) {}

    /** @param data what is read on it is vouched for, if it goes to the server that tells */
    RedisLink(RedisConnection data, RedisConnection.Dialer dialer, Place place) {
        this.server = data.server();
        this.data = data;
        this.dialer = dialer;
        this.place = place;
        this.mode = place.coherence();
    }

    /** What a cache is told of. */
    Feed feed(RedisKeys keys) {
        return new Feed(keys);
    }

    /** The server may be another one from now on, which may tell though the last one refused to. */
    void renew() {
        Line present;
        Future<?> paused;
        lock.lock();
        try {
            mode = place.coherence();
            renewals++;
            present = line;
            paused = nextDial;
        } finally {
            lock.unlock();
        }
        if (present != null) {
            present.renewed = true;
            present.end("the server was connected anew");
        } else if (paused != null && paused.cancel(false)) {
            dial();
        }
    }

    void close() {
        Line present;
        lock.lock();
        try {
            closed = true;
            present = line;
        } finally {
            lock.unlock();
        }
        if (present != null) {
            present.end("the far tier was closed");
        }
    }

    private void opened(Feed feed) {
        feeds.put(feed.keys.recordPrefix(), feed);
        if (feed.over) {
            feeds.remove(feed.keys.recordPrefix(), feed);
            return;
        }
        Line present;
        boolean first;
        lock.lock();
        try {
            present = line;
            first = !started;
            started = true;
        } finally {
            lock.unlock();
        }
        if (first) {
            dial();
        } else if (present != null) {
            present.arm(List.of(feed));
        }
    }

    private void dial() {
        if (closed) {
            return;
        }
        RedisCoherence now;
        int at;
        lock.lock();
        try {
            now = mode;
            at = renewals;
        } finally {
            lock.unlock();
        }
        CompletionStage<Line> dialed;
        try {
            dialed = now == RedisCoherence.TRACKING
                    ? dialer.dial().thenApply(this::tracking)
                    : dialer.dialPubSub().thenApply(this::listening);
        } catch (RuntimeException e) {
            dialed = CompletableFuture.failedFuture(e);
        }
        dialed.whenComplete((next, failure) -> {
            if (failure == null) {
                begin(next, at);
            } else {
                // The data connection says why.
                dialAfter(pause());
            }
        });
    }

    private Line tracking(StatefulRedisConnection<String, byte[]> connection) {
        return new Line(
                RedisCoherence.TRACKING, connection, (session, told) -> new KeyTracking(session, connection, told));
    }

    private Line listening(StatefulRedisPubSubConnection<String, byte[]> connection) {
        return new Line(
                RedisCoherence.NOTICES,
                connection,
                (session, told) -> new ChangeNotices(session, connection, place.inCluster(), told));
    }

    /** @param at how often the server had become another one when it was asked for a connection */
    private void begin(Line next, int at) {
        boolean late;
        boolean elsewhere;
        lock.lock();
        try {
            late = closed;
            elsewhere = at != renewals;
            if (!late && !elsewhere) {
                line = next;
            }
        } finally {
            lock.unlock();
        }
        if (late) {
            next.end("the far tier was closed");
        } else if (elsewhere) {
            next.end("the server was connected anew");
            dial();
        } else if (next.session.hasEnded()) {
            ended(next, "the connection was lost");
        } else {
            next.greet();
        }
    }

    private void ended(Line lost, String reason) {
        boolean worthSaying;
        lock.lock();
        try {
            if (line != lost) {
                return;
            }
            line = null;
            worthSaying = saidToTell && !lost.renewed && !closed;
            saidToTell &= !worthSaying;
            if (lost.refused) {
                mode = lost.mode == RedisCoherence.TRACKING ? RedisCoherence.NOTICES : place.coherence();
            }
        } finally {
            lock.unlock();
        }
        lost.lost();
        if (worthSaying) {
            LOG.warn("{} does not tell of changes any more: {}; asking again", server, reason);
        }
        if (!closed) {
            dialAfter(pauseAfter(lost));
        }
    }

    private Duration pauseAfter(Line lost) {
        if (lost.refused && lost.mode == RedisCoherence.NOTICES) {
            return PAUSE_AFTER_REFUSAL;
        }
        Duration parted = lost.parted;
        return parted == null ? pause() : parted;
    }

    /** The link is with another server than the data: both connect anew. */
    private void part(Line apart) {
        boolean leaves = partings.begin();
        apart.parted = partings.pause();
        apart.end(APART);
        if (leaves) {
            // Which dials the link again, once there is a new one.
            data.leave("the link reached another server; near copies are compared until both reach the same");
        }
    }

    private Duration pause() {
        int before;
        lock.lock();
        try {
            before = failures++;
        } finally {
            lock.unlock();
        }
        long longest = Math.min(FIRST_PAUSE.toNanos() << Math.min(before, 10), LONGEST_PAUSE.toNanos());
        return Duration.ofNanos(ThreadLocalRandom.current().nextLong(longest / 2, longest));
    }

    private void dialAfter(Duration pause) {
        lock.lock();
        try {
            nextDial = after(pause, this::dial);
        } finally {
            lock.unlock();
        }
    }

    private @Nullable Future<?> after(Duration pause, Runnable task) {
        if (closed) {
            return null;
        }
        try {
            return dialer.timer().schedule(task, pause.toNanos(), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            LOG.warn("The client of {} was shut down; nothing tells of changes there", server);
            return null;
        }
    }

    private @Nullable Line present() {
        lock.lock();
        try {
            return line;
        } finally {
            lock.unlock();
        }
    }

    /** The least of what caches want, from what each wants. */
    private long shortestStaleness() {
        long shortest = Long.MAX_VALUE;
        for (Feed feed : feeds.values()) {
            shortest = Math.min(shortest, feed.maxStaleness());
        }
        return shortest;
    }

    private static Duration bounded(long nanos, Duration least, Duration most) {
        return Duration.ofNanos(Math.max(least.toNanos(), Math.min(nanos, most.toNanos())));
    }

    /** What one cache is told of. */
    final class Feed implements ChangeFeed {

        private final RedisKeys keys;
        private volatile @Nullable Listener listener;
        private volatile boolean over;
        /** Whether it is known if this node may tell others of its changes, or that the server does not say. */
        private volatile boolean checked;

        private Feed(RedisKeys keys) {
            this.keys = keys;
        }

        @Override
        public void start(Listener told) {
            listener = told;
            opened(this);
            NoticeCheck.begin(data, keys.notices(), place.inCluster(), () -> over)
                    .thenRun(this::checked);
        }

        private void checked() {
            checked = true;
            Line present = present();
            if (present != null) {
                present.arm(List.of(this));
            }
        }

        void close() {
            over = true;
            feeds.remove(keys.recordPrefix(), this);
            Line present = present();
            if (present != null) {
                present.forget(this);
            }
        }

        private long maxStaleness() {
            return told().maxStaleness();
        }

        private Listener told() {
            Listener told = listener;
            if (told == null) {
                throw new IllegalStateException("not started");
            }
            return told;
        }

        @Override
        public String toString() {
            return "Redis is asked to tell of changes " + place.coherence().telling();
        }
    }

    /** One connection, from its beginning to its end. */
    private final class Line implements Telling.Told {

        private final RedisCoherence mode;
        private final RedisSession session;
        private final Telling telling;
        /** What is to be sent once the answer to what was sent before is there. */
        private final Queue<Supplier<CompletableFuture<?>>> waiting = new ArrayDeque<>(); // guarded by lock

        /** Who was asked for, and whether the server has agreed. */
        private final Map<Feed, Boolean> armed = new ConcurrentHashMap<>();

        private boolean busy; // guarded by lock
        private long questions; // guarded by lock
        private volatile boolean greeted;
        private volatile boolean wasArmed;
        /** Whether it ended because the server behind the name may be another. */
        private volatile boolean renewed;

        private volatile boolean refused;

        /** How long to wait for the data connection to be made anew, where the two were with different servers. */
        private volatile @Nullable Duration parted;

        Line(
                RedisCoherence mode,
                StatefulRedisConnection<String, byte[]> connection,
                BiFunction<RedisSession, Telling.Told, Telling> manner) {
            this.mode = mode;
            session = new RedisSession(connection, (lost, reason) -> ended(this, reason));
            dialer.over(connection).thenAccept(session::end);
            telling = manner.apply(session, this);
        }

        void end(String reason) {
            session.end(reason);
        }

        void greet() {
            ask(telling::greet);
            ask(() -> session.identify().thenRun(() -> {
                if (data.isApartFrom(session)) {
                    part(this);
                } else {
                    greeted = true;
                    arm(feeds.values());
                    beat();
                }
            }));
        }

        /**
         * Whether the data has gone to another server since; this line ends then, and the next one will tell which of the two to
         * leave. Asked after each answer that gives trust: what is read elsewhere from then on is read after the question.
         */
        private boolean isDeserted() {
            boolean isDeserted = data.isApartFrom(session);
            if (isDeserted) {
                end(APART);
            }
            return isDeserted;
        }

        /** Asks the server to tell of what belongs to these caches. */
        void arm(Collection<Feed> wanted) {
            if (!greeted || wanted.isEmpty()) {
                return;
            }
            List<Feed> asked = wanted.stream().filter(this::mayVouch).toList();
            ask(() -> {
                Map<Feed, Long> askedAt = new LinkedHashMap<>();
                for (Feed feed : asked) {
                    if (armed.putIfAbsent(feed, Boolean.FALSE) != null) {
                        continue;
                    }
                    if (feed.over) {
                        armed.remove(feed);
                    } else {
                        askedAt.put(feed, feed.told().nanos());
                    }
                }
                if (askedAt.isEmpty()) {
                    return CompletableFuture.completedFuture(null);
                }
                return telling.begin(
                                askedAt.keySet().stream().map(feed -> feed.keys).toList())
                        .thenRun(() -> askedAt.forEach(this::armed));
            });
        }

        /** Notices are told by who may tell them: until that is known of this node too, it relies on none. */
        private boolean mayVouch(Feed feed) {
            return mode == RedisCoherence.TRACKING || feed.checked;
        }

        /** Tells a cache nothing more. */
        void forget(Feed feed) {
            if (armed.remove(feed) != null) {
                ask(() -> telling.end(feed.keys));
            }
        }

        /** Unless it was closed meanwhile: what is told is told to one cache of a name. */
        private void armed(Feed feed, long askedAt) {
            if (isDeserted() || !armed.replace(feed, Boolean.FALSE, Boolean.TRUE)) {
                return;
            }
            if (!wasArmed) {
                wasArmed = true;
                if (isFirstToTell()) {
                    LOG.info("{} tells of changes {}; near copies are trusted while it does", server, mode.telling());
                }
            }
            feed.told().armed(0, askedAt);
        }

        private boolean isFirstToTell() {
            partings.end();
            lock.lock();
            try {
                failures = 0;
                boolean first = !saidToTell;
                saidToTell = true;
                return first;
            } finally {
                lock.unlock();
            }
        }

        /** The next heartbeat is sent a fifth of the bound after this one, or when this one is answered if that is later. */
        private void beat() {
            if (!session.hasEnded()) {
                ask(this::heartbeat);
            }
        }

        private CompletableFuture<?> heartbeat() {
            Map<Feed, Long> askedAt = new LinkedHashMap<>();
            armed.forEach((feed, told) -> {
                if (told) {
                    askedAt.put(feed, feed.told().nanos());
                }
            });
            long sentAt = System.nanoTime();
            return telling.confirm().thenRun(() -> {
                if (isDeserted()) {
                    return;
                }
                askedAt.forEach((feed, at) -> feed.told().confirmed(0, at));
                Duration period = bounded(shortestStaleness() / 5, SHORTEST_PERIOD, LONGEST_PERIOD);
                after(period.minusNanos(System.nanoTime() - sentAt), this::beat);
            });
        }

        /** Asks something as soon as nothing else is under way. */
        private void ask(Supplier<CompletableFuture<?>> question) {
            lock.lock();
            try {
                if (busy) {
                    waiting.add(question);
                    return;
                }
                busy = true;
            } finally {
                lock.unlock();
            }
            send(question);
        }

        private void send(Supplier<CompletableFuture<?>> question) {
            long number;
            lock.lock();
            try {
                number = ++questions;
            } finally {
                lock.unlock();
            }
            after(bounded(shortestStaleness() / 2, SHORTEST_PATIENCE, LONGEST_PATIENCE), () -> endIfUnanswered(number));
            question.get().whenComplete((answer, failure) -> {
                if (failure == null) {
                    next();
                } else {
                    failed(
                            failure instanceof CompletionException && failure.getCause() != null
                                    ? failure.getCause()
                                    : failure);
                }
            });
        }

        private void endIfUnanswered(long number) {
            boolean unanswered;
            lock.lock();
            try {
                unanswered = busy && questions == number;
            } finally {
                lock.unlock();
            }
            if (unanswered) {
                end("it did not answer in time");
            }
        }

        private void next() {
            Supplier<CompletableFuture<?>> next;
            lock.lock();
            try {
                next = waiting.poll();
                busy = next != null;
            } finally {
                lock.unlock();
            }
            if (next != null) {
                send(next);
            }
        }

        private void failed(Throwable failure) {
            if (!wasArmed && RedisSession.isForGood(failure)) {
                refused = true;
                if (mode == RedisCoherence.TRACKING) {
                    LOG.warn(
                            "{} refuses key tracking ({}); it is asked for change notices",
                            server,
                            failure.getMessage());
                } else {
                    LOG.warn(
                            "{} does not tell of changes ({}); near copies are compared with it after maxStaleness",
                            server,
                            failure.getMessage());
                }
            }
            end(String.valueOf(failure.getMessage()));
        }

        @Override
        public void changed(String key) {
            for (Feed feed : armed.keySet()) {
                if (feed.keys.tell(key, feed.told())) {
                    return;
                }
            }
        }

        @Override
        public void changedHere(String key) {
            for (Feed feed : armed.keySet()) {
                if (feed.keys.tellOwn(key, feed.told())) {
                    return;
                }
            }
        }

        @Override
        public void changedAll() {
            armed.keySet().forEach(feed -> feed.told().changedAll(0));
        }

        @Override
        public void unclear(RuntimeException failure) {
            end("what it told was not understood: " + failure);
        }

        void lost() {
            armed.keySet().forEach(feed -> feed.told().lost(0));
        }
    }
}
