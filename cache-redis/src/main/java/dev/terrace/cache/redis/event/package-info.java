/** Sources of invalidations in Redis: streams, which are replayed from where one was, and channels. */
@NullMarked
package dev.terrace.cache.redis.event;

import org.jspecify.annotations.NullMarked;
