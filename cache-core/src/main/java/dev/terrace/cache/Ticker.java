package dev.terrace.cache;

/** Monotonic time of this process, in nanoseconds since an arbitrary moment. Injected, so that tests drive it. */
@FunctionalInterface
interface Ticker {

    /** Never negative, never decreasing. */
    long nanos();

    /**
     * As {@link #nanos}, and right even when a thread that keeps a cheap time has not had its turn: for where being late would
     * let a bound pass unnoticed, and a system call does not matter.
     */
    default long preciseNanos() {
        return nanos();
    }
}
