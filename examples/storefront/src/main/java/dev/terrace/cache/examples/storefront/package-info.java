/** A small shop in front of a slow catalog. */
@NullMarked
package dev.terrace.cache.examples.storefront;

import org.jspecify.annotations.NullMarked;
