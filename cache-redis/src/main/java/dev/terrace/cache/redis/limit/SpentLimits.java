package dev.terrace.cache.redis.limit;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What is known here to be spent, and until when: counted from when Redis was asked, so that nothing is refused here that Redis
 * would grant. That is believed for a while only, since an operator may delete what Redis knows, and a failover may forget it. Of
 * bounded size: what finds no room is asked of Redis again.
 */
final class SpentLimits {

    private static final int MOST = 10_000;
    private static final long BELIEVED_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final long SWEEP_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final Map<String, Spent> known = new ConcurrentHashMap<>();
    private final LongAdder refusals = new LongAdder();
    private final LongSupplier nanoTime;
    private final AtomicLong sweepFrom;

    SpentLimits(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.sweepFrom = new AtomicLong(nanoTime.getAsLong());
    }

    /** @param asked for so many, or more, it is spent */
    private record Spent(int asked, long until, long believedUntil) {

        boolean isOver(long now) {
            return until - now <= 0 || believedUntil - now <= 0;
        }
    }

    /** How long it is spent yet for so many permits; null where it may not be. */
    @Nullable
    Duration left(String key, int permits) {
        Spent spent = known.get(key);
        if (spent == null || permits < spent.asked) {
            return null;
        }
        long now = nanoTime.getAsLong();
        if (spent.isOver(now)) {
            known.remove(key, spent);
            return null;
        }
        refusals.increment();
        return Duration.ofNanos(spent.until - now);
    }

    void refused(String key, int permits, Duration retryAfter, long askedAt) {
        if (known.size() >= MOST) {
            sweep(nanoTime.getAsLong());
        }
        if (known.size() < MOST) {
            long longest = Math.min(retryAfter.toNanos(), Long.MAX_VALUE / 2);
            known.put(key, new Spent(permits, askedAt + longest, askedAt + BELIEVED_NANOS));
        }
    }

    /** Looks at all, so not at each refusal while a flood of keys is refused. */
    private void sweep(long now) {
        long from = sweepFrom.get();
        if (now - from >= 0 && sweepFrom.compareAndSet(from, now + SWEEP_NANOS)) {
            known.values().removeIf(spent -> spent.isOver(now));
        }
    }

    long refusals() {
        return refusals.sum();
    }
}
