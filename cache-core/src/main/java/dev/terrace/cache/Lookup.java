package dev.terrace.cache;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the tiers know of a key at one moment. Immutable.
 *
 * @param status whether there is a value, and of which age
 * @param value the value; null unless the status is {@code FRESH} or {@code STALE}, and null for a cached null
 * @param tier where it was found
 * @param age since it was written, about; where versions of the far tier are no times (Memcached) what of the cache's freshness
 *     has passed, which is too much for an entry with a shorter freshness of its own
 * @param freshFor remaining time of freshness, zero when stale
 * @param remaining remaining life
 * @param tags its tags
 * @param cutOff whether it is served because this node cannot reach the far tier
 */
public record Lookup<V>(
        Status status,
        @Nullable V value,
        @Nullable Tier tier,
        Duration age,
        Duration freshFor,
        Duration remaining,
        List<String> tags,
        boolean cutOff) {

    private static final Lookup<?> ABSENT =
            new Lookup<>(Status.ABSENT, null, null, Duration.ZERO, Duration.ZERO, Duration.ZERO, List.of(), false);

    /** The three ages that an answer can have. */
    public enum Status {
        /** Served as it is. */
        FRESH,
        /** Served while it is revalidated, or when that fails. */
        STALE,
        /** Not there, or no longer valid. */
        ABSENT
    }

    /** A place where a value is kept. */
    public enum Tier {
        NEAR,
        FAR
    }

    /** The answer for a key of which nothing valid is known. */
    @SuppressWarnings("unchecked")
    public static <V> Lookup<V> absent() {
        return (Lookup<V>) ABSENT;
    }

    /** Whether there is an entry, possibly a cached null. */
    public boolean isPresent() {
        return status != Status.ABSENT;
    }

    /** The value, if there is one that is not a cached null. */
    public Optional<V> asOptional() {
        return Optional.ofNullable(value);
    }
}
