package dev.terrace.cache.strategy;

import dev.terrace.cache.Cache;
import java.util.List;

final class ReadThroughCacheContractTest extends StrategyCacheContract {

    @Override
    protected Cache<String, String> around(Cache<String, String> cache) {
        return bulkSource() == null
                ? ReadThrough.around(cache, source())
                : ReadThrough.around(cache, source(), bulkSource());
    }

    @Override
    protected boolean bringsItsLoader() {
        return true;
    }

    @Override
    protected List<Difference> differences() {
        return List.of(loadersHaveNoContext());
    }
}
