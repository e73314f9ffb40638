package dev.terrace.cache.strategy;

import dev.terrace.cache.Cache;
import java.util.List;

final class WriteAroundCacheContractTest extends StrategyCacheContract {

    @Override
    protected Cache<String, String> around(Cache<String, String> cache) {
        return WriteAround.around(cache, new Table(), Runnable::run);
    }

    @Override
    protected List<Difference> differences() {
        return List.of(
                putIfAbsentIsRefused(),
                Difference.inResults(
                        "nothing is cached by a put",
                        "withoutALoaderNothingIsLoadedAndTheRestWorks",
                        "aCachedNullGivesWayToAPutAndToAnInvalidation",
                        "aLookupTellsWhatIsKnown",
                        "anExpiredValueIsStaleAlsoWhereStaleValuesHaveNoTimeOfTheirOwn",
                        "aLoaderSeesThePreviousValueAndItsState",
                        "aWriterReadsWhatItPut",
                        "anEmptyValueIsAValue",
                        "aPutReplacesTagsAndLifeToo",
                        "manyValuesAreStored",
                        "aPutWithAnOlderSourceVersionIsRefused",
                        "aLoadOfAnOlderSourceVersionIsNotStored",
                        "anInvalidatedKeyHasNoValueAndTheOthersKeepTheirs",
                        "aTagIsInvalidatedWithAllThatHasIt",
                        "aClearedCacheIsEmptyAndTakesNewValues",
                        "changesAreAppliedTogetherAndOnce",
                        "changesThatAreNotAppliedAreDropped",
                        "valuesComeInTheOrderOfTheKeysEachOnce",
                        "aBulkLoaderThatReturnsNullOrFailsFailsTheWholeRead",
                        "aNullAmongManyIsRefusedAndNothingHappens",
                        "aClosedCacheCanBeClosedAgainAndTellsItsCounts",
                        "everyHistoryIsThatOfAMapWhoseEntriesAge"));
    }
}
