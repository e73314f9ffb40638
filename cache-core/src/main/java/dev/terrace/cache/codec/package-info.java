/** How values and keys become bytes. */
@NullMarked
package dev.terrace.cache.codec;

import org.jspecify.annotations.NullMarked;
