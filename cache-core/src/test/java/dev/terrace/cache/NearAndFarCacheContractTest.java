package dev.terrace.cache;

/** A cache in two tiers. */
final class NearAndFarCacheContractTest extends InMemoryCacheContract {

    @Override
    protected CacheBuilder<String, String> tiers(String cache) {
        return far(inManualTime(cache)).near(Near.maximumSize(1_000));
    }
}
