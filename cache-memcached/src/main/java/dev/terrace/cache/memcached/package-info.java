/** Far tier over Memcached. */
@NullMarked
package dev.terrace.cache.memcached;

import org.jspecify.annotations.NullMarked;
