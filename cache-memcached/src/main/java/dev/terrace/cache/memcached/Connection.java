package dev.terrace.cache.memcached;

import java.io.IOException;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import net.rubyeye.xmemcached.impl.MemcachedTCPSession;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection of a {@link Link}, shared by threads, used once.
 *
 * <p>The driver never completes what it has queued when a connection is lost, and notices a server that hangs after 24 s; so
 * everything unanswered is kept here in order, and the age of the oldest tells how the server does.
 */
final class Connection implements Driver.Owner {

    private static final Logger LOG = LoggerFactory.getLogger("dev.terrace.cache.memcached");

    private static final long MOST_UNANSWERED_REQUESTS = 1 << 16;
    private static final long MOST_UNANSWERED_BYTES = 64L << 20;

    private final String server;
    private final Link.Counts counts;
    private final Consumer<String> onLost;
    private final Queue<Exchange<?>> unanswered = new ConcurrentLinkedQueue<>();
    private final AtomicLong unansweredRequests = new AtomicLong();
    private final AtomicLong unansweredBytes = new AtomicLong();
    private volatile @Nullable MemcachedTCPSession session;
    private volatile boolean ended;

    /** @param onLost told the reason, perhaps more than once */
    Connection(String server, Link.Counts counts, Consumer<String> onLost) {
        this.server = server;
        this.counts = counts;
        this.onLost = onLost;
    }

    @Override
    public void connected(MemcachedTCPSession connected) {
        session = connected;
        if (ended) {
            session = null;
            close(connected);
        }
    }

    @Override
    public void disconnected(String reason) {
        onLost.accept(reason);
    }

    /** Never throws. */
    <T> CompletableFuture<List<T>> ask(Dialect.Question<T> question) {
        MemcachedTCPSession current = session;
        if (current == null || ended) {
            return CompletableFuture.failedFuture(failure(Driver.LOST));
        }
        Exchange<T> exchange = new Exchange<>(question, this::answered);
        long requests = unansweredRequests.addAndGet(exchange.requests());
        long bytes = unansweredBytes.addAndGet(exchange.size());
        if (requests > MOST_UNANSWERED_REQUESTS || bytes > MOST_UNANSWERED_BYTES) {
            countOff(exchange);
            counts.refusals().add(exchange.requests());
            return CompletableFuture.failedFuture(failure("too much is unanswered already"));
        }
        counts.roundTrips().increment();
        unanswered.add(exchange);
        current.write(exchange);
        if (ended || current.isClosed()) {
            exchange.fail(failure(Driver.LOST));
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

    /** Ends it; all that is unanswered fails with that reason. To be called once. Does not block. */
    void end(String reason) {
        ended = true;
        MemcachedTCPSession current = session;
        // What was seen over its link names it for long; the buffers need not stay as long.
        session = null;
        if (current != null) {
            close(current);
        }
        MemcachedUnreachableException failure = failure(reason);
        for (Exchange<?> exchange = unanswered.poll(); exchange != null; exchange = unanswered.poll()) {
            exchange.fail(failure);
        }
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

    private MemcachedUnreachableException failure(String reason) {
        return new MemcachedUnreachableException(server + ": " + reason, null);
    }
}
