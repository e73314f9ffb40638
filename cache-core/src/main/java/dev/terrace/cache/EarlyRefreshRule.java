package dev.terrace.cache;

import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;

/** Whether a fresh entry is near enough to its end to be revalidated ahead of time. See {@link EarlyRefresh}. */
final class EarlyRefreshRule {

    /** Load times are known to the millisecond: none is taken for less. */
    private static final long SHORTEST_LOAD = 1_000_000;

    private static final long MILLISECOND = 1_000_000;
    /** A load is taken for this share of the freshness at most, however long it took: else new entries would be refreshed. */
    private static final long LARGEST_SHARE = 4;
    /** Beyond this many load times before the end, the chance is less than one in a hundred million. */
    private static final int FARTHEST = 20;

    private final EarlyRefresh policy;
    private final long freshNanos;
    private final LongSupplier writtenAt;
    private final DoubleSupplier chance;

    /**
     * @param freshNanos the cache's own time of freshness
     * @param writtenAt what an entry that is written now would have for its version, about
     */
    EarlyRefreshRule(EarlyRefresh policy, long freshNanos, LongSupplier writtenAt, DoubleSupplier chance) {
        this.policy = policy;
        this.freshNanos = freshNanos;
        this.writtenAt = writtenAt;
        this.chance = chance;
    }

    boolean isDue(Entry<?> entry, long now) {
        long left = entry.freshUntil - now;
        if (policy instanceof EarlyRefresh.Threshold threshold) {
            double rest = 1 - threshold.share();
            return left <= freshNanos * rest && left <= freshness(entry, left) * rest;
        }
        if (policy instanceof EarlyRefresh.XFetch xfetch) {
            double most = xfetch.beta() * loadNanos(entry, freshNanos);
            if (left > most * FARTHEST) {
                return false;
            }
            double loads = -Math.log(1 - chance.getAsDouble()) * xfetch.beta();
            return left <= loads * loadNanos(entry, freshNanos)
                    && left <= loads * loadNanos(entry, freshness(entry, left));
        }
        return false;
    }

    private static long loadNanos(Entry<?> entry, long fresh) {
        return Math.min(Math.max(SHORTEST_LOAD, entry.loadMillis() * 1_000_000L), fresh / LARGEST_SHARE);
    }

    /** The whole freshness of an entry, which may have a time of its own; the cache's where that is shorter. */
    private long freshness(Entry<?> entry, long left) {
        int own = entry.extra.ownFreshMillis();
        if (own != 0) {
            return Math.min(freshNanos, own * MILLISECOND);
        }
        return entry.version == 0 ? freshNanos : Math.min(freshNanos, left + entry.age(writtenAt.getAsLong()));
    }
}
