/**
 * The caching strategies by the names that engineers know, as small wrappers around any {@link dev.terrace.cache.Cache}:
 * {@link dev.terrace.cache.strategy.CacheAside}, {@link dev.terrace.cache.strategy.ReadThrough},
 * {@link dev.terrace.cache.strategy.WriteThrough}, {@link dev.terrace.cache.strategy.WriteAround},
 * {@link dev.terrace.cache.strategy.WriteBehind},
 * {@link dev.terrace.cache.strategy.RefreshAhead}, {@link dev.terrace.cache.strategy.StampedeProtection}. Each says what a
 * failed store, or a crash, leaves behind at each of its steps.
 *
 * <p>A wrapper is thread-safe, and closing it closes the cache that it wraps.
 */
@NullMarked
package dev.terrace.cache.strategy;

import org.jspecify.annotations.NullMarked;
