/** A small service over HTTP that exposes what its caches count, and a generator of load for it. */
@NullMarked
package dev.terrace.cache.examples.observability;

import org.jspecify.annotations.NullMarked;
