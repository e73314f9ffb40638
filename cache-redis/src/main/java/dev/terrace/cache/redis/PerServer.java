package dev.terrace.cache.redis;

/**
 * What a tier has with each of its servers.
 *
 * @param coherence how it learns of changes
 * @param connections for data; that of the link is one more
 */
record PerServer(RedisCoherence coherence, int connections) {}
