package dev.terrace.cache.strategy;

import dev.terrace.cache.CacheBuilder;
import dev.terrace.cache.InMemoryCacheContract;
import dev.terrace.cache.Near;
import java.util.List;

/** The contract of a cache for a strategy that is one, around a cache in two tiers. */
abstract class StrategyCacheContract extends InMemoryCacheContract {

    static final String PUT_IF_ABSENT = "that no tier has a key does not say that the store has no such row";
    static final String LOADS_BY_ITSELF = "the wrapper loads, and its loader has no context";

    @Override
    protected final CacheBuilder<String, String> tiers(String cache) {
        return far(inManualTime(cache)).near(Near.maximumSize(1_000));
    }

    static Difference putIfAbsentIsRefused() {
        return Difference.refused(
                PUT_IF_ABSENT,
                UnsupportedOperationException.class,
                "aValueIsPutOnlyWhereThereIsNone",
                "whatIsInvalidOrGoneCountsAsNone",
                "aCachedNullCountsAsAValue",
                "anEntryMayHaveALifeOfItsOwn",
                "whatHappensIsCounted");
    }

    static Difference loadersHaveNoContext() {
        return new Difference(
                LOADS_BY_ITSELF,
                Throwable.class,
                List.of(
                        "withoutALoaderNothingIsLoadedAndTheRestWorks",
                        "aLoaderSetsLifeAndTagsFromTheValue",
                        "aLoaderSeesThePreviousValueAndItsState",
                        "aValueThatIsNotModifiedLivesOnWithItsTagsAndState",
                        "whatIsNotThereCannotBeUnmodified",
                        "aContextIsOverWithItsLoad",
                        "aLoadOfAnOlderSourceVersionIsNotStored"));
    }
}
