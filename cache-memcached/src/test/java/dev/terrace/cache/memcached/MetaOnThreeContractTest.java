package dev.terrace.cache.memcached;

final class MetaOnThreeContractTest extends MemcachedContract {

    MetaOnThreeContractTest() {
        super(3, MemcachedFarTier.Protocol.META);
    }
}
