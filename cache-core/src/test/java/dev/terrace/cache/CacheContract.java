package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrace.cache.testkit.OwnThread;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What a {@link Cache} is: every operation of it, in both views. A test class extends it per combination of tiers, with time
 * that it moves or with that of a real server.
 */
@ParameterizedClass(name = "{0}")
@EnumSource(CacheContract.View.class)
@ExtendWith(Differences.class)
public abstract class CacheContract {

    private static final AtomicInteger CACHES = new AtomicInteger();
    private static final Duration LONG = Duration.ofMinutes(10);

    /** How a cache is used. */
    public enum View {
        BLOCKING,
        ASYNC;

        Cache<String, String> of(Cache<String, String> cache) {
            return this == BLOCKING ? cache : new AwaitedCache<>(cache);
        }
    }

    @Parameter
    View view;

    private final Source source = new Source();
    private Loader<String, String> plainSource = key -> source.load(key, null);
    private @Nullable BulkLoader<String, String> bulkSource;
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    /** A builder of a cache with its tiers set, and time where the test moves it. */
    protected abstract CacheBuilder<String, String> tiers(String cache);

    /** Lets at least that much time pass. */
    protected abstract void advance(Duration time);

    /** A life that can be waited for. */
    protected abstract Duration moment();

    /** Whether no time passes but by {@link #advance}. */
    protected abstract boolean movesTime();

    /** What is tested of a cache with these tiers: the cache itself, or a wrapper around it. */
    protected Cache<String, String> around(Cache<String, String> cache) {
        return cache;
    }

    /** What a wrapper that brings a loader of its own is to load with. */
    protected final Loader<String, String> source() {
        return plainSource;
    }

    /** As {@link #source}, of many keys; null where the test has no bulk loader. */
    protected final @Nullable BulkLoader<String, String> bulkSource() {
        return bulkSource;
    }

    /** Whether it is the wrapper's loader that is used, which has no {@link LoadContext}. */
    protected boolean bringsItsLoader() {
        return false;
    }

    /** Waits for what the wrapper does after an operation has returned. */
    protected void settle() {}

    /** What is not as the contract says, on purpose. */
    protected List<Difference> differences() {
        return List.of();
    }

    /**
     * Tests of the contract that do not hold, on purpose: each of them has to fail so, and a test of the class that says so
     * shows what holds instead.
     *
     * @param reason why
     * @param failure how the tests fail
     * @param tests their names
     */
    public record Difference(String reason, Class<? extends Throwable> failure, List<String> tests) {

        /** A difference in what is returned. */
        public static Difference inResults(String reason, String... tests) {
            return new Difference(reason, AssertionError.class, List.of(tests));
        }

        /** An operation is refused. */
        public static Difference refused(String reason, Class<? extends Throwable> failure, String... tests) {
            return new Difference(reason, failure, List.of(tests));
        }
    }

    /** Closed after the test, the last first. */
    protected final <T extends AutoCloseable> T closedLater(T closeable) {
        opened.push(closeable);
        return closeable;
    }

    @AfterEach
    final void closeAll() throws Exception {
        source.hold.countDown();
        for (AutoCloseable each = opened.poll(); each != null; each = opened.poll()) {
            each.close();
        }
    }

    /** A cache that loads from {@link #source}. */
    final Cache<String, String> cache() {
        return cache(builder -> builder);
    }

    final Cache<String, String> cache(UnaryOperator<CacheBuilder<String, String>> settings) {
        return bare(builder -> settings.apply(builder.loader(source)));
    }

    /** A cache without a loader. */
    final Cache<String, String> bare(UnaryOperator<CacheBuilder<String, String>> settings) {
        CacheBuilder<String, String> builder = OneNodeScenarios.patient(tiers("contract-" + CACHES.incrementAndGet()))
                .jitter(0);
        Cache<String, String> cache = closedLater(settings.apply(builder).build());
        return settling(
                view.of(closedLater(around(cache))),
                ((TieredCache<String, String>) cache).assembly().engine());
    }

