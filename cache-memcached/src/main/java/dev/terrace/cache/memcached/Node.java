package dev.terrace.cache.memcached;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One server: keeps one link with it, made in the background and again whenever it ends, its name resolved anew each time. Nothing
 * here blocks.
 *
 * <p>Requests wait for the first attempt only. A server that leaves a request unanswered for twice the longest budget is not asked
 * anything more until it answers; one that does so for 2 s, or twice that again, loses its link.
 */
final class Node {

    private static final Logger LOG = LoggerFactory.getLogger("dev.terrace.cache.memcached");

    private static final Duration FIRST_PAUSE = Duration.ofMillis(20);
    private static final Duration LONGEST_PAUSE = Duration.ofMillis(500);

    /** A link that ended sooner was of no use, and the attempt as good as failed. */
    private static final Duration USEFUL = Duration.ofSeconds(1);

    /** Links of no use are told of once in that time. */
    private static final Duration QUIET = Duration.ofSeconds(10);

    private static final Duration CONNECT_LIMIT = Duration.ofSeconds(2);
    private static final Duration GREETING_LIMIT = Duration.ofSeconds(2);
    private static final Duration SHORTEST_SILENCE = Duration.ofSeconds(2);
    private static final Duration SHORTEST_DOUBT = Duration.ofMillis(200);
    /** In all, and not at once: while these are sent, what is asked meanwhile comes behind them. */
    private static final int MOST_EARLY = 4_096;

    /** A clock is looked at closely until it is known to this. */
    private static final long PRECISE_MICROS = 20_000;

    private static final int CLOSE_LOOKS = 12;

    private final Address address;
    private final Wire wire;
    private final ServerClock clock = new ServerClock(System::nanoTime);
    private final Link.Counts counts = new Link.Counts();

    private final ReentrantLock lock = new ReentrantLock();
    /** What is asked before the first attempt has ended, in that order, and done with null where it failed. Guarded by lock. */
    private final Queue<Consumer<@Nullable Link>> early = new ArrayDeque<>();

    private int askedEarly;

    private final AtomicBoolean lookingUp = new AtomicBoolean();
    private volatile @Nullable Link link;
    private volatile @Nullable InetAddress dialed;
    private volatile @Nullable MemcachedUnreachableException down;
    private volatile long doubtNanos = SHORTEST_DOUBT.toNanos();
    private volatile boolean closed;
    private volatile long lookUpsQuietUntil = System.nanoTime();
    private boolean attempted;
    /** Attempts in a row that failed or came to nothing. Guarded by lock. */
    private int failures;

    private long establishedAt;
    private boolean wasUseful = true;
    private long quietUntil = System.nanoTime();

    /**
     * How servers are reached: what all of a tier share.
     *
     * @param connections how many to each server
     * @param dialed as which server each address was dialed first
     */
    record Wire(
            Driver driver,
            int connections,
            ScheduledExecutorService timer,
            Resolver resolver,
            Threads threads,
            Greeting greeting,
            ConcurrentMap<InetSocketAddress, Address> dialed) {}

    /** Threads for what blocks. */
    @FunctionalInterface
    interface Threads {

        /** @throws OutOfMemoryError if the system has none to give */
        void start(Runnable task, String name);

        /** One of its own for each task. */
        static void daemon(Runnable task, String name) {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            thread.start();
        }
    }

    /** Where names become addresses. */
    @FunctionalInterface
    interface Resolver {

        /** May block. */
        InetAddress resolve(String host) throws UnknownHostException;

        /** What the system says; of several addresses the lowest, so that all nodes mean the same server by a name. */
        static InetAddress system(String host) throws UnknownHostException {
            InetAddress lowest = null;
            for (InetAddress one : InetAddress.getAllByName(host)) {
                if (lowest == null || compare(one.getAddress(), lowest.getAddress()) < 0) {
                    lowest = one;
                }
            }
            if (lowest == null) {
                throw new UnknownHostException(host);
            }
            return lowest;
        }

        private static int compare(byte[] one, byte[] other) {
            return one.length != other.length
                    ? Integer.compare(one.length, other.length)
                    : Arrays.compareUnsigned(one, other);
        }
    }

    Node(Address address, Wire wire) {
        this.address = address;
        this.wire = wire;
    }

    Address address() {
        return address;
    }

