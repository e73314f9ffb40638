package dev.terrace.cache.strategy;

import dev.terrace.cache.CacheListener;
import dev.terrace.cache.FailureKind;
import dev.terrace.cache.spi.JournalException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Counts, logs and tells the listener what a queue does. Never throws, never names a key or value. Thread-safe. */
final class QueueReports {

    private static final Logger LOG = LoggerFactory.getLogger("dev.terrace.cache.strategy");

    private final String name;
    private final CacheListener listener;
    private final Runnable freed;
    private final Supplier<State> state;
    private final AtomicBoolean failing = new AtomicBoolean();

    final LongAdder accepted = new LongAdder();
    final LongAdder coalesced = new LongAdder();
    private final LongAdder written = new LongAdder();
    private final LongAdder batches = new LongAdder();
    private final LongAdder retries = new LongAdder();
    private final LongAdder deadLetters = new LongAdder();
    private final LongAdder listenerFailures = new LongAdder();
    private final RareLine storeLine;
    private final RareLine deadLetterLine;
    private final RareLine putAsideLine;
    private final RareLine handlerLine;
    private final RareLine defectLine;
    private final RareLine listenerLine;
    private volatile Duration lag = Duration.ZERO;

    /** What is pending now. */
    record State(int pending, Duration oldest) {}

    /** @param freed called when a key has nothing pending any more */
    QueueReports(String name, CacheListener listener, Runnable freed, Supplier<State> state, LongSupplier nanoTime) {
        this.name = name;
        this.listener = listener;
        this.freed = freed;
        this.state = state;
        storeLine = new RareLine(nanoTime);
        deadLetterLine = new RareLine(nanoTime);
        putAsideLine = new RareLine(nanoTime);
        handlerLine = new RareLine(nanoTime);
        defectLine = new RareLine(nanoTime);
        listenerLine = new RareLine(nanoTime);
    }

    void written(int stored, int operations, Duration took, Duration waited, @Nullable Throwable failure) {
        batches.increment();
        written.add(stored);
        if (stored > 0) {
            lag = waited;
        }
        if (failure == null) {
            if (failing.getAndSet(false)) {
                LOG.info("write-behind of cache {}: the store takes writes again", name);
            }
        } else {
            if (!failing.get()) {
                told(() -> storeLine.log(more -> {
                    failing.set(true);
                    LOG.warn(
                            "write-behind of cache {}: the store failed; it is tried again; {} more since the last line",
                            name,
                            more,
                            failure);
                }));
            }
            told(() -> listener.onFailure(name, FailureKind.STORE_WRITE, failure));
        }
        told(() -> listener.onStoreWrite(name, operations, took, waited, failure));
    }

    void retried() {
        retries.increment();
    }

    void deadLetter(Throwable cause) {
        deadLetters.increment();
        told(() -> deadLetterLine.log(more -> LOG.warn(
                "write-behind of cache {}: an operation was given to the dead-letter handler; {} more since the last line",
                name,
                more,
                cause)));
        told(() -> listener.onDeadLetter(name, cause));
    }

    /** Kept where the journal puts it; nobody here can say what it was. */
    void putAside(JournalException why) {
        deadLetters.increment();
        putAsideLine.log(more -> LOG.warn(
                "write-behind of cache {}: a record of the journal was put aside: {}; {} more since the last line",
                name,
                why.getMessage(),
                more));
        told(() -> listener.onDeadLetter(name, why));
    }

    void damaged(JournalException what) {
        LOG.error("write-behind of cache {}: {}", name, what.getMessage());
        told(() -> listener.onFailure(name, FailureKind.JOURNAL, what));
    }

    void replaced() {
        coalesced.increment();
    }

    void freed() {
        freed.run();
    }

    void deadLetterHandlerThrew(Throwable thrown) {
        told(() -> handlerLine.log(more -> LOG.warn(
                "write-behind of cache {}: a dead-letter handler threw; {} more since the last line",
                name,
                more,
                thrown)));
        told(() -> listener.onFailure(name, FailureKind.DEAD_LETTER, thrown));
    }

    /** What neither the store nor a handler has thrown: a key, a journal, a closed cache, or this library. */
    void defect(Throwable thrown) {
        told(() -> defectLine.log(more -> LOG.warn(
                "write-behind of cache {}: a flusher failed, not its store; what it had not ended is tried again; {} more"
                        + " since the last line",
                name,
                more,
                thrown)));
        told(() -> listener.onFailure(name, FailureKind.APPLICATION, thrown));
    }

    void woken() {
        LOG.debug("write-behind of cache {}: a flusher was interrupted", name);
    }

    void recovered(int operations) {
        LOG.info(
                "write-behind of cache {}: {} operations were left in the journal and are written now",
                name,
                operations);
    }

    void left(int operations, String where) {
        LOG.warn("write-behind of cache {}: closed with {} operations not written; {}", name, operations, where);
    }

    void changed() {
        if (listener != CacheListener.NONE) {
            State now = state.get();
            told(() -> listener.onPendingWrites(name, now.pending(), now.oldest()));
        }
    }

    /** Tells the listener, or logs what others threw: its message is made by their code, and may throw, too. */
    private void told(Runnable event) {
        try {
            event.run();
        } catch (Throwable thrown) {
            threw(thrown);
        }
    }

    /** A listener or tracer threw, which changes nothing else. */
    void threw(Throwable thrown) {
        listenerFailures.increment();
        try {
            listenerLine.log(more -> LOG.warn(
                    "write-behind of cache {}: a listener or tracer threw; {} more since the last line",
                    name,
                    more,
                    thrown));
        } catch (Throwable unspeakable) {
            // It was counted.
            listenerFailures.increment();
        }
    }

    WriteBehindStats stats() {
        State now = state.get();
        return new WriteBehindStats(
                now.pending(),
                now.oldest(),
                accepted.sum(),
                coalesced.sum(),
                written.sum(),
                batches.sum(),
                retries.sum(),
                deadLetters.sum(),
                listenerFailures.sum(),
                lag);
    }
}
