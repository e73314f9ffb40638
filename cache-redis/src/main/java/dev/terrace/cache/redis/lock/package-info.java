/**
 * Locks, read-write locks and semaphores in Redis, with a fencing number for every grant.
 *
 * <p>They keep several processes from doing the same work at once. They do <em>not</em> make it safe for a process to change
 * something elsewhere: a process that was paused does not know that its lease has ended, and a failover may forget a grant.
 * What must not be changed by a stale holder has to check the fencing number itself.
 */
@NullMarked
package dev.terrace.cache.redis.lock;

import org.jspecify.annotations.NullMarked;
