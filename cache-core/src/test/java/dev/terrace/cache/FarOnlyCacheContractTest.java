package dev.terrace.cache;

/** A cache that keeps nothing in process. */
final class FarOnlyCacheContractTest extends InMemoryCacheContract {

    @Override
    protected CacheBuilder<String, String> tiers(String cache) {
        return far(inManualTime(cache));
    }
}
