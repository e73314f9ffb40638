package dev.terrace.cache.metrics;

import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;

/** The meters of one cache's write-behind queue, which come with what it tells first. */
final class WriteBehindMeters {

    private final Timer written;
    private final Timer failed;
    private final Timer lag;
    private final Counter deadLetters;
    private final Clock clock;
    private volatile Pending last;

    /** @param oldestSince when the oldest became pending, by the registry's clock */
    private record Pending(int keys, long oldestSince) {}

    WriteBehindMeters(MeterScope scope) {
        clock = scope.registry().config().clock();
        last = new Pending(0, 0);
        written = scope.timer(CacheMeter.WRITE_BEHIND_DURATION, CacheMeters.result(false), CacheMeters.LOAD_BUCKETS);
        failed = scope.timer(CacheMeter.WRITE_BEHIND_DURATION, CacheMeters.result(true), CacheMeters.LOAD_BUCKETS);
        lag = scope.timer(CacheMeter.WRITE_BEHIND_LAG, Tags.empty(), CacheMeters.LOAD_BUCKETS);
        deadLetters = scope.counter(CacheMeter.WRITE_BEHIND_DEAD_LETTERS, Tags.empty());
        scope.gauge(CacheMeter.WRITE_BEHIND_PENDING, Tags.empty(), () -> last.keys());
        scope.gauge(CacheMeter.WRITE_BEHIND_AGE, Tags.empty(), this::age);
    }

    void wrote(Duration took, Duration behind, boolean hasFailed) {
        if (hasFailed) {
            failed.record(took);
        } else {
            written.record(took);
            lag.record(behind);
        }
    }

    void pending(int keys, Duration age) {
        last = new Pending(keys, clock.monotonicTime() - age.toNanos());
    }

    /** It goes on while the store hangs and nothing is told. */
    private double age() {
        Pending now = last;
        return now.keys() == 0 ? 0 : (clock.monotonicTime() - now.oldestSince()) / 1e9;
    }

    void gaveUp() {
        deadLetters.increment();
    }
}
