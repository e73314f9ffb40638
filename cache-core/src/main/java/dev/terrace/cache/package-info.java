/** The cache. */
@NullMarked
package dev.terrace.cache;

import org.jspecify.annotations.NullMarked;
