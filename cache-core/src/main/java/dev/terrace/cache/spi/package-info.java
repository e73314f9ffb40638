/** What a far tier implements. */
@NullMarked
package dev.terrace.cache.spi;

import org.jspecify.annotations.NullMarked;