    ServerClock clock() {
        return clock;
    }

    long refusals() {
        return counts.refusals().sum();
    }

    long failedLookUps() {
        return counts.failedLookUps().sum();
    }

    long roundTrips() {
        return counts.roundTrips().sum();
    }

    /** Whether requests would be sent now. */
    boolean isUp() {
        Link current = link;
        return current != null && !current.hasEnded() && current.oldestNanos() <= doubtNanos;
    }

    void start() {
        attempt();
    }

    void expectBudget(Duration budget) {
        lock.lock();
        try {
            doubtNanos = Math.max(doubtNanos, 2 * budget.toNanos());
        } finally {
            lock.unlock();
        }
    }

    /** Does something over the link; fails at once where there is none, or the server does not answer. Never throws. */
    <T> CompletableFuture<T> call(Function<? super Link, ? extends CompletionStage<T>> operation) {
        Link current = link;
        if (current == null) {
            return withoutLink(operation);
        }
        if (current.oldestNanos() > doubtNanos) {
            return CompletableFuture.failedFuture(
                    new MemcachedUnreachableException(address + " does not answer", null));
        }
        return apply(operation, current);
    }

    /** Asks the server for its time, and sets the clock by it. */
    CompletableFuture<Void> ping() {
        return call(this::sampleTime);
    }

    private <T> CompletableFuture<T> withoutLink(Function<? super Link, ? extends CompletionStage<T>> operation) {
        CompletableFuture<T> result = new CompletableFuture<>();
        Link justMade;
        lock.lock();
        try {
            justMade = link;
            if (justMade == null) {
                if (attempted || closed || askedEarly == MOST_EARLY) {
                    return CompletableFuture.failedFuture(unreachable());
                }
                askedEarly++;
                early.add(made -> start(operation, made, result));
                return result;
            }
        } finally {
            lock.unlock();
        }
        return apply(operation, justMade);
    }

    private <T> void start(
            Function<? super Link, ? extends CompletionStage<T>> operation,
            @Nullable Link made,
            CompletableFuture<T> result) {
        if (made == null) {
            result.completeExceptionally(unreachable());
        } else if (!result.isDone()) {
            // Who asked has not given up.
            apply(operation, made).whenComplete((answer, failure) -> complete(result, answer, failure));
        }
    }

    private static <T> void complete(CompletableFuture<T> result, @Nullable T answer, @Nullable Throwable failure) {
        if (failure == null) {
            result.complete(answer);
        } else {
            result.completeExceptionally(failure);
        }
    }

    /** To be called with the lock. */
    private List<Consumer<@Nullable Link>> takeEarly() {
        List<Consumer<@Nullable Link>> asked = List.copyOf(early);
        early.clear();
        return asked;
    }

    private static <T> CompletableFuture<T> apply(
            Function<? super Link, ? extends CompletionStage<T>> operation, Link link) {
        try {
            return operation.apply(link).toCompletableFuture();
        } catch (Throwable e) {
            // Others wait behind it.
            return CompletableFuture.failedFuture(e);
        }
    }

    private RuntimeException unreachable() {
        if (closed) {
            return new IllegalStateException("the far tier of " + address + " is closed");
        }
        MemcachedUnreachableException known = down;
        return known == null ? MemcachedUnreachableException.noConnection(address.toString(), null) : known;
    }

    private CompletableFuture<Void> sampleTime(Link asked) {
        long askedAt = System.nanoTime();
        return asked.ask(List.of(new Ask.Stats(""))).thenAccept(replies -> sample(replies.get(0), askedAt));
    }

    private void sample(Reply reply, long askedAt) {
        if (reply instanceof Reply.Table table) {
            clock.sample(Greeting.time(table), askedAt);
        } else {
            throw new IllegalStateException(address + " does not tell its time");
        }
    }

    private void attempt() {
        if (closed) {
            return;
        }
        try {
            wire.threads().start(() -> connect(this::greet, this::failed), "terrace-memcached-connect");
        } catch (OutOfMemoryError e) {
            // There may be a thread to be had by the next time.
            failed(e);
        }
    }

