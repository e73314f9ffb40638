/**
 * Benchmarks, side by side with the raw clients. {@link dev.terrace.cache.benchmarks.Bench} runs sets of contenders in
 * rounds and prints each figure of ours as a multiple of the raw client's of the same run.
 */
@NullMarked
package dev.terrace.cache.benchmarks;

import org.jspecify.annotations.NullMarked;
