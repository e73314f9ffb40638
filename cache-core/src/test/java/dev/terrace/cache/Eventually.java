package dev.terrace.cache;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits, within a bound, for what a real thread does. What can be driven by {@link ManualTime} needs none of this. */
final class Eventually {

    private static final Duration BOUND = Duration.ofSeconds(20);
    private static final Duration PAUSE = Duration.ofMillis(1);

    private Eventually() {}

    static void holds(String what, BooleanSupplier condition) {
        long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - start > BOUND.toNanos()) {
                throw new AssertionError("Not within " + BOUND + ": " + what);
            }
            LockSupport.parkNanos(PAUSE.toNanos());
        }
    }
}
