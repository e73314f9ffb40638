package dev.terrace.cache.memcached;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BiConsumer;
import java.util.stream.Stream;

/**
 * Connections to one server from their beginning to their end, shared by all threads; they end together. Within it CAS ids never
 * repeat, since a server that starts again takes its connections with it. What one thread asks keeps its order.
 */
final class Link {

    /** What is said with a value, and what servers may count otherwise than others. */
    private static final int MARGIN = 64 << 10;

    private static final int LARGEST_ARRAY = Integer.MAX_VALUE - 8;

    private final String server;
    private final BiConsumer<Link, String> onEnd;
    private final AtomicBoolean ended = new AtomicBoolean();
    private final List<Connection> connections;
    /** How many of them are used. */
    private volatile int used;

    private volatile Dialect dialect = ClassicDialect.INSTANCE;
    private volatile long itemLimit = 1 << 20;

    /**
     * What is counted over all links with a server.
     *
     * @param refusals requests that were refused because too much was unanswered
     * @param roundTrips how many times something was sent and awaited
     * @param failedLookUps how many times the server's name could not be looked up while there was a link
     */
    record Counts(LongAdder refusals, LongAdder roundTrips, LongAdder failedLookUps) {
        Counts() {
            this(new LongAdder(), new LongAdder(), new LongAdder());
        }
    }

    /**
     * @param connections how many, each to be connected
     * @param onEnd told once, with the reason
     */
    Link(String server, int connections, Counts counts, BiConsumer<Link, String> onEnd) {
        this.server = server;
        this.onEnd = onEnd;
        this.used = connections;
        this.connections = Stream.generate(() -> new Connection(server, counts, this::end))
                .limit(connections)
                .toList();
    }

    List<Connection> connections() {
        return connections;
    }

    /** What the server turned out to speak, and the largest item that it takes. */
    void speaks(Dialect spoken, long largestItem) {
        dialect = spoken;
        itemLimit = largestItem;
    }

    /** Uses one connection alone from now on: nobody knows whether the others reached the same server. */
    void useOne() {
        used = 1;
    }

    Dialect dialect() {
        return dialect;
    }

    long itemLimit() {
        return itemLimit;
    }

    /** Sends requests together; their replies arrive together. Never throws. */
    CompletableFuture<List<Reply>> ask(List<Ask> asks) {
        return ask(dialect, asks);
    }

    CompletableFuture<List<Reply>> ask(Dialect spoken, List<Ask> asks) {
        return connection().ask(spoken.question(asks, largestValue()));
    }

    /** Asks the same on each connection; done when all are answered, or one has failed. Never throws. */
    CompletableFuture<List<Reply>> askOnEach(Dialect spoken, Ask asked) {
        List<CompletableFuture<List<Reply>>> all = connections.stream()
                .map(one -> one.ask(spoken.question(List.of(asked), largestValue())))
                .toList();
        return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new))
                .thenApply(done -> all.stream().map(one -> one.join().get(0)).toList());
    }

    /** Asks for the whole items under these names, together. Never throws. */
    <T> CompletableFuture<List<T>> askWhole(List<String> names, Dialect.Items<T> items) {
        return connection().ask(dialect.whole(names, items, largestValue()));
    }

    /** The same for all that one thread asks. */
    private Connection connection() {
        int among = used;
        return connections.get(among == 1 ? 0 : (int) (Thread.currentThread().getId() % among));
    }

    private int largestValue() {
        return (int) Math.min(itemLimit, LARGEST_ARRAY - MARGIN) + MARGIN;
    }

    /** For how long the oldest unanswered request has been waiting. */
    long oldestNanos() {
        long oldest = 0;
        for (Connection connection : connections) {
            oldest = Math.max(oldest, connection.oldestNanos());
        }
        return oldest;
    }

    /** Ends it, if it has not ended; all that is unanswered fails. Does not block. */
    void end(String reason) {
        if (ended.compareAndSet(false, true)) {
            connections.forEach(connection -> connection.end(reason));
            onEnd.accept(this, reason);
        }
    }

    boolean hasEnded() {
        return ended.get();
    }

    /** Names the server. */
    @Override
    public String toString() {
        return server;
    }
}
