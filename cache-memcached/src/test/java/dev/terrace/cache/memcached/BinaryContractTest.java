package dev.terrace.cache.memcached;

final class BinaryContractTest extends MemcachedContract {

    BinaryContractTest() {
        super(1, MemcachedFarTier.Protocol.BINARY);
    }
}
