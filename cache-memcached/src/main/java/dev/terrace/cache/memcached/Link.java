package dev.terrace.cache.memcached;

import java.io.IOException;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BiConsumer;
import net.rubyeye.xmemcached.impl.MemcachedTCPSession;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection to one server from its beginning to its end, shared by all threads. Within it CAS ids never repeat, since a
 * server that starts again takes its connections with it.
 *
 * <p>The driver never completes what it has queued when a connection is lost, and notices a server that hangs after 24 s; so
 * everything unanswered is kept here in order, and the age of the oldest tells how the server does.
 */
final class Link implements Driver.Owner {

    private static final Logger LOG = LoggerFactory.getLogger("dev.terrace.cache.memcached");

    private static final long MOST_UNANSWERED_REQUESTS = 1 << 16;
    private static final long MOST_UNANSWERED_BYTES = 64L << 20;
    /** What is said with a value, and what servers may count otherwise than others. */
    private static final int MARGIN = 64 << 10;

    private static final int LARGEST_ARRAY = Integer.MAX_VALUE - 8;

    private final String server;
    private final Counts counts;
    private final BiConsumer<Link, String> onEnd;
    private final AtomicBoolean ended = new AtomicBoolean();
    private final Queue<Exchange<?>> unanswered = new ConcurrentLinkedQueue<>();
    private final AtomicLong unansweredRequests = new AtomicLong();
    private final AtomicLong unansweredBytes = new AtomicLong();
    private volatile @Nullable MemcachedTCPSession session;
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
     * @param onEnd told once, with the reason
     */
    Link(String server, Counts counts, BiConsumer<Link, String> onEnd) {
        this.server = server;
        this.counts = counts;
        this.onEnd = onEnd;
    }

    @Override
    public void connected(MemcachedTCPSession connected) {
        session = connected;
        if (ended.get()) {
            session = null;
            close(connected);
        }
    }

    @Override
    public void disconnected(String reason) {
        end(reason);
    }

    /** What the server turned out to speak, and the largest item that it takes. */
    void speaks(Dialect spoken, long largestItem) {
        dialect = spoken;
        itemLimit = largestItem;
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
        return ask(spoken.question(asks, largestValue()));
    }

    /** Asks for the whole items under these names, together. Never throws. */
    <T> CompletableFuture<List<T>> askWhole(List<String> names, Dialect.Items<T> items) {
        return ask(dialect.whole(names, items, largestValue()));
    }

    private int largestValue() {
        return (int) Math.min(itemLimit, LARGEST_ARRAY - MARGIN) + MARGIN;
    }

    private <T> CompletableFuture<List<T>> ask(Dialect.Question<T> question) {
        MemcachedTCPSession current = session;
        if (current == null || ended.get()) {
            return CompletableFuture.failedFuture(lost(Driver.LOST));
        }
        Exchange<T> exchange = new Exchange<>(question, this::answered);
        long requests = unansweredRequests.addAndGet(exchange.requests());
        long bytes = unansweredBytes.addAndGet(exchange.size());
        if (requests > MOST_UNANSWERED_REQUESTS || bytes > MOST_UNANSWERED_BYTES) {
            countOff(exchange);
            counts.refusals().add(exchange.requests());
            return CompletableFuture.failedFuture(lost("too much is unanswered already"));
        }
        counts.roundTrips().increment();
        unanswered.add(exchange);
        current.write(exchange);
        if (ended.get() || current.isClosed()) {
            exchange.fail(lost(Driver.LOST));
        }
        return exchange.replies();
    }

    private void countOff(Exchange<?> exchange) {
        unansweredRequests.addAndGet(-exchange.requests());
        unansweredBytes.addAndGet(-exchange.size());
    }

    private void answered() {
        Exchange<?> oldest = unanswered.peek();
        while (oldest != null && oldest.isAnswered()) {
            if (unanswered.remove(oldest)) {
                countOff(oldest);
            }
            oldest = unanswered.peek();
        }
    }

    /** For how long the oldest unanswered request has been waiting. */
    long oldestNanos() {
        Exchange<?> oldest = unanswered.peek();
        return oldest == null || oldest.isAnswered() ? 0 : System.nanoTime() - oldest.sentAt();
    }

    /** Ends it, if it has not ended; all that is unanswered fails. Does not block. */
    void end(String reason) {
        if (ended.compareAndSet(false, true)) {
            MemcachedTCPSession current = session;
            // What was seen over this link names it for long; the buffers of its connection need not stay as long.
            session = null;
            if (current != null) {
                close(current);
            }
            MemcachedUnreachableException failure = lost(reason);
            for (Exchange<?> exchange = unanswered.poll(); exchange != null; exchange = unanswered.poll()) {
                exchange.fail(failure);
            }
            onEnd.accept(this, reason);
        }
    }

    boolean hasEnded() {
        return ended.get();
    }

    /** Takes the driver seconds where the server hangs. */
    private static void close(MemcachedTCPSession session) {
        Thread closing = new Thread(
                () -> {
                    session.clearWriteQueue();
                    session.close();
                },
                "terrace-memcached-close");
        closing.setDaemon(true);
        try {
            closing.start();
        } catch (OutOfMemoryError e) {
            // There is no thread to be had; the socket closes without one.
            closeSocket(session);
        }
    }

    private static void closeSocket(MemcachedTCPSession session) {
        try {
            session.channel().close();
        } catch (IOException e) {
            LOG.debug("A session failed", e);
        }
    }

    private MemcachedUnreachableException lost(String reason) {
        return new MemcachedUnreachableException(server + ": " + reason, null);
    }
}
