/**
 * A shop that reads its product catalogue, an SQL database, through Terrace, and measures what that brings. Begin with
 * {@link dev.terrace.cache.examples.storefront.CachedProducts}: it is all that using the library takes. The rest is the
 * shop, its traffic and the measuring.
 */
@NullMarked
package dev.terrace.cache.examples.storefront;

import org.jspecify.annotations.NullMarked;
