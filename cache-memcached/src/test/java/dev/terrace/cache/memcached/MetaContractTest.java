package dev.terrace.cache.memcached;

final class MetaContractTest extends MemcachedContract {

    MetaContractTest() {
        super(1, MemcachedFarTier.Protocol.AUTO);
    }
}
