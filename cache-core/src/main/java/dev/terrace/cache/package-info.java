/**
 * A tiered cache that is right: {@link dev.terrace.cache.Cache} in process, in front of a shared far tier.
 *
 * <p>Start at {@link dev.terrace.cache.Cache#builder}.
 */
@NullMarked
package dev.terrace.cache;

import org.jspecify.annotations.NullMarked;
