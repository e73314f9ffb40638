package dev.terrace.cache.metrics;

import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheStats;
import dev.terrace.cache.Lookup;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.cache.CacheMeterBinder;
import java.util.List;
import java.util.Locale;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** Micrometer's own meters of a cache, for one of its tiers. Does not keep the cache from being collected. */
final class TierMeters extends CacheMeterBinder<Cache<?, ?>> {

    private final Lookup.Tier tier;
    private final SharedStats stats;

    TierMeters(Cache<?, ?> cache, Lookup.Tier tier, Iterable<Tag> tags, SharedStats stats) {
        super(cache, cache.name(), Tags.of(tags).and(tag(tier)));
        this.tier = tier;
        this.stats = stats;
    }

    static Tags tag(Lookup.Tier tier) {
        return Tags.of("tier", tier.name().toLowerCase(Locale.ROOT));
    }

    /** Registers them, to be removed with the scope. */
    void bindTo(MeterScope scope) {
        Tags tags = tag(tier);
        scope.bind(
                this,
                List.of(
                        scope.id(CacheMeter.SIZE, tags),
                        scope.id(CacheMeter.PUTS, tags),
                        scope.id(CacheMeter.EVICTIONS, tags),
                        scope.id(CacheMeter.GETS, tags.and("result", "hit")),
                        scope.id(CacheMeter.GETS, tags.and("result", "miss"))));
    }

    private boolean isNear() {
        return tier == Lookup.Tier.NEAR;
    }

    private long count(ToLongFunction<CacheStats.NearStats> near, ToLongFunction<CacheStats.FarStats> far) {
        Cache<?, ?> cache = getCache();
        if (cache == null) {
            return 0;
        }
        CacheStats now = stats.of(cache);
        return isNear() ? near.applyAsLong(now.near()) : far.applyAsLong(now.far());
    }

    @Override
    protected @Nullable Long size() {
        return isNear() ? count(CacheStats.NearStats::size, far -> 0) : null;
    }

    @Override
    protected long hitCount() {
        return count(CacheStats.NearStats::hits, CacheStats.FarStats::hits);
    }

    @Override
    protected Long missCount() {
        return count(CacheStats.NearStats::misses, CacheStats.FarStats::misses);
    }

    @Override
    protected @Nullable Long evictionCount() {
        return isNear() ? count(CacheStats.NearStats::evictions, far -> 0) : null;
    }

    @Override
    protected long putCount() {
        return count(CacheStats.NearStats::inserts, far -> far.fills() + far.puts());
    }

    @Override
    protected void bindImplementationSpecificMetrics(MeterRegistry registry) {}
}
