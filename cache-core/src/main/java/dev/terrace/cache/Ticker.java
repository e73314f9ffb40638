package dev.terrace.cache;

/** Monotonic time of this process, in nanoseconds since an arbitrary moment. Injected, so that tests drive it. */
@FunctionalInterface
interface Ticker {

    /** Never negative, never decreasing. */
    long nanos();
}
