package dev.terrace.cache;

import java.time.Duration;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Removes entries whose life has ended and that nobody asks for. It looks at all entries, some at a time, but not before the
 * first of them has come to its end, and not more often than every sixteenth of an ordinary life: so an entry outstays its life
 * by about that at most, and by a minute at most. Where there is nothing to end, nothing is scheduled.
 *
 * <p>Reads do not need it, since they judge what they find. It is for memory, and for those who look at sizes.
 */
final class ExpirySweep<K, V> {

    private static final int LOOKS_AT_ONCE = 2_048;
    private static final Duration BETWEEN = Duration.ofMillis(10);
    private static final int SWEEPS_PER_LIFE = 16;
    private static final Duration SHORTEST_PAUSE = Duration.ofSeconds(1);
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(1);
    private static final long NEVER = Long.MAX_VALUE;

    private final ConcurrentMap<K, Entry<V>> map;
    private final Runnable onExpired;
    private final Duration pause;
    private final Ticker ticker;
    private final Scheduler scheduler;

    private final AtomicBoolean scheduled = new AtomicBoolean();
    /** No entry ends before, but those that the present sweep has yet to look at. */
    private final AtomicLong firstEnd = new AtomicLong(NEVER);
    /** Where the present sweep is; only the scheduled task uses it. */
    private @Nullable Iterator<Map.Entry<K, Entry<V>>> present;

    /**
     * @param onExpired told of each entry that is removed
     * @param life that of an ordinary entry
     */
    ExpirySweep(ConcurrentMap<K, Entry<V>> map, Runnable onExpired, Duration life, Ticker ticker, Scheduler scheduler) {
        this.map = map;
        this.onExpired = onExpired;
        Duration share = life.dividedBy(SWEEPS_PER_LIFE);
        this.pause = share.compareTo(SHORTEST_PAUSE) < 0
                ? SHORTEST_PAUSE
                : share.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : share;
        this.ticker = ticker;
        this.scheduler = scheduler;
    }

    /** Takes note of an entry that the map has now. */
    void inserted(Entry<V> entry) {
        endsAt(entry.goneAt());
        schedule();
    }

    private void endsAt(long end) {
        if (end < firstEnd.get()) {
            firstEnd.accumulateAndGet(end, Math::min);
        }
    }

    private void schedule() {
        if (!scheduled.get() && scheduled.compareAndSet(false, true)) {
            scheduler.schedule(this::run, pause);
        }
    }

    private void run() {
        Iterator<Map.Entry<K, Entry<V>>> entries = present;
        if (entries == null) {
            if (ticker.nanos() < firstEnd.get()) {
                again();
                return;
            }
            firstEnd.set(NEVER);
            entries = map.entrySet().iterator();
        }
        for (int i = 0; i < LOOKS_AT_ONCE && entries.hasNext(); i++) {
            look(entries.next());
        }
        if (entries.hasNext()) {
            present = entries;
            scheduler.schedule(this::run, BETWEEN);
        } else {
            present = null;
            again();
        }
    }

    private void look(Map.Entry<K, Entry<V>> found) {
        Entry<V> entry = found.getValue();
        if (ticker.nanos() < entry.goneAt()) {
            endsAt(entry.goneAt());
        } else if (map.remove(found.getKey(), entry)) {
            onExpired.run();
        }
    }

    private void again() {
        scheduled.set(false);
        if (firstEnd.get() != NEVER && !map.isEmpty()) {
            schedule();
        }
    }
}
