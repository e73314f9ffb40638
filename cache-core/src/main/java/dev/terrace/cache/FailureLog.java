package dev.terrace.cache;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs the failures of one kind at most once in a while, with the number of those it kept to itself meanwhile. A line says
 * what failed and why, in bounded length; the stack is for those who debug.
 */
final class FailureLog {

    static final Duration QUIET = Duration.ofSeconds(10);

    private static final Logger LOG = LoggerFactory.getLogger("dev.terrace.cache");
    private static final int LONGEST_MESSAGE = 300;

    private final String cacheName;
    private final FailureKind kind;
    private final Ticker ticker;
    private final AtomicLong nextLine = new AtomicLong(Long.MIN_VALUE);
    private final AtomicLong suppressed = new AtomicLong();

    FailureLog(String cacheName, FailureKind kind, Ticker ticker) {
        this.cacheName = cacheName;
        this.kind = kind;
        this.ticker = ticker;
    }

    void failed(Throwable failure) {
        long now = ticker.nanos();
        long next = nextLine.get();
        if (isConsequence(failure) || now < next || !nextLine.compareAndSet(next, now + QUIET.toNanos())) {
            suppressed.incrementAndGet();
            return;
        }
        LOG.warn(
                "cache {}: {} ({}); {} more since the last line",
                cacheName,
                kind,
                text(failure),
                suppressed.getAndSet(0));
        LOG.debug("cache {}: {}", cacheName, kind, failure);
    }

    /** What opened the breaker was logged; that calls are not made since then is no news. */
    private static boolean isConsequence(Throwable failure) {
        return failure instanceof FarUnavailableException unavailable
                && unavailable.reason() == FarUnavailableException.Reason.BREAKER_OPEN;
    }

    /** The application's own failures may fail to say what they are. */
    private static @Nullable String message(Throwable failure) {
        try {
            return failure.getMessage();
        } catch (RuntimeException | StackOverflowError thrown) {
            return "its message failed with " + thrown.getClass().getName();
        }
    }

    /** One line, whatever a server or a driver put into its message. */
    private static String text(Throwable failure) {
        String type = failure.getClass().getName();
        String message = message(failure);
        if (message == null) {
            return type;
        }
        String start = message.length() > LONGEST_MESSAGE ? message.substring(0, LONGEST_MESSAGE) + "…" : message;
        return type + ": " + start.replaceAll("\\p{Cntrl}+", " ");
    }
}
