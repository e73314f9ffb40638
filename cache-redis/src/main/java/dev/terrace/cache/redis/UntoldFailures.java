package dev.terrace.cache.redis;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Logs failures that no caller is told of: of each kind one line in 10 s, with how many were in between. */
final class UntoldFailures {

    private static final Logger LOG = LoggerFactory.getLogger("dev.terrace.cache.redis");

    private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final Map<String, Window> windows = new ConcurrentHashMap<>();

    private record Window(AtomicLong openFrom, LongAdder unsaid) {}

    void note(String kind, String server, Throwable failure, long now) {
        Window window = windows.computeIfAbsent(kind, first -> new Window(new AtomicLong(now), new LongAdder()));
        long openFrom = window.openFrom.get();
        if (now - openFrom < 0 || !window.openFrom.compareAndSet(openFrom, now + PAUSE_NANOS)) {
            window.unsaid.increment();
            return;
        }
        LOG.warn(
                "{} on {}: {}; {} more since the last line",
                kind,
                server,
                failure.toString(),
                window.unsaid.sumThenReset());
    }
}
