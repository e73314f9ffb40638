package dev.terrace.cache.memcached;

final class MetaOnPoolContractTest extends MemcachedContract {

    MetaOnPoolContractTest() {
        super(1, MemcachedFarTier.Protocol.META);
    }

    @Override
    MemcachedFarTier.Builder settings() {
        return super.settings().connections(3);
    }
}