    /**
     * A caller has its value before the value is stored, and then might join the load that has just answered it. Here it waits
     * until that is over, unless the source is held.
     */
    @SuppressWarnings("unchecked")
    private Cache<String, String> settling(Cache<String, String> cache, Engine<String, String> engine) {
        return (Cache<String, String>) Proxy.newProxyInstance(
                CacheContract.class.getClassLoader(), new Class<?>[] {Cache.class}, (proxy, method, arguments) -> {
                    try {
                        return method.invoke(cache, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    } finally {
                        settle();
                        if (!source.holding && !LoadScope.isLoadThread()) {
                            Eventually.holds(
                                    "loads are over",
                                    () -> engine.flights().size() == 0
                                            || engine.tiers().isClosed());
                        }
                    }
                });
    }

    /** A cache that serves stale values for long, of values that are fresh for a moment. */
    private Cache<String, String> stale(UnaryOperator<CacheBuilder<String, String>> settings) {
        return cache(builder -> settings.apply(
                builder.freshFor(moment()).staleFor(LONG.multipliedBy(10)).retryAfter(moment())));
    }

    private static boolean hasNear(Cache<?, ?> cache) {
        return cache.toString().contains("near[");
    }

    private static void eventually(Cache<String, String> cache, String key, String value) {
        Eventually.holds(key + " is " + value, () -> value.equals(cache.get(key)));
    }

    /** The slow source of a test. */
    static final class Source implements ContextualLoader<String, String> {

        final Map<String, String> rows = new ConcurrentHashMap<>();
        final List<String> asked = new CopyOnWriteArrayList<>();
        final CountDownLatch hold = new CountDownLatch(1);
        volatile Exception failure;
        volatile boolean holding;

        @Override
        public String load(String key, LoadContext<String> context) throws Exception {
            asked.add(key);
            if (holding && !hold.await(60, TimeUnit.SECONDS)) {
                throw new AssertionError("held for too long");
            }
            if (failure != null) {
                throw failure;
            }
            return rows.get(key);
        }

        Source with(String... keysAndValues) {
            for (int i = 0; i < keysAndValues.length; i += 2) {
                rows.put(keysAndValues[i], keysAndValues[i + 1]);
            }
            return this;
        }
    }

    @Nested
    class Reading {

        @Test
        void aKeyThatNobodyWroteHasNoValue() {
            Cache<String, String> cache = cache();
            assertThat(cache.getIfPresent("a")).isNull();
            assertThat(cache.getAllPresent(List.of("a", "b"))).isEmpty();
            assertThat(cache.lookup("a")).isEqualTo(Lookup.absent());
            assertThat(source.asked).isEmpty();
        }

        @Test
        void aValueIsLoadedOnceAndServedFromThenOn() {
            source.with("a", "row");
            Cache<String, String> cache = cache();
            assertThat(cache.get("a")).isEqualTo("row");
            source.with("a", "changed");
            assertThat(cache.get("a")).isEqualTo("row");
            assertThat(cache.getIfPresent("a")).isEqualTo("row");
            assertThat(cache.getAllPresent(List.of("a"))).containsExactly(Map.entry("a", "row"));
            assertThat(source.asked).containsExactly("a");
        }

        @Test
        void aLoaderOfTheCallIsUsedInsteadOfTheCaches() {
            Cache<String, String> cache = cache();
            assertThat(cache.get("a", key -> "given for " + key)).isEqualTo("given for a");
            assertThat(cache.get("a")).isEqualTo("given for a");
            assertThat(cache.get("a", key -> "another")).isEqualTo("given for a");
            assertThat(source.asked).isEmpty();
        }

        @Test
        void aLoadOfACallMayHaveALifeAndTagsOfItsOwn() {
            Cache<String, String> cache = cache();
            EntryOptions options =
                    EntryOptions.freshFor(LONG.multipliedBy(10)).withTags("red").withNegativeFor(LONG);
            assertThat(cache.get("a", key -> "given", options)).isEqualTo("given");
            assertThat(cache.getAll(List.of("b", "c"), keys -> Map.of("b", "bulk"), options))
                    .containsExactly(Map.entry("b", "bulk"));
            for (String key : List.of("a", "b")) {
                assertThat(cache.lookup(key).tags()).containsExactly("red");
                assertThat(cache.lookup(key).freshFor()).isGreaterThan(LONG);
            }
            assertThat(cache.lookup("c").isPresent()).isTrue();
            assertThat(cache.refresh("a", key -> "again")).isEqualTo("again");
            assertThat(cache.get("a")).isEqualTo("again");
            assertThat(cache.lookup("a").tags()).isEmpty();
        }

        @Test
        void withoutALoaderNothingIsLoadedAndTheRestWorks() {
            Cache<String, String> cache = bare(builder -> builder);
            String complaint = "cache \"" + cache.name() + "\" has no loader";
            assertThatIllegalStateException().isThrownBy(() -> cache.get("a")).withMessageContaining(complaint);
            assertThatIllegalStateException()
                    .isThrownBy(() -> cache.getAll(List.of("a")))
                    .withMessageContaining(complaint);
            assertThatIllegalStateException()
                    .isThrownBy(() -> cache.refresh("a"))
                    .withMessageContaining(complaint);
            cache.put("a", "put");
            assertThat(cache.getIfPresent("a")).isEqualTo("put");
            assertThat(cache.get("b", key -> "loaded")).isEqualTo("loaded");
            assertThat(cache.getAll(List.of("c"), keys -> Map.of("c", "bulk"))).containsExactly(Map.entry("c", "bulk"));
        }

        @Test
        void anUncheckedFailureReachesTheCallerAsItIsAndIsNotCached() {
            Cache<String, String> cache = cache();
            source.failure = new IllegalStateException("no connection");
            assertThatThrownBy(() -> cache.get("a")).isSameAs(source.failure);
            assertThatThrownBy(() -> cache.getAll(List.of("a", "b"))).isSameAs(source.failure);
            assertThatThrownBy(() -> cache.refresh("a")).isSameAs(source.failure);
            assertThat(cache.getIfPresent("a")).isNull();
            source.failure = null;
            assertThat(cache.get("a", key -> "again")).isEqualTo("again");
        }

        @Test
        void anErrorReachesTheCallerAsItIs() {
            Cache<String, String> cache = cache();
            AssertionError error = new AssertionError("a defect of the loader");
            assertThatThrownBy(() -> cache.get("a", key -> {
                        throw error;
                    }))
                    .isSameAs(error);
        }

        @Test
        void aCheckedFailureIsWrappedOnceNamingTheCache() {
            Cache<String, String> cache = cache();
            source.failure = new IOException("down");
            assertThatExceptionOfType(LoadFailedException.class)
                    .isThrownBy(() -> cache.get("a"))
                    .withMessageContaining("\"" + cache.name() + "\"")
                    .withCause(source.failure);
        }

        @Test
        void whatTheLoaderDoesNotFindIsNullAndAskedForAgain() {
            Cache<String, String> cache = cache();
            assertThat(cache.get("a")).isNull();
            assertThat(cache.lookup("a").isPresent()).isFalse();
            assertThat(cache.get("a")).isNull();
            assertThat(source.asked).containsExactly("a", "a");
            source.with("a", "row");
            assertThat(cache.get("a")).isEqualTo("row");
        }

        @Test
        void whatTheLoaderDoesNotFindIsCachedForATimeOfItsOwn() {
            Cache<String, String> cache = cache(builder -> builder.negativeFor(moment()));
            assertThat(cache.get("a")).isNull();
            if (movesTime()) {
                source.with("a", "row");
                assertThat(cache.get("a")).isNull();
                assertThat(cache.getIfPresent("a")).isNull();
                assertThat(cache.getAll(List.of("a"))).isEmpty();
                assertThat(cache.getAllPresent(List.of("a"))).isEmpty();
                Lookup<String> known = cache.lookup("a");
                assertThat(known.status()).isEqualTo(Lookup.Status.FRESH);
                assertThat(known.value()).isNull();
                assertThat(known.remaining()).isEqualTo(moment());
                assertThat(source.asked).containsExactly("a");
            }
            advance(moment());
            source.with("a", "row");
            assertThat(cache.get("a")).isEqualTo("row");
            assertThat(source.asked).containsExactly("a", "a");
        }

        @Test
        void aCachedNullGivesWayToAPutAndToAnInvalidation() {
            Cache<String, String> cache = cache(builder -> builder.negativeFor(LONG));
            assertThat(cache.get("a")).isNull();
            assertThat(cache.get("b")).isNull();
            cache.put("a", "put");
            assertThat(cache.get("a")).isEqualTo("put");
            source.with("b", "row");
            cache.invalidate("b");
            assertThat(cache.get("b")).isEqualTo("row");
        }

        @Test
        void aLookupTellsWhatIsKnown() {
            Cache<String, String> cache = cache();
            cache.put("a", "put", EntryOptions.freshFor(LONG).withTags("red", "blue"));
            Lookup<String> known = cache.lookup("a");
            assertThat(known.status()).isEqualTo(Lookup.Status.FRESH);
            assertThat(known.isPresent()).isTrue();
            assertThat(known.value()).isEqualTo("put");
            assertThat(known.asOptional()).contains("put");
            // Told of its own put, a node asks the far tier once.
            assertThat(Stream.generate(() -> cache.lookup("a").tier()).limit(100))
                    .contains(hasNear(cache) ? Lookup.Tier.NEAR : Lookup.Tier.FAR);
            assertThat(known.age()).isBetween(Duration.ZERO, Duration.ofMinutes(1));
            assertThat(known.freshFor()).isPositive().isLessThanOrEqualTo(LONG);
            assertThat(known.remaining()).isEqualTo(known.freshFor());
            assertThat(known.tags()).containsExactlyInAnyOrder("red", "blue");
            assertThat(known.cutOff()).isFalse();
        }
    }

    @Nested
    class Ageing {

        @Test
        void aValueIsGoneAtTheEndOfItsLife() {
            Cache<String, String> cache = cache(builder -> builder.freshFor(moment()));
            source.with("a", "first");
            assertThat(cache.get("a")).isEqualTo("first");
            if (movesTime()) {
                advance(moment().minusMillis(1));
                assertThat(cache.getIfPresent("a")).isEqualTo("first");
            }
            advance(moment());
            assertThat(cache.getIfPresent("a")).isNull();
            assertThat(cache.lookup("a")).isEqualTo(Lookup.absent());
            assertThat(cache.getAllPresent(List.of("a"))).isEmpty();
            source.with("a", "second");
            assertThat(cache.get("a")).isEqualTo("second");
        }

        @Test
        void aStaleValueIsServedWhileItIsRevalidated() {
            Cache<String, String> cache = stale(builder -> builder);
            source.with("a", "old");
            cache.get("a");
            advance(moment());
            source.holding = true;
            source.with("a", "new");
            assertThat(cache.lookup("a").status()).isEqualTo(Lookup.Status.STALE);
            assertThat(cache.lookup("a").freshFor()).isEqualTo(Duration.ZERO);
            assertThat(cache.lookup("a").remaining()).isPositive();
            assertThat(cache.getIfPresent("a")).isEqualTo("old");
            assertThat(source.asked).as("loads for a look").hasSize(1);
            assertThat(cache.get("a")).isEqualTo("old");
            assertThat(cache.getAll(List.of("a"))).containsExactly(Map.entry("a", "old"));
            source.holding = false;
            source.hold.countDown();
            eventually(cache, "a", "new");
            assertThat(cache.stats().loads().staleServes()).isGreaterThanOrEqualTo(2);
        }

        @Test
        void aStaleValueIsServedWhenItsLoadFailsUntilItIsGone() {
            Cache<String, String> cache =
                    cache(builder -> builder.freshFor(moment()).staleFor(LONG).retryAfter(moment()));
            source.with("a", "old");
            cache.get("a");
            source.failure = new IllegalStateException("no connection");
            advance(moment());
            Eventually.holds("the failure is counted", () -> {
                assertThat(cache.get("a")).isEqualTo("old");
                return cache.stats().failures().containsKey(FailureKind.LOAD);
            });
            assertThat(cache.get("a")).isEqualTo("old");
            assertThat(cache.getAll(List.of("a"))).containsExactly(Map.entry("a", "old"));
            if (movesTime()) {
                assertThat(source.asked).as("loads during the pause").hasSize(2);
                advance(LONG);
                assertThatThrownBy(() -> cache.get("a")).isSameAs(source.failure);
            }
        }

        @Test
        void withASoftDeadlineTheNewValueIsWaitedForThatLong() {
            Cache<String, String> cache = stale(
                    builder -> builder.softDeadline(Duration.ofSeconds(30)).loadDeadline(Duration.ofMinutes(1)));
            source.with("a", "old");
            cache.get("a");
            advance(moment());
            source.with("a", "new");
            assertThat(cache.get("a")).isEqualTo("new");
        }

        @Test
        void anExpiredValueIsStaleForTheRestOfItsLife() {
            Cache<String, String> cache = cache(builder -> builder.staleFor(LONG));
            source.with("a", "old");
            cache.get("a");
            cache.expire("a");
            assertThat(cache.lookup("a").status()).isEqualTo(Lookup.Status.STALE);
            assertThat(cache.lookup("a").remaining()).isBetween(LONG.plusMillis(1), LONG.multipliedBy(2));
            assertThat(cache.getIfPresent("a")).isEqualTo("old");
            source.with("a", "new");
            assertThat(cache.get("a")).isEqualTo("old");
            eventually(cache, "a", "new");
            assertThat(cache.lookup("a").status()).isEqualTo(Lookup.Status.FRESH);
        }

        @Test
        void expiringWhatIsNotThereDoesNothing() {
            Cache<String, String> cache = cache();
            cache.expire("a");
            assertThat(cache.lookup("a")).isEqualTo(Lookup.absent());
            cache.put("a", "put");
            cache.invalidate("a");
            cache.expire("a");
            assertThat(cache.getIfPresent("a")).isNull();
        }

        @Test
        void anEntryMayHaveALifeOfItsOwn() {
            Cache<String, String> cache = cache(builder -> builder.staleFor(LONG));
            cache.put("short", "put", EntryOptions.freshFor(moment()).withStaleFor(Duration.ZERO));
            cache.put("stale", "put", EntryOptions.freshFor(moment()));
            cache.put("long", "put", EntryOptions.freshFor(LONG.multipliedBy(10)));
            cache.putIfAbsent(
                    "if absent", "put", EntryOptions.freshFor(moment()).withStaleFor(Duration.ZERO));
            assertThat(cache.lookup("long").freshFor()).isGreaterThan(LONG);
            advance(moment());
            assertThat(cache.getAllPresent(List.of("short", "stale", "long", "if absent")))
                    .containsOnlyKeys("stale", "long");
            assertThat(cache.lookup("stale").status()).isEqualTo(Lookup.Status.STALE);
        }

        @Test
        void aLoaderSetsLifeAndTagsFromTheValue() {
            Cache<String, String> cache = bare(builder -> builder.staleFor(LONG).loader((key, context) -> {
                context.freshFor(moment());
                context.staleFor(Duration.ZERO);
                context.tags("tag of " + key);
                return "row " + source.asked.size();
            }));
            cache.get("a");
            assertThat(cache.lookup("a").tags()).containsExactly("tag of a");
            advance(moment());
            assertThat(cache.getIfPresent("a")).isNull();
        }

        @Test
        void aLoaderSeesThePreviousValueAndItsState() {
            List<String> seen = new CopyOnWriteArrayList<>();
            Cache<String, String> cache = bare(builder -> builder.staleFor(LONG).loader((key, context) -> {
                seen.add(context.previous().orElse("none") + "/"
                        + context.previousState().orElse("none"));
                context.state("etag " + seen.size());
                return "row " + seen.size();
            }));
            cache.get("a");
            assertThat(cache.refresh("a")).isEqualTo("row 2");
            cache.put("a", "put");
            cache.refresh("a");
            cache.invalidate("a");
            cache.get("a");
            assertThat(seen).containsExactly("none/none", "row 1/etag 1", "put/none", "none/none");
        }

        @Test
        void aValueThatIsNotModifiedLivesOnWithItsTagsAndState() {
            List<String> states = new CopyOnWriteArrayList<>();
            Cache<String, String> cache = bare(builder -> builder.staleFor(LONG).loader((key, context) -> {
                states.add(context.previousState().orElse("none"));
                if (context.previous().isPresent()) {
                    return context.notModified();
                }
                context.tags("red");
                context.state("etag");
                return "row";
            }));
            cache.get("a");
            cache.expire("a");
            assertThat(cache.refresh("a")).isEqualTo("row");
            assertThat(cache.lookup("a").status()).isEqualTo(Lookup.Status.FRESH);
            assertThat(cache.lookup("a").tags()).containsExactly("red");
            assertThat(cache.refresh("a")).isEqualTo("row");
            assertThat(states).containsExactly("none", "etag", "etag");
            cache.invalidateTag("red");
            assertThat(cache.getIfPresent("a")).isNull();
        }

        @Test
        void whatIsNotThereCannotBeUnmodified() {
            Cache<String, String> cache = bare(builder -> builder.loader((key, context) -> context.notModified()));
            assertThatIllegalStateException()
                    .isThrownBy(() -> cache.get("a"))
                    .withMessageContaining("there is no previous value");
        }

        @Test
        void aContextIsOverWithItsLoad() {
            List<LoadContext<String>> kept = new CopyOnWriteArrayList<>();
            Cache<String, String> cache = bare(builder -> builder.loader((key, context) -> {
                kept.add(context);
                return "row";
            }));
            cache.get("a");
            assertThatIllegalStateException()
                    .isThrownBy(() -> kept.get(0).tags("late"))
                    .withMessageContaining("during its load only");
        }
    }

    @Nested
    class Expiring {

        @Test
        void anExpiredValueIsStaleAlsoWhereStaleValuesHaveNoTimeOfTheirOwn() {
            Cache<String, String> cache = bare(builder -> builder.freshFor(LONG));
            cache.put("k", "value");

            cache.expire("k");

            Lookup<String> known = cache.lookup("k");
            assertThat(known.status()).isEqualTo(Lookup.Status.STALE);
            assertThat(known.value()).isEqualTo("value");
            assertThat(known.remaining()).isGreaterThan(LONG.dividedBy(2)).isLessThanOrEqualTo(LONG);
            assertThat(cache.getIfPresent("k")).isEqualTo("value");
        }
    }

    @Nested
    class Refreshing {

        @Test
        void aRefreshLoadsWhatIsFresh() {
            source.with("a", "old");
            Cache<String, String> cache = cache();
            cache.get("a");
            source.with("a", "new");
            assertThat(cache.refresh("a")).isEqualTo("new");
            assertThat(cache.get("a")).isEqualTo("new");
            assertThat(source.asked).hasSize(2);
        }

        @Test
        void aRefreshLoadsWhatIsNotThere() {
            source.with("a", "row");
            Cache<String, String> cache = cache();
            assertThat(cache.refresh("a")).isEqualTo("row");
            assertThat(cache.get("a")).isEqualTo("row");
            assertThat(source.asked).hasSize(1);
        }

        @Test
        void aRefreshThatFailsSaysSoAndLeavesTheValue() {
            source.with("a", "row");
            Cache<String, String> cache = cache(builder -> builder.staleFor(LONG));
            cache.get("a");
            source.failure = new IllegalStateException("no connection");
            assertThatThrownBy(() -> cache.refresh("a")).isSameAs(source.failure);
            assertThat(cache.getIfPresent("a")).isEqualTo("row");
            assertThat(cache.lookup("a").status()).isEqualTo(Lookup.Status.FRESH);
        }

        @Test
        void aRefreshThatFindsNothingRemovesTheValue() {
            source.with("a", "row");
            Cache<String, String> cache = cache();
            cache.get("a");
            source.rows.clear();
            assertThat(cache.refresh("a")).isNull();
            assertThat(cache.getIfPresent("a")).isNull();
            assertThat(cache.lookup("a")).isEqualTo(Lookup.absent());
        }

        @Test
        void aRevalidationThatFindsNothingRemovesTheValue() {
            source.with("a", "row");
            Cache<String, String> cache = cache(builder -> builder.staleFor(LONG));
            cache.get("a");
            cache.expire("a");
            source.rows.clear();
            assertThat(cache.get("a")).isEqualTo("row");
            Eventually.holds("the value is gone", () -> cache.getIfPresent("a") == null);
        }
    }

    @Nested
    class Writing {

        @Test
        void aWriterReadsWhatItPut() {
            Cache<String, String> cache = cache();
            cache.put("a", "first");
            assertThat(cache.get("a")).isEqualTo("first");
            cache.put("a", "second");
            assertThat(cache.get("a")).isEqualTo("second");
            assertThat(cache.getIfPresent("a")).isEqualTo("second");
            assertThat(source.asked).isEmpty();
        }

        @Test
        void anEmptyValueIsAValue() {
            Cache<String, String> cache = cache();
            cache.put("", "");
            assertThat(cache.getIfPresent("")).isEmpty();
            assertThat(cache.lookup("").isPresent()).isTrue();
        }

        @Test
        void aPutReplacesTagsAndLifeToo() {
            Cache<String, String> cache = cache();
            cache.put("a", "tagged", EntryOptions.tags("red"));
            cache.put("a", "plain");
            assertThat(cache.lookup("a").tags()).isEmpty();
            cache.invalidateTag("red");
            assertThat(cache.getIfPresent("a")).isEqualTo("plain");
        }

        @Test
        void manyValuesAreStored() {
            Cache<String, String> cache = cache();
            Map<String, String> values = new LinkedHashMap<>();
            for (int i = 0; i < 250; i++) {
                values.put("k" + i, "v" + i);
            }
            cache.putAll(values);
            assertThat(cache.getAllPresent(values.keySet())).isEqualTo(values);
            cache.putAll(Map.of());
            cache.putAll(Map.of("k0", "again"));
            assertThat(cache.getIfPresent("k0")).isEqualTo("again");
        }

        @Test
        void aValueIsPutOnlyWhereThereIsNone() {
            Cache<String, String> cache = cache(builder -> builder.staleFor(LONG));
            assertThat(cache.putIfAbsent("a", "first")).isTrue();
            assertThat(cache.putIfAbsent("a", "second")).isFalse();
            assertThat(cache.get("a")).isEqualTo("first");
            cache.expire("a");
            assertThat(cache.putIfAbsent("a", "instead of a stale one")).isFalse();
            assertThat(cache.getIfPresent("a")).isEqualTo("first");
            source.with("b", "loaded");
            cache.get("b");
            assertThat(cache.putIfAbsent("b", "instead of a loaded one")).isFalse();
        }

        @Test
        void whatIsInvalidOrGoneCountsAsNone() {
            Cache<String, String> cache = cache(builder -> builder.freshFor(LONG));
            cache.put("a", "value");
            cache.invalidate("a");
            assertThat(cache.putIfAbsent("a", "after an invalidation")).isTrue();
            cache.clear();
            assertThat(cache.putIfAbsent("a", "after a clear")).isTrue();
            cache.put("a", "tagged", EntryOptions.tags("red"));
            cache.invalidateTag("red");
            assertThat(cache.putIfAbsent("a", "after an invalidation of its tag", EntryOptions.freshFor(moment())))
                    .isTrue();
            advance(moment());
            assertThat(cache.putIfAbsent("a", "after its end", EntryOptions.tags("blue")))
                    .isTrue();
            assertThat(cache.getIfPresent("a")).isEqualTo("after its end");
            assertThat(cache.lookup("a").tags()).containsExactly("blue");
        }

        @Test
        void aCachedNullCountsAsAValue() {
            Cache<String, String> cache = cache(builder -> builder.negativeFor(LONG));
            assertThat(cache.get("a")).isNull();
            assertThat(cache.putIfAbsent("a", "put")).isFalse();
            assertThat(cache.get("a")).isNull();
        }

        @Test
        void aPutWithAnOlderSourceVersionIsRefused() {
            Cache<String, String> cache = cache();
            cache.put("a", "fifth", EntryOptions.DEFAULT.withSourceVersion(5));
            cache.put("a", "third", EntryOptions.DEFAULT.withSourceVersion(3));
            assertThat(cache.getIfPresent("a")).isEqualTo("fifth");
            cache.put("a", "sixth", EntryOptions.DEFAULT.withSourceVersion(6));
            assertThat(cache.getIfPresent("a")).isEqualTo("sixth");
            cache.put("a", "of no version");
            assertThat(cache.getIfPresent("a")).isEqualTo("of no version");
        }

        @Test
        void aLoadOfAnOlderSourceVersionIsNotStored() {
            Cache<String, String> cache = bare(builder -> builder.staleFor(LONG).loader((key, context) -> {
                context.sourceVersion(3);
                return "third, of a replica";
            }));
            cache.put("a", "fifth", EntryOptions.DEFAULT.withSourceVersion(5));
            assertThat(cache.refresh("a")).isEqualTo("third, of a replica");
            assertThat(cache.getIfPresent("a")).isEqualTo("fifth");
        }

        @Test
        void anInvalidatedKeyHasNoValueAndTheOthersKeepTheirs() {
            Cache<String, String> cache = cache();
            cache.putAll(Map.of("a", "1", "b", "2", "c", "3", "d", "4"));
            cache.invalidate("a");
            cache.invalidateAll(List.of("b", "c", "b", "nobody wrote this"));
            cache.invalidateAll(Set.of());
            assertThat(cache.getAllPresent(List.of("a", "b", "c", "d"))).containsExactly(Map.entry("d", "4"));
            source.with("a", "row");
            assertThat(cache.get("a")).isEqualTo("row");
        }

        @Test
        void aTagIsInvalidatedWithAllThatHasIt() {
            Cache<String, String> cache = cache();
            cache.put("a", "1", EntryOptions.tags("red"));
            cache.put("b", "2", EntryOptions.tags("red", "blue"));
            cache.put("c", "3", EntryOptions.tags("blue"));
            cache.put("d", "4");
            cache.invalidateTag("nothing has this");
            assertThat(cache.getAllPresent(List.of("a", "b", "c", "d"))).hasSize(4);
            cache.invalidateTag("red");
            assertThat(cache.getAllPresent(List.of("a", "b", "c", "d"))).containsOnlyKeys("c", "d");
            cache.put("a", "again", EntryOptions.tags("red"));
            assertThat(cache.getIfPresent("a")).isEqualTo("again");
            cache.invalidateTag("red");
            assertThat(cache.getIfPresent("a")).isNull();
        }

        @Test
        void aClearedCacheIsEmptyAndTakesNewValues() {
            source.with("loaded", "row");
            Cache<String, String> cache = cache();
            cache.put("a", "1");
            cache.put("b", "2", EntryOptions.tags("red"));
            cache.get("loaded");
            cache.clear();
            assertThat(cache.getAllPresent(List.of("a", "b", "loaded"))).isEmpty();
            cache.put("a", "after");
            assertThat(cache.getIfPresent("a")).isEqualTo("after");
            assertThat(cache.get("loaded")).isEqualTo("row");
        }

        @Test
        void changesAreAppliedTogetherAndOnce() {
            Cache<String, String> cache = cache();
            cache.put("a", "1");
            cache.put("b", "2", EntryOptions.tags("red"));
            cache.put("c", "3");
            try (Changes<String, String> changes = cache.changes()) {
                changes.put("a", "changed")
                        .put("d", "dropped")
                        .invalidate("d")
                        .invalidateTag("red")
                        .put("e", "tagged", EntryOptions.tags("red"))
                        .invalidate("c");
                assertThat(cache.getAllPresent(List.of("a", "b", "c"))).hasSize(3);
                changes.apply();
                assertThatIllegalStateException().isThrownBy(changes::apply).withMessageContaining("applied or closed");
            }
            assertThat(cache.getAllPresent(List.of("a", "b", "c", "d", "e")))
                    .isEqualTo(Map.of("a", "changed", "e", "tagged"));
        }

        @Test
        void changesThatAreNotAppliedAreDropped() {
            Cache<String, String> cache = cache();
            cache.put("a", "1");
            try (Changes<String, String> changes = cache.changes()) {
                changes.clear().put("b", "2");
            }
            assertThat(cache.getAllPresent(List.of("a", "b"))).isEqualTo(Map.of("a", "1"));
            try (Changes<String, String> changes = cache.changes()) {
                changes.invalidate("b").clear().put("c", "3");
                changes.apply();
            }
            assertThat(cache.getAllPresent(List.of("a", "c"))).isEqualTo(Map.of("c", "3"));
        }
    }

    @Nested
    class Bulk {

        private final List<Set<String>> bulks = new CopyOnWriteArrayList<>();

        private Cache<String, String> bulk(UnaryOperator<CacheBuilder<String, String>> settings) {
            return with(this::load, settings);
        }

        private Cache<String, String> with(
                BulkLoader<String, String> loader, UnaryOperator<CacheBuilder<String, String>> settings) {
            bulkSource = loader;
            return cache(builder -> settings.apply(builder.bulkLoader(loader)));
        }

        private Map<String, String> load(Set<String> keys) {
            bulks.add(Set.copyOf(keys));
            assertThatThrownBy(keys::clear).isInstanceOf(UnsupportedOperationException.class);
            Map<String, String> found = new HashMap<>();
            keys.forEach(key -> found.put(key, source.rows.get(key)));
            return found;
        }

        @Test
        void valuesComeInTheOrderOfTheKeysEachOnce() {
            Cache<String, String> cache = bulk(builder -> builder);
            source.with("a", "1", "b", "2", "c", "3");
            cache.put("b", "put");
            assertThat(cache.getAll(List.of("c", "b", "nowhere", "a", "c", "b")))
                    .containsExactly(Map.entry("c", "3"), Map.entry("b", "put"), Map.entry("a", "1"));
            assertThat(bulks).containsExactly(Set.of("c", "nowhere", "a"));
            assertThat(source.asked).isEmpty();
            assertThat(cache.getAllPresent(List.of("b", "nowhere", "a", "b")))
                    .containsExactly(Map.entry("b", "put"), Map.entry("a", "1"));
        }

        @Test
        void theResultCannotBeChanged() {
            Cache<String, String> cache = bulk(builder -> builder);
            source.with("a", "1");
            assertThatThrownBy(() -> cache.getAll(List.of("a")).clear())
                    .isInstanceOf(UnsupportedOperationException.class);
            assertThatThrownBy(() -> cache.getAllPresent(List.of("a")).clear())
                    .isInstanceOf(UnsupportedOperationException.class);
        }

        @Test
        void keysAreAskedForOnce() {
            Cache<String, String> cache = bulk(builder -> builder);
            source.with("a", "1", "b", "2");
            ArrayDeque<String> left = new ArrayDeque<>(List.of("a", "b"));
            assertThat(cache.getAll(() -> {
                        assertThat(left).as("a second look").hasSize(2);
                        return new ArrayList<>(drained(left)).iterator();
                    }))
                    .hasSize(2);
        }

        private List<String> drained(ArrayDeque<String> queue) {
            List<String> all = new ArrayList<>(queue);
            queue.clear();
            return all;
        }

        @Test
        void whatIsThereIsNotLoadedAndNoKeysAreNoLoad() {
            Cache<String, String> cache = bulk(builder -> builder);
            source.with("a", "1", "b", "2");
            cache.getAll(List.of("a", "b"));
            assertThat(cache.getAll(List.of("b", "a"))).hasSize(2);
            assertThat(cache.getAll(List.of())).isEmpty();
            assertThat(cache.getAllPresent(List.of())).isEmpty();
            assertThat(bulks).hasSize(1);
        }

        @Test
        void whatTheBulkLoaderLeavesOutOrMapsToNullHasNoValue() {
            Cache<String, String> cache = with(
                    keys -> {
                        bulks.add(Set.copyOf(keys));
                        Map<String, String> found = new HashMap<>();
                        found.put("a", "1");
                        found.put("null", null);
                        found.put("nobody asked for this", "extra");
                        return found;
                    },
                    builder -> builder);
            assertThat(cache.getAll(List.of("a", "null", "left out"))).containsExactly(Map.entry("a", "1"));
            assertThat(cache.getAllPresent(List.of("null", "left out", "nobody asked for this")))
                    .isEmpty();
            cache.getAll(List.of("a", "null", "left out"));
            assertThat(bulks).containsExactly(Set.of("a", "null", "left out"), Set.of("null", "left out"));
        }

        @Test
        void whatTheBulkLoaderDoesNotFindIsCachedWhereThatIsAskedFor() {
            Cache<String, String> cache = bulk(builder -> builder.negativeFor(LONG));
            assertThat(cache.getAll(List.of("a", "b"))).isEmpty();
            assertThat(cache.getAll(List.of("a", "b"))).isEmpty();
            assertThat(cache.lookup("a").isPresent()).isTrue();
            assertThat(bulks).hasSize(1);
        }

        @Test
        void aBulkLoaderThatReturnsNullOrFailsFailsTheWholeRead() {
            Cache<String, String> cache = cache();
            cache.put("a", "1");
            assertThatIllegalStateException()
                    .isThrownBy(() -> cache.getAll(List.of("a", "b", "c"), keys -> null))
                    .withMessageContaining("the bulk loader returned null");
            IllegalArgumentException failure = new IllegalArgumentException("too many");
            assertThatThrownBy(() -> cache.getAll(List.of("a", "b", "c"), keys -> {
                        throw failure;
                    }))
                    .isSameAs(failure);
            assertThatExceptionOfType(LoadFailedException.class)
                    .isThrownBy(() -> cache.getAll(List.of("a", "b", "c"), keys -> {
                        throw new IOException("down");
                    }))
                    .withCauseInstanceOf(IOException.class);
            assertThat(cache.getAllPresent(List.of("a", "b", "c"))).containsExactly(Map.entry("a", "1"));
        }

        @Test
        void aBulkLoaderOfTheCallIsUsedInsteadOfTheCaches() {
            Cache<String, String> cache = bulk(builder -> builder);
            assertThat(cache.getAll(List.of("a"), keys -> Map.of("a", "given")))
                    .containsExactly(Map.entry("a", "given"));
            assertThat(cache.get("a")).isEqualTo("given");
            assertThat(bulks).isEmpty();
            assertThat(source.asked).isEmpty();
        }

        @Test
        void withoutABulkLoaderEachKeyIsLoadedByItself() {
            Cache<String, String> cache = cache();
            source.with("a", "1", "b", "2");
            assertThat(cache.getAll(List.of("b", "nowhere", "a")))
                    .containsExactly(Map.entry("b", "2"), Map.entry("a", "1"));
            assertThat(source.asked).containsExactlyInAnyOrder("a", "b", "nowhere");
        }

        @Test
        void staleValuesAreServedAndRevalidatedTogether() {
            Cache<String, String> cache = bulk(builder -> builder.staleFor(LONG));
            source.with("a", "1", "b", "2");
            cache.getAll(List.of("a", "b"));
            cache.expire("a");
            cache.expire("b");
            source.with("a", "new 1", "b", "new 2");
            assertThat(cache.getAll(List.of("a", "b"))).containsExactly(Map.entry("a", "1"), Map.entry("b", "2"));
            eventually(cache, "a", "new 1");
            eventually(cache, "b", "new 2");
            assertThat(bulks).containsExactly(Set.of("a", "b"), Set.of("a", "b"));
        }

        @Test
        void aNullAmongManyIsRefusedAndNothingHappens() {
            Cache<String, String> cache = bulk(builder -> builder);
            cache.put("a", "1");
            List<String> keys = Arrays.asList("a", null);
            assertThatNullPointerException()
                    .isThrownBy(() -> cache.getAll(keys))
                    .withMessage("key");
            assertThatNullPointerException()
                    .isThrownBy(() -> cache.getAll(keys, this::load))
                    .withMessage("key");
            assertThatNullPointerException()
                    .isThrownBy(() -> cache.getAllPresent(keys))
                    .withMessage("key");
            assertThatNullPointerException()
                    .isThrownBy(() -> cache.invalidateAll(keys))
                    .withMessage("key");
            assertThatNullPointerException()
                    .isThrownBy(() -> cache.putAll(Collections.singletonMap(null, "x")))
                    .withMessage("key");
            Map<String, String> values = new LinkedHashMap<>();
            values.put("a", "changed");
            values.put("b", null);
            assertThatNullPointerException()
                    .isThrownBy(() -> cache.putAll(values))
                    .withMessage("value");
            assertThat(cache.getAllPresent(List.of("a", "b"))).containsExactly(Map.entry("a", "1"));
            assertThat(bulks).isEmpty();
        }
    }

    @Nested
    class Refusing {

        @Test
        @SuppressWarnings("NullArgumentForNonNullParameter")
        void aNullIsRefusedByItsName() {
            Cache<String, String> cache = cache();
            EntryOptions options = EntryOptions.DEFAULT;
            Loader<String, String> loader = key -> "loaded";
            Changes<String, String> changes = cache.changes();
            Map<String, List<Runnable>> calls = Map.of(
                    "key",
                    List.of(
                            () -> cache.getIfPresent(null),
                            () -> cache.get(null),
                            () -> cache.get(null, loader),
                            () -> cache.get(null, loader, options),
                            () -> cache.refresh(null, loader),
                            () -> cache.lookup(null),
                            () -> cache.put(null, "x"),
                            () -> cache.put(null, "x", options),
                            () -> cache.putIfAbsent(null, "x"),
                            () -> cache.putIfAbsent(null, "x", options),
                            () -> cache.invalidate(null),
                            () -> cache.expire(null),
                            () -> cache.refresh(null),
                            () -> changes.put(null, "x"),
                            () -> changes.put(null, "x", options),
                            () -> changes.invalidate(null)),
                    "keys",
                    List.of(
                            () -> cache.getAll(null),
                            () -> cache.getAll(null, keys -> Map.of()),
                            () -> cache.getAll(null, keys -> Map.of(), options),
                            () -> cache.getAllPresent(null),
                            () -> cache.invalidateAll(null)),
                    "value",
                    List.of(
                            () -> cache.put("a", null),
                            () -> cache.put("a", null, options),
                            () -> cache.putIfAbsent("a", null),
                            () -> cache.putIfAbsent("a", null, options),
                            () -> changes.put("a", null)),
                    "values",
                    List.of(() -> cache.putAll(null)),
                    "options",
                    List.of(
                            () -> cache.get("a", loader, null),
                            () -> cache.getAll(List.of("a"), keys -> Map.of(), null),
                            () -> cache.put("a", "x", null),
                            () -> cache.putIfAbsent("a", "x", null),
                            () -> changes.put("a", "x", null)),
                    "loader",
                    List.of(
                            () -> cache.get("a", null),
                            () -> cache.get("a", null, options),
                            () -> cache.getAll(List.of("a"), null),
                            () -> cache.getAll(List.of("a"), null, options),
                            () -> cache.refresh("a", null)),
                    "tag",
                    List.of(() -> cache.invalidateTag(null), () -> changes.invalidateTag(null)));
            calls.forEach((name, refused) -> {
                for (int i = 0; i < refused.size(); i++) {
                    assertThatNullPointerException()
                            .as("call %d without its %s", i, name)
                            .isThrownBy(refused.get(i)::run)
                            .withMessage(name);
                }
            });
            assertThat(cache.getIfPresent("a")).isNull();
        }

        @Test
        void aTagThatIsNoneIsRefused() {
            Cache<String, String> cache = cache();
            for (String tag : List.of("", "*", "x".repeat(201), "half \uD83C")) {
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> cache.invalidateTag(tag))
                        .withMessageStartingWith("tag: ");
            }
        }

        @Test
        void aLoaderThatAsksForItsOwnKeyIsToldSo() {
            Cache<String, String> cache = cache();
            String complaint = "cache \"" + cache.name() + "\": a loader asked";
            assertThatExceptionOfType(RecursiveLoadException.class)
                    .isThrownBy(() -> cache.get("a", cache::get))
                    .withMessageContaining(complaint);
            assertThatExceptionOfType(RecursiveLoadException.class)
                    .isThrownBy(() -> cache.get("a", cache::refresh))
                    .withMessageContaining(complaint);
            assertThatExceptionOfType(RecursiveLoadException.class)
                    .isThrownBy(() -> cache.get(
                            "a", key -> cache.getAll(List.of("b", key)).get(key)))
                    .withMessageContaining(complaint);
            assertThatExceptionOfType(RecursiveLoadException.class)
                    .isThrownBy(() -> cache.getAll(List.of("a", "b"), keys -> Map.of("a", cache.get("b"))))
                    .withMessageContaining(complaint);
        }

        @Test
        void whatALoaderMayAskForIsAnswered() {
            source.with("b", "row");
            // A loader that waits for a future takes a second thread; one that blocks does not.
            Cache<String, String> cache =
                    cache(builder -> view == View.BLOCKING ? builder.maxConcurrentLoads(1) : builder);
            assertThat(cache.get("a", key -> "outer of " + cache.get("b"))).isEqualTo("outer of row");
            assertThat(cache.get("c", key -> "present is " + cache.getIfPresent(key)))
                    .isEqualTo("present is null");
            assertThat(cache.get("d", key -> "outer of " + cache.getAll(List.of("b", "e"))))
                    .isEqualTo("outer of {b=row}");
        }
    }