    private void connect(Consumer<Link> connected, Consumer<Throwable> failed) {
        Link made = new Link(address.toString(), wire.connections(), counts, this::ended);
        try {
            InetAddress resolved = wire.resolver().resolve(address.host());
            if (closed) {
                return;
            }
            dialed(resolved);
            InetSocketAddress server = new InetSocketAddress(resolved, address.port());
            for (Connection one : made.connections()) {
                wire.driver().connect(server, one, (int) CONNECT_LIMIT.toMillis());
            }
            connected.accept(made);
        } catch (Throwable e) {
            made.end("no connection");
            failed.accept(e);
        }
    }

    private void greet(Link made) {
        long askedAt = System.nanoTime();
        wire.greeting()
                .greet(made)
                .thenApply(stats -> {
                    clock.sample(Greeting.time(stats), askedAt);
                    return stats.entries();
                })
                .orTimeout(GREETING_LIMIT.toMillis(), TimeUnit.MILLISECONDS)
                .whenComplete((stats, failure) -> {
                    if (failure == null) {
                        established(made, stats);
                    } else {
                        made.end("the greeting failed");
                        greetingFailed(failure);
                    }
                });
    }

    private void greetingFailed(Throwable failure) {
        if (!wire.greeting().mayWantCredentials(cause(failure))) {
            failed(failure);
            return;
        }
        try {
            wire.threads()
                    .start(
                            () -> connect(made -> findOutWhy(failure, made), later -> failed(failure)),
                            "terrace-memcached-connect");
        } catch (OutOfMemoryError e) {
            failed(failure);
        }
    }

    private void findOutWhy(Throwable failure, Link made) {
        Greeting.askWhetherCredentialsAreWanted(made)
                .orTimeout(GREETING_LIMIT.toMillis(), TimeUnit.MILLISECONDS)
                .whenComplete((done, why) -> {
                    made.end("it was made to find out why the greeting failed");
                    failed(why != null && cause(why) instanceof IllegalStateException ? why : failure);
                });
    }

    private static Throwable cause(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    }

    /** Two names of one server are two shares of the keys, and its loss is that of both. */
    private void dialed(InetAddress resolved) {
        InetAddress before = dialed;
        if (before != null && sameAddress(before, resolved)) {
            return;
        }
        if (before != null) {
            wire.dialed().remove(new InetSocketAddress(before, address.port()), address);
        }
        dialed = resolved;
        Address other = wire.dialed().putIfAbsent(new InetSocketAddress(resolved, address.port()), address);
        if (other != null && !other.equals(address)) {
            LOG.warn("{} and {} are the same server", other, address);
        }
    }

