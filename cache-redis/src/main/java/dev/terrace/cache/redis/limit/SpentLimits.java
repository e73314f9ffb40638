package dev.terrace.cache.redis.limit;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * What is known here to be spent, and until when: counted from when Redis was asked, so that nothing is refused here that Redis
 * would grant. Of bounded size: what finds no room is asked of Redis again.
 */
final class SpentLimits {

    private static final int MOST = 10_000;

    private final Map<String, Spent> known = new ConcurrentHashMap<>();
    private final LongAdder refusals = new LongAdder();

    /** @param asked for so many, or more, it is spent */
    private record Spent(int asked, long until) {}

    /** How long it is spent yet for so many permits; null where it may not be. */
    @Nullable
    Duration left(String key, int permits) {
        Spent spent = known.get(key);
        if (spent == null || permits < spent.asked) {
            return null;
        }
        long left = spent.until - System.nanoTime();
        if (left <= 0) {
            known.remove(key, spent);
            return null;
        }
        refusals.increment();
        return Duration.ofNanos(left);
    }

    void refused(String key, int permits, Duration retryAfter, long askedAt) {
        if (known.size() >= MOST) {
            long now = System.nanoTime();
            known.values().removeIf(spent -> spent.until - now <= 0);
        }
        if (known.size() < MOST) {
            known.put(key, new Spent(permits, askedAt + retryAfter.toNanos()));
        }
    }

    long refusals() {
        return refusals.sum();
    }
}