    @Nested
    class Counting {

        @Test
        void whatHappensIsCounted() {
            source.with("a", "row");
            Cache<String, String> cache = cache();
            cache.get("a");
            cache.get("a");
            cache.put("b", "put");
            assertThat(cache.putIfAbsent("c", "put")).isTrue();
            assertThat(cache.putIfAbsent("c", "put")).isFalse();
            cache.invalidateAll(List.of("b", "c"));
            cache.clear();
            source.failure = new IllegalStateException("no connection");
            assertThatThrownBy(() -> cache.get("a")).isSameAs(source.failure);
            CacheStats stats = cache.stats();
            assertThat(stats.loads().successes()).isEqualTo(1);
            assertThat(stats.loads().failures()).isEqualTo(1);
            assertThat(stats.loads().running()).isZero();
            assertThat(stats.far().puts()).isEqualTo(2);
            assertThat(stats.far().invalidations()).isEqualTo(3);
            // What this node has just stored may have to be compared.
            assertThat(stats.near().hits() + stats.near().validations()).isEqualTo(hasNear(cache) ? 1 : 0);
            assertThat(stats.failures()).isEmpty();
        }
    }

    @Nested
    class Closing {

        @Test
        void everyOperationOfAClosedCacheSaysSo() {
            Cache<String, String> cache = cache(builder -> builder.bulkLoader(keys -> Map.of()));
            cache.put("a", "1");
            Changes<String, String> changes = cache.changes();
            changes.put("a", "late");
            cache.close();
            List<Runnable> calls = List.of(
                    () -> cache.getIfPresent("a"),
                    () -> cache.get("a"),
                    () -> cache.get("a", key -> "x"),
                    () -> cache.get("a", key -> "x", EntryOptions.DEFAULT),
                    () -> cache.getAll(List.of("a"), keys -> Map.of(), EntryOptions.DEFAULT),
                    () -> cache.refresh("a", key -> "x"),
                    () -> cache.getAll(List.of("a")),
                    () -> cache.getAll(List.of()),
                    () -> cache.getAll(List.of("a"), keys -> Map.of()),
                    () -> cache.getAllPresent(List.of("a")),
                    () -> cache.getAllPresent(List.of()),
                    () -> cache.lookup("a"),
                    () -> cache.put("a", "x"),
                    () -> cache.put("a", "x", EntryOptions.DEFAULT),
                    () -> cache.putAll(Map.of("a", "x")),
                    () -> cache.putAll(Map.of()),
                    () -> cache.putIfAbsent("a", "x"),
                    () -> cache.putIfAbsent("a", "x", EntryOptions.DEFAULT),
                    () -> cache.invalidate("a"),
                    () -> cache.invalidateAll(List.of("a")),
                    () -> cache.invalidateAll(List.of()),
                    () -> cache.invalidateTag("red"),
                    () -> cache.expire("a"),
                    () -> cache.refresh("a"),
                    cache::clear,
                    changes::apply);
            for (int i = 0; i < calls.size(); i++) {
                assertThatExceptionOfType(CacheClosedException.class)
                        .as("call %d", i)
                        .isThrownBy(calls.get(i)::run)
                        .withMessageContaining("cache \"" + cache.name() + "\" is closed");
            }
        }

