package dev.terrace.cache;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;

/** Counts failures by kind, logs them at a limited rate and tells the listener, whatever these do. Never throws. */
final class Failures implements FailureReports {

    private final String cacheName;
    private final Listeners listeners;
    private final Map<FailureKind, Kind> kinds = new EnumMap<>(FailureKind.class);

    private record Kind(LongAdder count, FailureLog log) {}

    Failures(String cacheName, Listeners listeners, Ticker ticker) {
        this.cacheName = cacheName;
        this.listeners = listeners;
        for (FailureKind kind : FailureKind.values()) {
            kinds.put(kind, new Kind(new LongAdder(), new FailureLog(cacheName, kind, ticker)));
        }
    }

    @Override
    public void report(FailureKind kind, Throwable failure) {
        note(kind, failure);
        // What is thrown here is not reported, or it would be thrown for ever.
        listeners.tell(
                listener -> listener.onFailure(cacheName, kind, failure), thrown -> note(FailureKind.LISTENER, thrown));
    }

    private void note(FailureKind kind, Throwable failure) {
        Kind noted = Objects.requireNonNull(kinds.get(kind));
        noted.count().increment();
        try {
            noted.log().failed(failure);
        } catch (Throwable unlogged) {
            // Of a log, or of a failure that cannot be put into words: it was counted, and the caller has work to go on
            // with.
        }
    }

    /** The kinds that occurred, with how often. */
    Map<FailureKind, Long> counts() {
        Map<FailureKind, Long> occurred = new EnumMap<>(FailureKind.class);
        kinds.forEach((kind, noted) -> {
            long count = noted.count().sum();
            if (count > 0) {
                occurred.put(kind, count);
            }
        });
        return occurred;
    }
}