    private void established(Link greeted, Map<String, String> stats) {
        boolean late;
        boolean afterUseful = true;
        List<Consumer<@Nullable Link>> asked;
        do {
            lock.lock();
            try {
                late = closed;
                asked = takeEarly();
                // Only then: nobody is to overtake what was asked before.
                if (asked.isEmpty()) {
                    attempted = true;
                    if (!late) {
                        link = greeted;
                        down = null;
                        establishedAt = System.nanoTime();
                        afterUseful = wasUseful;
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
        if (afterUseful) {
            tellConnected(greeted, stats);
        } else {
            schedule(() -> tellConnected(greeted, stats), USEFUL.toNanos());
        }
        if (greeted.hasEnded()) {
            ended(greeted, Driver.LOST);
        } else {
            lookClosely(greeted, CLOSE_LOOKS);
        }
    }

    private void tellConnected(Link greeted, Map<String, String> stats) {
        if (!greeted.hasEnded()) {
            LOG.info(
                    "Connected to {}: version {}, {} protocol, items of up to {} bytes",
                    address,
                    stats.getOrDefault("version", "unknown"),
                    greeted.dialect().name(),
                    greeted.itemLimit());
        }
    }

    /** Asks for the time where the answer says most, until the clock is known well. */
    private void lookClosely(Link current, int looks) {
        if (looks == 0 || clock.doubt() < PRECISE_MICROS || current.hasEnded()) {
            return;
        }
        schedule(
                () -> sampleTime(current).thenAccept(done -> lookClosely(current, looks - 1)),
                TimeUnit.MICROSECONDS.toNanos(clock.untilTurn()));
    }

    private void ended(Link lost, String reason) {
        boolean told;
        int before;
        lock.lock();
        try {
            if (link != lost) {
                return;
            }
            link = null;
            down = MemcachedUnreachableException.noConnection(address.toString(), new IllegalStateException(reason));
            long now = System.nanoTime();
            wasUseful = now - establishedAt >= USEFUL.toNanos();
            before = wasUseful ? 0 : failures;
            failures = wasUseful ? 0 : failures + 1;
            told = wasUseful || now - quietUntil >= 0;
            if (told) {
                quietUntil = now + QUIET.toNanos();
            }
        } finally {
            lock.unlock();
        }
        if (closed) {
            return;
        }
        if (told) {
            LOG.warn("Lost {}: {}; connecting again", address, reason);
        }
        schedule(this::attempt, pause(before));
    }

    private void failed(Throwable failure) {
        Throwable cause = cause(failure);
        MemcachedUnreachableException unreachable = MemcachedUnreachableException.noConnection(
                address.toString(),
                cause instanceof TimeoutException ? new IllegalStateException("it answers nothing", cause) : cause);
        int before;
        List<Consumer<@Nullable Link>> asked;
        lock.lock();
        try {
            down = unreachable;
            before = failures++;
            attempted = true;
            asked = takeEarly();
        } finally {
            lock.unlock();
        }
        asked.forEach(one -> one.accept(null));
        if (before == 0 && !closed) {
            LOG.warn("{}; trying again until it succeeds", unreachable.getMessage());
        }
        schedule(this::attempt, pause(before));
    }

    private static long pause(int failuresBefore) {
        long longest = Math.min(FIRST_PAUSE.toNanos() << Math.min(failuresBefore, 10), LONGEST_PAUSE.toNanos());
        return ThreadLocalRandom.current().nextLong(longest / 2, longest);
    }

    private void schedule(Runnable task, long nanos) {
        if (closed) {
            return;
        }
        try {
            wire.timer().schedule(task, nanos, TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            LOG.debug("The timer of {} has ended", address);
        }
    }

    /** Ends a link whose server has been silent for too long; called now and then. */
    void sweep() {
        Link current = link;
        if (current != null && current.oldestNanos() > Math.max(SHORTEST_SILENCE.toNanos(), 2 * doubtNanos)) {
            current.end("the server has answered nothing for long");
        }
    }

    /**
     * Ends the link where the server's name means another address by now, in the background; called now and then. Otherwise nodes
     * that connected before and after would keep their records on different servers.
     */
    void lookUp() {
        if (link == null || address.isLiteral() || !lookingUp.compareAndSet(false, true)) {
            return;
        }
        try {
            wire.threads()
                    .start(
                            () -> {
                                try {
                                    compareAddresses();
                                } finally {
                                    lookingUp.set(false);
                                }
                            },
                            "terrace-memcached-lookup");
        } catch (OutOfMemoryError e) {
            // There may be a thread to be had the next time.
            notLookedUp(e);
            lookingUp.set(false);
        }
    }

    private void compareAddresses() {
        Link current = link;
        InetAddress before = dialed;
        try {
            InetAddress now = wire.resolver().resolve(address.host());
            if (current != null && before != null && !sameAddress(now, before)) {
                current.end("its name means another address now");
            }
        } catch (UnknownHostException e) {
            counts.failedLookUps().increment();
            LOG.debug("{} is not found by its name; the connection stays", address);
        } catch (RuntimeException | Error e) {
            notLookedUp(e);
        }
    }

    /** Belongs to who is looking up. */
    private void notLookedUp(Throwable failure) {
        counts.failedLookUps().increment();
        long now = System.nanoTime();
        if (now - lookUpsQuietUntil >= 0) {
            lookUpsQuietUntil = now + QUIET.toNanos();
            LOG.warn(
                    "{} could not be looked up; the connection stays, and it is tried again: {}",
                    address,
                    failure.toString());
        }
    }

    private static boolean sameAddress(InetAddress one, InetAddress other) {
        return Arrays.equals(one.getAddress(), other.getAddress());
    }

    /** Ends the link and all attempts. */
    void close() {
        Link current;
        List<Consumer<@Nullable Link>> asked;
        lock.lock();
        try {
            closed = true;
            current = link;
            asked = takeEarly();
        } finally {
            lock.unlock();
        }
        if (current != null) {
            current.end("the far tier was closed");
        }
        asked.forEach(one -> one.accept(null));
    }

    @Override
    public String toString() {
        return address.toString();
    }
}
