package dev.terrace.cache;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Counts failures, tells the listener, and logs the first of each kind in a while, with the number of those it did not log. */
final class Failures implements FailureReports {

    private static final Logger LOG = LoggerFactory.getLogger("dev.terrace.cache");
    private static final long QUIET = Duration.ofSeconds(10).toNanos();

    private final String cacheName;
    private final CacheListener listener;
    private final Ticker ticker;
    private final Map<FailureKind, Kind> kinds = new EnumMap<>(FailureKind.class);

    private static final class Kind {
        final LongAdder count = new LongAdder();
        final AtomicLong nextLog = new AtomicLong(Long.MIN_VALUE);
        final AtomicLong suppressed = new AtomicLong();
    }

    Failures(String cacheName, CacheListener listener, Ticker ticker) {
        this.cacheName = cacheName;
        this.listener = listener;
        this.ticker = ticker;
        for (FailureKind kind : FailureKind.values()) {
            kinds.put(kind, new Kind());
        }
    }

    @Override
    public void report(FailureKind kind, Throwable failure) {
        count(kind, failure);
        try {
            listener.onFailure(cacheName, kind, failure);
        } catch (RuntimeException e) {
            count(FailureKind.LISTENER, e);
        }
    }

    private void count(FailureKind kind, Throwable failure) {
        Kind counted = kinds.get(kind);
        counted.count.increment();
        long now = ticker.nanos();
        long next = counted.nextLog.get();
        if (now >= next && counted.nextLog.compareAndSet(next, now + QUIET)) {
            LOG.warn(
                    "cache {}: {} ({}: {}); {} more since the last line",
                    cacheName,
                    kind,
                    failure.getClass().getName(),
                    failure.getMessage(),
                    counted.suppressed.getAndSet(0));
            LOG.debug("cache {}: {}", cacheName, kind, failure);
        } else {
            counted.suppressed.incrementAndGet();
        }
    }

    Map<FailureKind, Long> counts() {
        Map<FailureKind, Long> counts = new EnumMap<>(FailureKind.class);
        kinds.forEach((kind, counted) -> {
            long count = counted.count.sum();
            if (count > 0) {
                counts.put(kind, count);
            }
        });
        return counts;
    }
}
