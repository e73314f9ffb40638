package dev.terrace.cache;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The near tier's bound. Immutable.
 *
 * @param <K> the type of keys that a weigher takes
 * @param <V> the type of values that a weigher takes
 */
public final class Near<K, V> {

    private final long maximum;
    private final @Nullable Weigher<K, V> weigher;

    private Near(long maximum, @Nullable Weigher<K, V> weigher) {
        if (maximum <= 0) {
            throw new IllegalArgumentException("near: the maximum must be positive, not " + maximum);
        }
        this.maximum = maximum;
        this.weigher = weigher;
    }

    /** At most this many entries. */
    public static Near<Object, Object> maximumSize(long entries) {
        return new Near<>(entries, null);
    }

    /** Entries of at most this weight together. */
    public static <K, V> Near<K, V> maximumWeight(long weight, Weigher<K, V> weigher) {
        return new Near<>(weight, Objects.requireNonNull(weigher, "weigher"));
    }

    long maximum() {
        return maximum;
    }

    @Nullable
    Weigher<K, V> weigher() {
        return weigher;
    }

    @Override
    public String toString() {
        return weigher == null ? "maximumSize=" + maximum : "maximumWeight=" + maximum;
    }

    /** How much an entry weighs. A cached null weighs 1. */
    @FunctionalInterface
    public interface Weigher<K, V> {
        /** The weight of an entry, not negative, in a unit of the user's choice. */
        int weigh(K key, V value);
    }
}