        @Test
        void aClosedCacheCanBeClosedAgainAndTellsItsCounts() {
            Cache<String, String> cache = cache();
            cache.put("a", "1");
            cache.close();
            cache.close();
            assertThat(cache.stats().far().puts()).isEqualTo(1);
            assertThat(cache.stats().near().size()).isZero();
            assertThat(cache.name()).startsWith("contract-");
        }

        @Test
        void whoWaitsForALoadIsReleased() {
            Cache<String, String> cache = cache();
            source.holding = true;
            CompletableFuture<String> waiting = OwnThread.supply(() -> cache.get("a"));
            Eventually.holds("the load runs", () -> !source.asked.isEmpty());
            cache.close();
            assertThatThrownBy(() -> waiting.get(30, TimeUnit.SECONDS))
                    .hasRootCauseInstanceOf(CacheClosedException.class);
        }
    }

    @Nested
    class Histories {

        @Test
        void everyHistoryIsThatOfAMapWhoseEntriesAge() {
            long first = Long.getLong("history.seed", 1);
            int seeds = Integer.getInteger("history.seeds", movesTime() ? 10 : 2);
            for (long seed = first; seed < first + seeds; seed++) {
                CacheHistory history =
                        new CacheHistory(seed, CacheContract.this::advance, movesTime(), !bringsItsLoader());
                plainSource = history;
                bulkSource = history.bulkLoader();
                history.run(bare(history::settings), 400);
            }
        }
    }
}
