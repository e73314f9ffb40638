/** Benchmarks. */
@NullMarked
package dev.terrace.cache.benchmarks;

import org.jspecify.annotations.NullMarked;
