/** Far tier and link over Redis. */
@NullMarked
package dev.terrace.cache.redis;

import org.jspecify.annotations.NullMarked;
