package dev.terrace.cache.redis;

import dev.terrace.cache.CacheBuilder;

/** A cache that keeps nothing in process. */
final class RedisFarOnlyCacheContractTest extends RedisCacheContract {

    @Override
    protected CacheBuilder<String, String> tiers(String cache) {
        return onRedis(cache);
    }
}
