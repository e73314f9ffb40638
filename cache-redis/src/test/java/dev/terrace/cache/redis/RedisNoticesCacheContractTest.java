package dev.terrace.cache.redis;

import dev.terrace.cache.CacheBuilder;
import dev.terrace.cache.Near;

/** A cache in process and on a server that tells by notices. */
final class RedisNoticesCacheContractTest extends RedisCacheContract {

    @Override
    protected CacheBuilder<String, String> tiers(String cache) {
        return onRedisByNotices(cache).near(Near.maximumSize(1_000));
    }
}
