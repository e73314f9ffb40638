package dev.terrace.cache;

import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * How one entry differs from its cache's settings. Immutable.
 *
 * <pre>{@code
 * cache.put(id, product, EntryOptions.freshFor(Duration.ofMinutes(1)).withTags("shop:7"));
 * }</pre>
 */
public final class EntryOptions {

    /** The cache's settings, no tags. */
    public static final EntryOptions DEFAULT = new EntryOptions(null, null, null, List.of(), OptionalLong.empty());

    private final @Nullable Duration fresh;
    private final @Nullable Duration stale;
    private final @Nullable Duration negative;
    private final List<String> tags;
    private final OptionalLong sourceVersion;

    private EntryOptions(
            @Nullable Duration fresh,
            @Nullable Duration stale,
            @Nullable Duration negative,
            List<String> tags,
            OptionalLong sourceVersion) {
        this.fresh = fresh;
        this.stale = stale;
        this.negative = negative;
        this.tags = tags;
        this.sourceVersion = sourceVersion;
    }

    /** Options with this time of freshness. */
    public static EntryOptions freshFor(Duration fresh) {
        return DEFAULT.withFreshFor(fresh);
    }

    /** Options with these tags. */
    public static EntryOptions tags(String... tags) {
        return DEFAULT.withTags(tags);
    }

    /** These options with this time of freshness. */
    public EntryOptions withFreshFor(Duration fresh) {
        return new EntryOptions(Checks.positive("freshFor", fresh), stale, negative, tags, sourceVersion);
    }

    /** These options with this time of staleness after freshness; zero for none. */
    public EntryOptions withStaleFor(Duration stale) {
        return new EntryOptions(fresh, Checks.notNegative("staleFor", stale), negative, tags, sourceVersion);
    }

    /** These options, under which a loader's null is cached for this long. Of no effect on a put. */
    public EntryOptions withNegativeFor(Duration negative) {
        return new EntryOptions(fresh, stale, Checks.positive("negativeFor", negative), tags, sourceVersion);
    }

    /** These options with these tags instead of any. */
    public EntryOptions withTags(String... tags) {
        return new EntryOptions(fresh, stale, negative, Checks.tags(List.of(tags)), sourceVersion);
    }

    /**
     * These options with the source's own version of the value, such as the number of a row's change. Where the stored value
     * has a newer one the value is not stored: versions are compared only with each other, and a value without one replaces
     * any. An invalidation forgets the version where there is no far tier.
     */
    public EntryOptions withSourceVersion(long version) {
        return new EntryOptions(fresh, stale, negative, tags, OptionalLong.of(version));
    }

    @Nullable
    Duration fresh() {
        return fresh;
    }

    @Nullable
    Duration stale() {
        return stale;
    }

    @Nullable
    Duration negative() {
        return negative;
    }

    List<String> tags() {
        return tags;
    }

    OptionalLong sourceVersion() {
        return sourceVersion;
    }

    @Override
    public String toString() {
        return "EntryOptions[freshFor=" + fresh + ", staleFor=" + stale + ", negativeFor=" + negative + ", tags=" + tags
                + ", sourceVersion=" + sourceVersion + "]";
    }
}
