package dev.terrace.cache.strategy;

import java.time.Duration;
import java.util.Objects;

/** Refuses settings that cannot work, naming them. */
final class Checks {

    /** Longer than any process lives, short enough for nanoseconds in a long to add up. */
    static final Duration FOREVER = Duration.ofDays(36_500);

    private Checks() {}

    static int positive(String setting, int value) {
        if (value <= 0) {
            throw new IllegalArgumentException(setting + ": must be positive, not " + value);
        }
        return value;
    }

    static Duration positive(String setting, Duration value) {
        Objects.requireNonNull(value, setting);
        if (value.isNegative() || value.isZero()) {
            throw new IllegalArgumentException(setting + ": must be positive, not " + value);
        }
        return atMostForever(value);
    }

    static Duration atMostForever(Duration value) {
        return value.compareTo(FOREVER) > 0 ? FOREVER : value;
    }
}
