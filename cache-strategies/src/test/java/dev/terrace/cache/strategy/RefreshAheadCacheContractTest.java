package dev.terrace.cache.strategy;

import dev.terrace.cache.Cache;
import dev.terrace.cache.EarlyRefresh;
import java.util.List;

/** Where nothing is refreshed ahead. */
final class RefreshAheadCacheContractTest extends StrategyCacheContract {

    @Override
    protected Cache<String, String> around(Cache<String, String> cache) {
        return new RefreshAhead<>(
                ReadThrough.around(cache, source()), source(), EarlyRefresh.none(), this::nanoTime, () -> 0);
    }

    @Override
    protected boolean bringsItsLoader() {
        return true;
    }

    @Override
    protected List<Difference> differences() {
        return List.of(
                loadersHaveNoContext(),
                Difference.inResults(
                        "it has no bulk loader",
                        "valuesComeInTheOrderOfTheKeysEachOnce",
                        "whatIsThereIsNotLoadedAndNoKeysAreNoLoad",
                        "whatTheBulkLoaderLeavesOutOrMapsToNullHasNoValue",
                        "whatTheBulkLoaderDoesNotFindIsCachedWhereThatIsAskedFor",
                        "staleValuesAreServedAndRevalidatedTogether"));
    }
}
