package dev.terrace.cache.memcached;

final class ClassicContractTest extends MemcachedContract {

    ClassicContractTest() {
        super(1, MemcachedFarTier.Protocol.CLASSIC);
    }
}
