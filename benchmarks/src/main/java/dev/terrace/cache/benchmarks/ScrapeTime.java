package dev.terrace.cache.benchmarks;

import dev.terrace.cache.Cache;
import dev.terrace.cache.Caches;
import dev.terrace.cache.Near;
import dev.terrace.cache.codec.json.JsonCodec;
import dev.terrace.cache.metrics.MicrometerCacheListener;
import dev.terrace.cache.redis.RedisFarTier;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** How long a Prometheus waits for what a hundred caches in two tiers count. */
final class ScrapeTime {

    private static final int CACHES = 100;
    private static final int WARM_UP = 100;
    private static final int TIMES = 21;
    private static final double ALLOWED_MILLIS = 20;

    private ScrapeTime() {}

    static List<Figure> figures() {
        RawRedis.flush();
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        try (RedisFarTier redis = RedisFarTier.connect(RedisAddress.get());
                Caches caches = Caches.builder()
                        .far(redis)
                        .listener(new MicrometerCacheListener(registry))
                        .build()) {
            for (int i = 0; i < CACHES; i++) {
                use(caches.<Long, Product>cache("cache-" + i, JsonCodec.of(Product.class))
                        .near(Near.maximumSize(1_000))
                        .farBudget(Far.BUDGET)
                        .freshFor(Duration.ofHours(1))
                        .loader(Product::small)
                        .build());
            }
            List<Double> millis = new ArrayList<>();
            int length = 0;
            for (int i = 0; i < WARM_UP + TIMES; i++) {
                long start = System.nanoTime();
                length = registry.scrape().length();
                if (i >= WARM_UP) {
                    millis.add((System.nanoTime() - start) / 1e6);
                }
            }
            Spread spread = Spread.of(millis);
            Figure.Unit unit = Figure.Unit.MILLIS;
            return List.of(new Figure(
                    "scrape of " + CACHES + " caches, " + length / 1_000 + " kB",
                    unit.of(spread.median()),
                    "",
                    new Figure.Value(spread, unit),
                    ALLOWED_MILLIS));
        }
    }

    /** So that each has a timer of every usual operation. */
    private static void use(Cache<Long, Product> cache) {
        Far.awaitStored(cache, 0L, Product.small(0));
        cache.get(1L);
        Far.await(() -> cache.stats().far().fills() > 0);
        cache.invalidate(1L);
    }
}
