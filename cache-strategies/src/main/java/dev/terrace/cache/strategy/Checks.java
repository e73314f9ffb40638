package dev.terrace.cache.strategy;

import dev.terrace.cache.EntryOptions;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/** Refuses settings and arguments that cannot work, naming them. */
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

    static void put(Object key, Object value, EntryOptions options) {
        Objects.requireNonNull(key, "key");
        Objects.requireNonNull(value, "value");
        Objects.requireNonNull(options, "options");
    }

    /** A copy in the same order, before anything is done with any of it. */
    static <K, V> Map<K, V> entries(Map<? extends K, ? extends V> values) {
        Map<K, V> entries = new LinkedHashMap<>();
        Objects.requireNonNull(values, "values")
                .forEach((key, value) ->
                        entries.put(Objects.requireNonNull(key, "key"), Objects.requireNonNull(value, "value")));
        return entries;
    }

    static Duration atMostForever(Duration value) {
        return value.compareTo(FOREVER) > 0 ? FOREVER : value;
    }
}
