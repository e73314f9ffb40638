package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrace.cache.codec.Codec;
import dev.terrace.cache.codec.CodecException;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.spi.FarTier;
import dev.terrace.cache.testkit.InMemoryFarTier;
import dev.terrace.cache.testkit.InMemoryServer;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is refused, and that the message names what is at fault. What operations refuse is in {@link CacheContract}. */
final class BadInputTest {

    private final ManualTime time = new ManualTime();
    private final InMemoryServer server =
            new InMemoryServer(() -> 1_700_000_000_000_000L + TimeUnit.NANOSECONDS.toMicros(time.nanos()));
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each = opened.poll(); each != null; each = opened.poll()) {
            each.close();
        }
    }

    private <T extends AutoCloseable> T closedLater(T closeable) {
        opened.push(closeable);
        return closeable;
    }

    private FarTier tier() {
        return closedLater(new InMemoryFarTier(server, time::nanos));
    }

    private <K, V> CacheBuilder<K, V> inManualTime(CacheBuilder<K, V> builder) {
        builder.parts().ticker = time;
        builder.parts().scheduler = time;
        builder.freshFor(Duration.ofMinutes(10))
                .farBudget(Duration.ofSeconds(10))
                .whenFarFails(WhenFarFails.THROW);
        // Some have no far tier.
        builder.inherited();
        return builder;
    }

    private Cache<String, String> far(Codec<String> codec, UnaryOperator<CacheBuilder<String, String>> settings) {
        return closedLater(settings.apply(
                        inManualTime(Cache.<String, String>builder("bad")).far(tier(), codec))
                .build());
    }

    @Nested
    class Settings {

        private static final Set<String> MAY_BE_ZERO = Set.of("serveWhileCutOff", "softDeadline");

        static Stream<Method> settings() {
            return Arrays.stream(CacheBuilder.class.getDeclaredMethods())
                    .filter(method -> Modifier.isPublic(method.getModifiers()) && method.getParameterCount() == 1);
        }

        static Stream<Method> settings(Class<?> type) {
            return settings().filter(method -> method.getParameterTypes()[0] == type);
        }

        static Stream<Method> objects() {
            return settings().filter(method -> !method.getParameterTypes()[0].isPrimitive());
        }

        static Stream<Method> durations() {
            return settings(Duration.class);
        }

        static Stream<Method> numbers() {
            return settings(int.class);
        }

        private Throwable refused(Method setting, @Nullable Object value) throws IllegalAccessException {
            try {
                setting.invoke(Cache.<String, String>builder("bad"), value);
                return new AssertionError(setting.getName() + " took " + value);
            } catch (InvocationTargetException e) {
                return e.getCause();
            }
        }

        @ParameterizedTest
        @MethodSource("objects")
        void aNullIsRefusedByTheNameOfItsSetting(Method setting) throws IllegalAccessException {
            assertThat(refused(setting, null))
                    .isInstanceOf(NullPointerException.class)
                    .hasMessage(setting.getName());
        }

        @ParameterizedTest
        @MethodSource("durations")
        void aTimeThatIsNoneIsRefusedByTheNameOfItsSetting(Method setting) throws IllegalAccessException {
            assertThat(refused(setting, Duration.ofMillis(-1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith(setting.getName() + ": must")
                    .hasMessageEndingWith("not PT-0.001S");
            if (!MAY_BE_ZERO.contains(setting.getName())) {
                assertThat(refused(setting, Duration.ZERO))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage(setting.getName() + ": must be positive, not PT0S");
            }
        }

        @ParameterizedTest
        @MethodSource("numbers")
        void aNumberThatIsNoneIsRefusedByTheNameOfItsSetting(Method setting) throws IllegalAccessException {
            for (int number : new int[] {0, -1, Integer.MIN_VALUE}) {
                assertThat(refused(setting, number))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage(setting.getName() + ": must be positive, not " + number);
            }
        }

        @ParameterizedTest
        @ValueSource(doubles = {-0.1, 1, Double.NaN, Double.POSITIVE_INFINITY})
        void aShareThatIsNoneIsRefused(double share) {
            CacheBuilder<String, String> builder = Cache.builder("bad");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> builder.jitter(share))
                    .withMessageStartingWith("jitter: must be");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> EarlyRefresh.threshold(share))
                    .withMessageStartingWith("earlyRefresh: the threshold must be");
        }

        @ParameterizedTest
        @ValueSource(doubles = {0, -1, 101, Double.NaN})
        void aFactorThatIsNoneIsRefused(double beta) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> EarlyRefresh.xfetch(beta))
                    .withMessageStartingWith("earlyRefresh: β must be");
        }

        @Test
        void aFarTierNeedsACodec() {
            assertThatNullPointerException()
                    .isThrownBy(() -> Cache.<String, String>builder("bad").far(tier(), null))
                    .withMessage("codec: a far tier needs one");
            assertThatNullPointerException()
                    .isThrownBy(() -> Cache.<String, String>builder("bad").far(null, StringCodec.utf8()))
                    .withMessage("far");
        }

        @ParameterizedTest
        @ValueSource(strings = {"", "with space", "a/b", "{a}", "ä", "new\nline"})
        void aNameThatIsNoneIsRefused(String name) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Cache.builder(name))
                    .withMessageStartingWith("name: must be");
        }

        @Test
        void aNameIsNeededAndMayBeAHundredCharactersLong() {
            assertThatNullPointerException()
                    .isThrownBy(() -> Cache.builder(null))
                    .withMessage("name");
            assertThat(Cache.builder("x".repeat(100))).isNotNull();
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Cache.builder("x".repeat(101)))
                    .withMessageStartingWith("name: must be");
        }

        private void notBuilt(UnaryOperator<CacheBuilder<String, String>> settings, String... named) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> settings.apply(Cache.builder("bad")).build())
                    .withMessageStartingWith("cache \"bad\": ")
                    .satisfies(e -> assertThat(e.getMessage()).contains(named));
        }

        @Test
        void settingsThatDoNotWorkTogetherAreRefused() {
            Duration long1 = Duration.ofMinutes(1);
            UnaryOperator<CacheBuilder<String, String>> near =
                    builder -> builder.near(Near.maximumSize(10)).freshFor(long1);
            notBuilt(builder -> builder.freshFor(long1), "no tier", "near(…)", "far(…)");
            notBuilt(builder -> builder.near(Near.maximumSize(10)), "freshFor");
            notBuilt(builder -> near.apply(builder).staleFor(long1), "staleFor", "loader(…)");
            notBuilt(builder -> near.apply(builder).bulkLoader(keys -> Map.of()), "bulkLoader", "loader(…)");
            notBuilt(builder -> near.apply(builder).earlyRefresh(EarlyRefresh.xfetch()), "earlyRefresh", "loader");
            notBuilt(builder -> near.apply(builder).keyCodec(key -> key), "keyCodec", "far(…)");
            notBuilt(
                    builder -> builder.far(tier(), StringCodec.utf8())
                            .freshFor(long1)
                            .copyOnRead(value -> value),
                    "copyOnRead",
                    "near(…)");
            notBuilt(
                    builder -> near.apply(builder)
                            .loader((String key) -> key)
                            .staleFor(long1)
                            .softDeadline(long1)
                            .loadDeadline(Duration.ofSeconds(1)),
                    "softDeadline",
                    "loadDeadline");
            notBuilt(
                    builder -> near.apply(builder).loader((String key) -> key).softDeadline(Duration.ofSeconds(1)),
                    "softDeadline",
                    "staleFor(…)");
        }

        @Test
        void aBuilderBuildsOnce() {
            CacheBuilder<String, String> builder = Cache.<String, String>builder("bad")
                    .near(Near.maximumSize(10))
                    .freshFor(Duration.ofMinutes(1));
            closedLater(builder.build());
            assertThatIllegalStateException().isThrownBy(builder::build).withMessageContaining("has built its cache");
        }

        @Test
        void aBoundThatIsNoneIsRefused() {
            for (long bound : new long[] {0, -1}) {
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> Near.maximumSize(bound))
                        .withMessage("near: the maximum must be positive, not " + bound);
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> Near.maximumWeight(bound, (key, value) -> 1))
                        .withMessage("near: the maximum must be positive, not " + bound);
            }
            assertThatNullPointerException()
                    .isThrownBy(() -> Near.maximumWeight(1, null))
                    .withMessage("weigher");
        }

        @Test
        void aWeightThatIsNoneIsSaidToTheWriter() {
            Cache<String, String> cache = closedLater(Cache.<String, String>builder("bad")
                    .near(Near.<String, String>maximumWeight(10, (key, value) -> -1))
                    .freshFor(Duration.ofMinutes(1))
                    .build());
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> cache.put("a", "x"))
                    .withMessage("near: the weigher gave -1, which is no weight");
        }

        @Test
        void optionsOfAnEntryAreRefusedByTheirNames() {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> EntryOptions.freshFor(Duration.ZERO))
                    .withMessage("freshFor: must be positive, not PT0S");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> EntryOptions.DEFAULT.withStaleFor(Duration.ofSeconds(-1)))
                    .withMessage("staleFor: must not be negative, not PT-1S");
            assertThatNullPointerException()
                    .isThrownBy(() -> EntryOptions.freshFor(null))
                    .withMessage("freshFor");
            assertThatNullPointerException()
                    .isThrownBy(() -> EntryOptions.DEFAULT.withStaleFor(null))
                    .withMessage("staleFor");
            assertThatNullPointerException()
                    .isThrownBy(() -> EntryOptions.tags((String[]) null))
                    .withMessage("tags");
            assertThatNullPointerException()
                    .isThrownBy(() -> EntryOptions.tags("red", null))
                    .withMessage("tag");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> EntryOptions.tags("red", ""))
                    .withMessageStartingWith("tag: ");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> EntryOptions.tags("x".repeat(201)))
                    .withMessageStartingWith("tag: ");
        }

        @Test
        void aContextRefusesTheSame() {
            Cache<String, String> cache = closedLater(inManualTime(Cache.<String, String>builder("bad"))
                    .near(Near.maximumSize(10))
                    .loader((key, context) -> {
                        switch (key) {
                            case "state: at most" -> context.state("x".repeat(1_001));
                            case "state: has half" -> context.state("\uD83C");
                            case "state" -> context.state(null);
                            case "tag: must" -> context.tags("*");
                            case "freshFor: must" -> context.freshFor(Duration.ZERO);
                            default -> context.staleFor(Duration.ofSeconds(-1));
                        }
                        return "x";
                    })
                    .build());
            for (String start :
                    List.of("state: at most", "state: has half", "state", "tag: must", "freshFor: must", "staleFor")) {
                assertThatThrownBy(() -> cache.get(start)).hasMessageStartingWith(start);
                assertThat(cache.getIfPresent(start)).isNull();
            }
        }
    }

    @Nested
    class Names {

        @Test
        void twoCachesOfOneNameOnOneFarTierAreRefused() {
            FarTier tier = tier();
            Cache<String, String> first = closedLater(inManualTime(Cache.<String, String>builder("twice"))
                    .far(tier, StringCodec.utf8())
                    .build());
            CacheBuilder<String, String> second =
                    inManualTime(Cache.<String, String>builder("twice")).far(tier, StringCodec.utf8());
            assertThatIllegalStateException().isThrownBy(second::build).withMessageContaining("twice");
            first.close();
            closedLater(second.build());
        }

        @Test
        void twoOfOneNameInARegistryAreRefused() {
            Caches caches = closedLater(Caches.builder()
                    .defaults(b -> b.freshFor(Duration.ofMinutes(1)))
                    .build());
            Cache<String, String> first = caches.<String, String>cache("twice")
                    .near(Near.maximumSize(10))
                    .build();
            assertThatIllegalStateException()
                    .isThrownBy(() -> caches.<String, String>cache("twice")
                            .near(Near.maximumSize(10))
                            .build())
                    .withMessage("cache \"twice\": the registry has a cache of this name");
            first.put("a", "still open");
            assertThat(caches.<String, String>find("twice")).contains(first);
        }

        @Test
        void aClosedCacheIsNotInItsRegistryAndItsNameIsFree() {
            Caches caches = closedLater(Caches.builder()
                    .defaults(b -> b.freshFor(Duration.ofMinutes(1)))
                    .build());
            Cache<String, String> first = caches.<String, String>cache("again")
                    .near(Near.maximumSize(10))
                    .build();
            first.close();
            assertThat(caches.find("again")).isEmpty();
            assertThat(caches.names()).isEmpty();

            Cache<String, String> second = caches.<String, String>cache("again")
                    .near(Near.maximumSize(10))
                    .build();
            first.close();
            assertThat(caches.<String, String>find("again")).contains(second);
        }

        @Test
        void whatMeansNothingWithoutAFarTierIsRefusedByName() {
            assertThatIllegalStateException()
                    .isThrownBy(() -> Cache.<String, String>builder("near")
                            .near(Near.maximumSize(10))
                            .freshFor(Duration.ofMinutes(1))
                            .maxStaleness(Duration.ofSeconds(1))
                            .leaseWait(Duration.ofSeconds(1))
                            .build())
                    .withMessage(
                            "cache \"near\": maxStaleness, leaseWait: mean nothing without a far tier: set far(…)");
        }

        @Test
        void whatARegistrySetsForAllIsNotRefusedByACacheForWhichItMeansNothing() {
            Caches caches = closedLater(Caches.builder()
                    .defaults(b -> b.freshFor(Duration.ofMinutes(1)).maxStaleness(Duration.ofSeconds(1)))
                    .build());
            caches.<String, String>cache("near").near(Near.maximumSize(10)).build();
            CacheBuilder<String, String> itself = caches.<String, String>cache("itself")
                    .near(Near.maximumSize(10))
                    .farBudget(Duration.ofSeconds(1));
            assertThatIllegalStateException().isThrownBy(itself::build).withMessageContaining("farBudget: mean");
        }

        @Test
        void aRegistrySaysWhatIsMissing() {
            Caches caches = Caches.builder().build();
            assertThatIllegalStateException()
                    .isThrownBy(() -> caches.<String, String>cache("far", StringCodec.utf8()))
                    .withMessage("cache \"far\": this registry has no far tier: set far(…) on Caches.builder()");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> caches.switches("nobody"))
                    .withMessageContaining("no cache \"nobody\"");
            caches.close();
            assertThatIllegalStateException()
                    .isThrownBy(() -> caches.<String, String>cache("late")
                            .near(Near.maximumSize(10))
                            .freshFor(Duration.ofMinutes(1))
                            .build())
                    .withMessage("the registry of cache \"late\" is closed");
            assertThatNullPointerException()
                    .isThrownBy(() -> Caches.builder().far(null))
                    .withMessage("far");
            assertThatNullPointerException()
                    .isThrownBy(() -> Caches.builder().listener(null))
                    .withMessage("listener");
            assertThatNullPointerException()
                    .isThrownBy(() -> Caches.builder().defaults(null))
                    .withMessage("defaults");
        }
    }

    @Nested
    class Keys {

        private Cache<Object, String> cache() {
            return closedLater(inManualTime(Cache.<Object, String>builder("bad"))
                    .near(Near.maximumSize(10))
                    .far(tier(), StringCodec.utf8())
                    .loader((Object key) -> "row")
                    .build());
        }

        private record Point(List<String> coordinates) {}

        @Test
        void aKeyThatHasNoTextIsRefusedNamingItsClass() {
            Cache<Object, String> cache = cache();
            for (Object key : List.of(new Object(), List.of("a"), new Point(List.of()))) {
                List<Runnable> calls = List.of(
                        () -> cache.get(key),
                        () -> cache.getIfPresent(key),
                        () -> cache.getAll(List.of("a", key)),
                        () -> cache.put(key, "x"),
                        () -> cache.putIfAbsent(key, "x"),
                        () -> cache.invalidate(key),
                        () -> cache.expire(key),
                        () -> cache.refresh(key));
                for (Runnable call : calls) {
                    assertThatIllegalArgumentException().isThrownBy(call::run).withMessageContaining("keyCodec");
                }
            }
            // What failed has left nothing behind.
            assertThat(cache.get("a")).isEqualTo("row");
        }

        @Test
        void aKeyOfAnotherClassIsRefusedNamingBoth() {
            Cache<Object, String> cache = cache();
            cache.put(1, "x");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> cache.get("1"))
                    .withMessageContaining("java.lang.Integer")
                    .withMessageContaining("java.lang.String")
                    .withMessageContaining("keyCodec");
        }

        @Test
        void aKeyCodecThatGivesNothingIsSaid() {
            Cache<String, String> cache = closedLater(inManualTime(Cache.<String, String>builder("bad"))
                    .far(tier(), StringCodec.utf8())
                    .keyCodec(key -> null)
                    .build());
            assertThatNullPointerException()
                    .isThrownBy(() -> cache.put("a", "x"))
                    .withMessageContaining("keyCodec");
        }
    }

    @Nested
    class Values {

        @Test
        void aValueOverTheLimitIsSaidToItsWriterAndReplacesTheOldOne() {
            Cache<String, String> cache = far(StringCodec.utf8(), builder -> builder.maxValueBytes(10));
            cache.put("a", "short");
            assertThatExceptionOfType(UncacheableValueException.class)
                    .isThrownBy(() -> cache.put("a", "longer than ten bytes"))
                    .withMessageContaining("maxValueBytes");
            assertThat(cache.getIfPresent("a")).isNull();
            cache.put("b", "short");
            assertThatExceptionOfType(UncacheableValueException.class)
                    .isThrownBy(() -> cache.putAll(Map.of("b", "longer than ten bytes", "c", "short")))
                    .withMessageContaining("maxValueBytes");
            assertThat(cache.getAllPresent(List.of("b", "c"))).isEqualTo(Map.of("c", "short"));
        }

        @Test
        void aLoadedValueOverTheLimitIsGivenToItsCallerAndCounted() {
            Cache<String, String> cache = far(
                    StringCodec.utf8(),
                    builder -> builder.maxValueBytes(10).loader((String key) -> "longer than ten bytes"));
            assertThat(cache.get("a")).isEqualTo("longer than ten bytes");
            Eventually.holds("it is counted", () -> cache.stats().failures().containsKey(FailureKind.ENCODE));
            assertThat(stored(cache).getIfPresent("a")).isNull();
            // No lease is left behind.
            assertThat(cache.get("a")).isEqualTo("longer than ten bytes");
        }

        @Test
        void aValueThatCannotBeEncodedIsSaidToItsWriter() {
            Cache<String, String> cache = far(
                    coding("bad", value -> {
                        throw new CodecException("no such letter");
                    }),
                    builder -> builder);
            assertThatExceptionOfType(UncacheableValueException.class)
                    .isThrownBy(() -> cache.put("a", "x"))
                    .havingCause()
                    .withMessage("no such letter");
        }

        @Test
        void aCodecThatGivesNoBytesIsSaid() {
            Cache<String, String> cache = far(coding("bad", value -> null), builder -> builder);
            assertThatExceptionOfType(UncacheableValueException.class)
                    .isThrownBy(() -> cache.put("a", "x"))
                    .havingCause()
                    .withMessage("encode returned null");
        }
    }

    /** A codec of UTF-8 that encodes otherwise. */
    private static Codec<String> coding(String id, Function<String, byte @Nullable []> encoding) {
        return new Codec<>() {
            @Override
            public String id() {
                return id;
            }

            @Override
            @SuppressWarnings("NullAway")
            public byte[] encode(String value) {
                return encoding.apply(value);
            }

            @Override
            public String decode(ByteBuffer bytes) {
                return StringCodec.utf8().decode(bytes);
            }
        };
    }

    /** Once what was loaded is stored, which is after its callers have it. */
    private static <V> Cache<String, V> stored(Cache<String, V> cache) {
        Engine<String, V> engine = ((TieredCache<String, V>) cache).assembly().engine();
        Eventually.holds("loads are over", () -> engine.flights().size() == 0);
        return cache;
    }

    @Nested
    class Bytes {

        /** Every operation on bytes that are no record of this cache. */
        private void isAMiss(Cache<String, String> cache, String what, Runnable planted) {
            planted.run();
            assertThat(cache.getIfPresent("a")).as(what).isNull();
            assertThat(cache.lookup("a").isPresent()).as(what).isFalse();
            assertThat(cache.getAllPresent(List.of("a", "b"))).as(what).isEmpty();
            assertThat(cache.get("a")).as(what).isEqualTo("row");
            assertThat(stored(cache).getIfPresent("a")).as(what).isEqualTo("row");
            planted.run();
            assertThat(cache.putIfAbsent("a", "put")).as(what).isTrue();
            assertThat(cache.getIfPresent("a")).as(what).isEqualTo("put");
            planted.run();
            cache.expire("a");
            cache.invalidate("a");
            assertThat(cache.getIfPresent("a")).as(what).isNull();
            planted.run();
            cache.put("a", "put");
            assertThat(cache.getIfPresent("a")).as(what).isEqualTo("put");
        }

        private Cache<String, String> cache() {
            return far(StringCodec.utf8(), builder -> builder.loader((String key) -> "row"));
        }

        @Test
        void whatIsNoRecordIsAMissAndOverwritten() {
            Cache<String, String> cache = cache();
            Random random = new Random(7);
            for (int length : new int[] {0, 1, 3, 4, 60, 1_000}) {
                byte[] bytes = new byte[length];
                random.nextBytes(bytes);
                isAMiss(cache, length + " random bytes", () -> server.plant("bad", "a", bytes));
            }
            Eventually.holds("it is counted", () -> cache.stats().failures().containsKey(FailureKind.DECODE));
        }

        @Test
        void aRecordOfAnotherCodecOrSchemaIsAMissAndOverwritten() {
            Cache<String, String> cache = cache();
            for (Codec<String> other :
                    List.of(coding("another", value -> value.getBytes(StandardCharsets.UTF_8)), new OtherSchema())) {
                isAMiss(cache, "a record of " + other.id(), () -> {
                    Cache<String, String> elsewhere = inManualTime(Cache.<String, String>builder("bad"))
                            .far(tier(), other)
                            .build();
                    elsewhere.put("a", "of another version");
                    elsewhere.close();
                });
            }
            Eventually.holds("it is counted", () -> cache.stats().failures().containsKey(FailureKind.DECODE));
        }
    }

    /** The same codec after a change of the values' shape. */
    private static final class OtherSchema implements Codec<String> {
        @Override
        public String id() {
            return StringCodec.utf8().id();
        }

        @Override
        public long schema() {
            return 42;
        }

        @Override
        public byte[] encode(String value) {
            return StringCodec.utf8().encode(value);
        }

        @Override
        public String decode(ByteBuffer bytes) {
            return StringCodec.utf8().decode(bytes);
        }
    }

    @Nested
    class Loaders {

        @Test
        void aLoaderThatAsksForItsOwnKeyThroughAnotherCacheIsToldSo() {
            Cache<String, String> one = closedLater(inManualTime(Cache.<String, String>builder("one"))
                    .near(Near.maximumSize(10))
                    .build());
            Cache<String, String> other = closedLater(inManualTime(Cache.<String, String>builder("other"))
                    .near(Near.maximumSize(10))
                    .build());
            assertThatExceptionOfType(RecursiveLoadException.class)
                    .isThrownBy(() -> one.get("a", a -> other.get("b", b -> one.get("a", again -> "x"))))
                    .withMessageContaining("cache \"one\"");
            assertThat(one.get("a", key -> "x")).isEqualTo("x");
        }
    }
}
