/** The journal of write-behind queues in Redis Streams, shared by processes. */
@NullMarked
package dev.terrace.cache.redis.journal;

import org.jspecify.annotations.NullMarked;
