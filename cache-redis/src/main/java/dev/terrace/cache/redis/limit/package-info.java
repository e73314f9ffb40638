/** Rate limiters in Redis: one script for each call, by the server's clock, shared by all processes. */
@NullMarked
package dev.terrace.cache.redis.limit;

import org.jspecify.annotations.NullMarked;
