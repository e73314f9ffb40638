package dev.terrace.cache;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * How the last calls ended, and whether that is bad enough to stop calling. Calls only write; what they wrote is read when
 * one failed. Lock-free.
 */
final class RecentOutcomes {

    /** Outcomes that are judged, at most. */
    static final int WINDOW = 20;

    /** Fewer outcomes say nothing; as many failures in a row say it all. */
    static final int ENOUGH = 5;

    /** Older outcomes are not judged. */
    static final Duration MEMORY = Duration.ofSeconds(10);

    private static final int CELLS = 32;
    private static final int NUMBER_BITS = 23;
    private static final long NUMBER_MASK = (1L << NUMBER_BITS) - 1;

    private final Ticker ticker;
    private final AtomicLong last = new AtomicLong();

    /**
     * Milliseconds (40 bits), number of the outcome (23 bits), failed (1 bit). The number tells an outcome from the one that
     * stood in the cell before: its writer may be between taking the number and writing the cell.
     */
    private final AtomicLongArray cells = new AtomicLongArray(CELLS);

    RecentOutcomes(Ticker ticker) {
        this.ticker = ticker;
    }

    void add(boolean failed) {
        long number = last.incrementAndGet();
        long cell = millis() << (NUMBER_BITS + 1) | (number & NUMBER_MASK) << 1 | (failed ? 1 : 0);
        cells.set((int) (number % CELLS), cell);
    }

    /** Whether half of enough recent outcomes are failures, or the last ones all are. */
    boolean areBad() {
        long newest = last.get();
        long oldestMillis = millis() - MEMORY.toMillis();
        int outcomes = 0;
        int failures = 0;
        for (long number = newest; number > Math.max(0, newest - WINDOW); number--) {
            long cell = cells.get((int) (number % CELLS));
            if ((cell >> 1 & NUMBER_MASK) != (number & NUMBER_MASK) || cell >> (NUMBER_BITS + 1) < oldestMillis) {
                continue;
            }
            outcomes++;
            failures += (int) (cell & 1);
            if (failures == ENOUGH && outcomes == ENOUGH) {
                return true;
            }
        }
        return outcomes >= ENOUGH && failures * 2 >= outcomes;
    }

    private long millis() {
        return Duration.ofNanos(ticker.nanos()).toMillis();
    }
}
