package dev.terrace.cache.strategy;

import dev.terrace.cache.Cache;
import dev.terrace.cache.EarlyRefresh;
import java.util.List;

/** Where nothing is refreshed ahead. */
final class RefreshAheadCacheContractTest extends StrategyCacheContract {

    @Override
    protected Cache<String, String> around(Cache<String, String> cache) {
        Cache<String, String> reading = bulkSource() == null
                ? ReadThrough.around(cache, source())
                : ReadThrough.around(cache, source(), bulkSource());
        return new RefreshAhead<>(reading, source(), EarlyRefresh.none(), this::nanoTime, () -> 0);
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
