package dev.terrace.cache.metrics;

import dev.terrace.cache.Cache;
import dev.terrace.cache.Lookup;
import dev.terrace.cache.Near;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.cache.CacheMeterBinder;
import io.micrometer.core.instrument.binder.cache.CacheMeterBinderCompatibilityKit;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What Micrometer asks of the meters of any cache. */
final class CompatibilityTest extends CacheMeterBinderCompatibilityKit<Cache<?, ?>> {

    private long nanoTime;

    @Override
    public Cache<?, ?> createCache() {
        return Cache.<String, String>builder("mycache")
                .near(Near.maximumSize(2))
                .freshFor(Duration.ofMinutes(1))
                .build();
    }

    @Override
    public void dereferenceCache() {
        cache.close();
        super.dereferenceCache();
    }

    @SuppressWarnings("unchecked")
    private Cache<String, String> ofTexts() {
        return (Cache<String, String>) cache;
    }

    @Override
    public CacheMeterBinder<Cache<?, ?>> binder() {
        return new TierMeters(cache, Lookup.Tier.NEAR, Tags.empty(), new SharedStats(() -> nanoTime += 1_000_000_000));
    }

    @Override
    public void put(String key, String value) {
        ofTexts().put(key, value);
    }

    @Override
    public @Nullable String get(String key) {
        return ofTexts().getIfPresent(key);
    }
}
