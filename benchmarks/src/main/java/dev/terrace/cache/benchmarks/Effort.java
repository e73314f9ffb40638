package dev.terrace.cache.benchmarks;

import org.openjdk.jmh.runner.options.TimeValue;

/**
 * How much time a run takes. A machine's speed wanders within minutes, so a set runs in rounds: in each, every contender
 * has one fork, short enough that what is compared ran within seconds of each other.
 *
 * @param forked whether a contender runs in a JVM of its own
 */
record Effort(String name, boolean forked, int rounds, Iterations iterations, Memory memory) {

    /** What a fork does. */
    record Iterations(int warmup, int measured, TimeValue time) {}

    /** What the memory set does. */
    record Memory(int rounds, int entries) {}

    static final Effort FULL =
            new Effort("full", true, 7, new Iterations(20, 10, TimeValue.milliseconds(250)), new Memory(3, 150_000));

    static final Effort QUICK =
            new Effort("quick", true, 1, new Iterations(8, 8, TimeValue.milliseconds(200)), new Memory(1, 100_000));

    /** Calls everything, measures nothing. */
    static final Effort SMOKE =
            new Effort("smoke", false, 1, new Iterations(0, 1, TimeValue.milliseconds(1)), new Memory(1, 1_000));

    /** Whether comparisons that only add detail are left out. */
    boolean headlinesOnly() {
        return !equals(FULL);
    }
}
