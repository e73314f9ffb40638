package dev.terrace.cache.strategy;

import dev.terrace.cache.Cache;
import java.util.List;

final class WriteThroughCacheContractTest extends StrategyCacheContract {

    @Override
    protected Cache<String, String> around(Cache<String, String> cache) {
        return WriteThrough.around(cache, new Table(), Runnable::run);
    }

    @Override
    protected List<Difference> differences() {
        return List.of(putIfAbsentIsRefused());
    }
}
