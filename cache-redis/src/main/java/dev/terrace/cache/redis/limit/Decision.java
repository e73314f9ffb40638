package dev.terrace.cache.redis.limit;

import java.time.Duration;

/**
 * What a limiter says.
 *
 * @param allowed whether the permits were granted
 * @param remaining how many more would be granted at once; 0 where it was refused without asking Redis
 * @param retryAfter when it is worth another try at the earliest; zero where it was allowed
 */
public record Decision(boolean allowed, long remaining, Duration retryAfter) {}
