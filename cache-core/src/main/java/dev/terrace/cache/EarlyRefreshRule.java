package dev.terrace.cache;

import java.util.function.DoubleSupplier;

/** Whether a fresh entry is near enough to its end to be revalidated ahead of time. See {@link EarlyRefresh}. */
final class EarlyRefreshRule {

    /** Load times are known to the millisecond: none is taken for less. */
    private static final long SHORTEST_LOAD = 1_000_000;
    /** A load is taken for this share of the freshness at most, however long it took: else new entries would be refreshed. */
    private static final long LARGEST_SHARE = 4;
    /** Beyond this many load times before the end, the chance is less than one in a hundred million. */
    private static final int FARTHEST = 20;

    private final EarlyRefresh policy;
    private final long freshNanos;
    private final DoubleSupplier chance;

    EarlyRefreshRule(EarlyRefresh policy, long freshNanos, DoubleSupplier chance) {
        this.policy = policy;
        this.freshNanos = freshNanos;
        this.chance = chance;
    }

    boolean isDue(Entry<?> entry, long now) {
        long left = entry.freshUntil - now;
        if (policy instanceof EarlyRefresh.Threshold threshold) {
            return left <= freshNanos * (1 - threshold.share());
        }
        if (policy instanceof EarlyRefresh.XFetch xfetch) {
            long loadNanos =
                    Math.min(Math.max(SHORTEST_LOAD, entry.loadMillis() * 1_000_000L), freshNanos / LARGEST_SHARE);
            double scale = loadNanos * xfetch.beta();
            return left <= scale * FARTHEST && left <= -scale * Math.log(1 - chance.getAsDouble());
        }
        return false;
    }
}
