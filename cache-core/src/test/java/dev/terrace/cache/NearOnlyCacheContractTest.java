package dev.terrace.cache;

/** A cache in process. */
final class NearOnlyCacheContractTest extends InMemoryCacheContract {

    @Override
    protected CacheBuilder<String, String> tiers(String cache) {
        return inManualTime(cache).near(Near.maximumSize(1_000));
    }
}
