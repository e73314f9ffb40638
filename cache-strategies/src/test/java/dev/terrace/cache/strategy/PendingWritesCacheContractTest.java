package dev.terrace.cache.strategy;

import dev.terrace.cache.Cache;
import java.util.List;

/** Write-behind where nothing is stored while the cache is used. */
final class PendingWritesCacheContractTest extends StrategyCacheContract {

    @Override
    protected Cache<String, String> around(Cache<String, String> cache) {
        WriteBehindBuilder<String, String> builder = WriteBehind.around(cache, operations -> {});
        builder.threads = false;
        return builder.build();
    }

    @Override
    protected List<Difference> differences() {
        return List.of(
                putIfAbsentIsRefused(),
                Difference.inResults(
                        "what is pending is read until it is stored, whatever is forgotten, expired, refreshed or changed"
                                + " in the cache meanwhile",
                        "anInvalidatedKeyHasNoValueAndTheOthersKeepTheirs",
                        "aClearedCacheIsEmptyAndTakesNewValues",
                        "aTagIsInvalidatedWithAllThatHasIt",
                        "anExpiredValueIsStaleAlsoWhereStaleValuesHaveNoTimeOfTheirOwn",
                        "expiringWhatIsNotThereDoesNothing",
                        "changesAreAppliedTogetherAndOnce",
                        "changesThatAreNotAppliedAreDropped",
                        "aLoaderSeesThePreviousValueAndItsState",
                        "aLoadOfAnOlderSourceVersionIsNotStored",
                        "everyHistoryIsThatOfAMapWhoseEntriesAge"),
                Difference.inResults(
                        "the later put is pending, whatever its version", "aPutWithAnOlderSourceVersionIsRefused"),
                Difference.inResults("what is pending is in no tier", "aLookupTellsWhatIsKnown"));
    }
}
