/** What applications do with Redis beside caching, step by step. */
@NullMarked
package dev.terrace.cache.examples.patterns;

import org.jspecify.annotations.NullMarked;
