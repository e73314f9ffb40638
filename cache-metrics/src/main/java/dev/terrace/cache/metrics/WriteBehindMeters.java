package dev.terrace.cache.metrics;

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
    private volatile int pending;
    private volatile Duration oldest = Duration.ZERO;

    WriteBehindMeters(MeterScope scope) {
        written = scope.timer(CacheMeter.WRITE_BEHIND_DURATION, CacheMeters.result(false), CacheMeters.LOAD_BUCKETS);
        failed = scope.timer(CacheMeter.WRITE_BEHIND_DURATION, CacheMeters.result(true), CacheMeters.LOAD_BUCKETS);
        lag = scope.timer(CacheMeter.WRITE_BEHIND_LAG, Tags.empty(), CacheMeters.LOAD_BUCKETS);
        deadLetters = scope.counter(CacheMeter.WRITE_BEHIND_DEAD_LETTERS, Tags.empty());
        scope.gauge(CacheMeter.WRITE_BEHIND_PENDING, Tags.empty(), () -> pending);
        scope.gauge(CacheMeter.WRITE_BEHIND_AGE, Tags.empty(), () -> CacheMeters.seconds(oldest));
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
        pending = keys;
        oldest = age;
    }

    void gaveUp() {
        deadLetters.increment();
    }
}
