package dev.terrace.cache;

/** The scenarios in process, without a far tier. */
final class NearOnlyScenariosTest extends OneNodeScenarios {

    @Override
    protected String variant() {
        return "near only";
    }

    @Override
    protected CacheBuilder<String, String> tiers(String cache) {
        return Cache.<String, String>builder(cache).near(Near.maximumSize(10_000));
    }

    @Override
    protected CacheBuilder<String, String> tiersWithoutNear(String cache) {
        return tiers(cache);
    }
}
