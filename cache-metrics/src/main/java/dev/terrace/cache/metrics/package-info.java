/**
 * What an operator asks of caches: meters ({@link dev.terrace.cache.metrics.MicrometerCacheListener}), traces
 * ({@link dev.terrace.cache.metrics.MicrometerCacheTracer}), readiness ({@link dev.terrace.cache.metrics.HealthCheck}), and what
 * the servers of far tiers count of themselves ({@link dev.terrace.cache.metrics.ServerMeters}).
 */
@NullMarked
package dev.terrace.cache.metrics;

import org.jspecify.annotations.NullMarked;
