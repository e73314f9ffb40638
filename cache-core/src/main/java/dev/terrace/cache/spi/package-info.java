/**
 * What a far tier implements: {@link dev.terrace.cache.spi.FarTier} opens one {@link dev.terrace.cache.spi.FarStore}
 * per cache, which keeps one {@link dev.terrace.cache.spi.FarRecord} per key and grants the leases to fill them.
 *
 * <p>Nothing here throws: failures arrive in the returned stages. Applications do not call this package, but for
 * {@link dev.terrace.cache.spi.InvalidationBus#inProcess}.
 */
@NullMarked
package dev.terrace.cache.spi;

import org.jspecify.annotations.NullMarked;
