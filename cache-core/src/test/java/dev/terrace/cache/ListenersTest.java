package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrace.cache.codec.Codec;
import dev.terrace.cache.codec.DeflateCodec;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.testkit.FaultyFarTier;
import dev.terrace.cache.testkit.InMemoryFarTier;
import dev.terrace.cache.testkit.InMemoryServer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Who is told of a cache, and what can be read of it then. */
final class ListenersTest {

    private final ManualTime time = new ManualTime();
    private final List<String> events = new CopyOnWriteArrayList<>();

    private CacheBuilder<Integer, String> timed(CacheBuilder<Integer, String> builder) {
        builder.near(Near.maximumSize(100)).freshFor(Duration.ofMinutes(1)).loader(key -> "v" + key);
        builder.parts().ticker = time;
        builder.parts().scheduler = time;
        return builder;
    }

    private CacheListener named(String name) {
        return new CacheListener() {
            @Override
            public void onOpen(Cache<?, ?> cache) {
                events.add(name + " opens " + cache.name());
            }

            @Override
            public void onClose(Cache<?, ?> cache) {
                events.add(name + " closes " + cache.name());
            }

            @Override
            public void onLoad(String cache, Duration took, @Nullable Throwable failure) {
                events.add(name + " loads " + cache);
            }
        };
    }

    private CacheListener throwing() {
        return new CacheListener() {
            @Override
            public void onOpen(Cache<?, ?> cache) {
                throw new IllegalStateException("as told");
            }

            @Override
            public void onLoad(String cache, Duration took, @Nullable Throwable failure) {
                throw new StackOverflowError("as told");
            }
        };
    }

    @Test
    void everyListenerIsToldWhateverTheOthersThrow() {
        try (Cache<Integer, String> cache = timed(Cache.builder("products"))
                .listener(named("first"))
                .listener(throwing())
                .listener(named("last"))
                .build()) {
            assertThat(cache.get(1)).isEqualTo("v1");
            Eventually.holds("the last is told of the load", () -> events.contains("last loads products"));
            assertThat(cache.stats().failures()).containsEntry(FailureKind.LISTENER, 2L);
        }
        assertThat(events)
                .containsExactlyInAnyOrder(
                        "first opens products",
                        "last opens products",
                        "first loads products",
                        "last loads products",
                        "first closes products",
                        "last closes products");
    }

    @Test
    void aRegistryTellsOfTheCachesThatItHasAndOfThoseToCome() {
        try (Caches caches = Caches.builder().listener(named("shared")).build()) {
            timed(caches.cache("before")).listener(named("own")).build();
            caches.listen(named("late"));
            timed(caches.cache("after")).build();
            assertThatThrownBy(() -> timed(caches.cache("after")).build()).isInstanceOf(IllegalStateException.class);

            assertThat(events.stream().filter(event -> event.contains("opens")))
                    .containsExactlyInAnyOrder(
                            "shared opens before",
                            "own opens before",
                            "late opens before",
                            "shared opens after",
                            "late opens after");
        }
        assertThat(events)
                .contains("shared closes before", "own closes before", "late closes before", "late closes after");
    }

    @Test
    void aHitInAHundredthOfASecondIsToldWithTheAgeOfItsValue() {
        CacheListener ages = new CacheListener() {
            @Override
            public void onHit(String cache, Duration age) {
                events.add(cache + " " + age.toMillis());
            }
        };
        time.advance(Duration.ofSeconds(1));
        try (Cache<Integer, String> cache =
                timed(Cache.builder("products")).listener(ages).build()) {
            cache.put(1, "one");
            time.advance(Duration.ofSeconds(30));
            for (int i = 0; i < 1_000; i++) {
                cache.get(1);
            }
            time.advance(Duration.ofMillis(9));
            cache.get(1);
            time.advance(Duration.ofMillis(1));
            cache.get(1);
        }
        assertThat(events).containsExactly("products 30000", "products 30010");
    }

    @Test
    void statisticsTellTheTiersAndWhatTheNearTierWeighs() {
        try (Cache<Integer, String> cache = timed(Cache.builder("weighed"))
                .near(Near.<Integer, String>maximumWeight(1_000, (key, value) -> value.length()))
                .build()) {
            cache.put(1, "12345");
            cache.put(2, "1234567");

            assertThat(cache.stats().tiers()).containsExactly(Lookup.Tier.NEAR);
            assertThat(cache.stats().near().weight()).hasValue(12);
        }
        try (Cache<Integer, String> cache = timed(Cache.builder("counted")).build()) {
            assertThat(cache.stats().near().weight()).isEmpty();
        }
    }

    @Test
    void statisticsTellTheBytesThatGoToTheFarTierAndComeFromItAndTheirCompression() {
        InMemoryServer server = new InMemoryServer(() -> time.nanos() / 1_000);
        Codec<String> codec = DeflateCodec.around(StringCodec.utf8()).threshold(100);
        String value = "x".repeat(1_000);
        try (InMemoryFarTier tier = new InMemoryFarTier(server, time::nanos);
                Cache<Integer, String> cache =
                        timed(Cache.builder("products")).far(tier, codec).build()) {
            cache.put(1, value);
            CacheStats.FarBytes bytes = cache.stats().far().bytes();
            assertThat(bytes.written()).isBetween(1L, 100L);
            assertThat(bytes.read()).isZero();
            assertThat(bytes.compression().plainBytes()).isEqualTo(1_000);
            assertThat(bytes.compression().packedBytes()).isEqualTo(bytes.written());
            assertThat(bytes.compression().ratio()).isGreaterThan(10);
        }
        try (InMemoryFarTier tier = new InMemoryFarTier(server, time::nanos);
                Cache<Integer, String> cache =
                        timed(Cache.builder("products")).far(tier, codec).build()) {
            assertThat(cache.get(1)).isEqualTo(value);
            assertThat(cache.stats().far().bytes().read()).isBetween(1L, 100L);
            assertThat(cache.stats().tiers()).containsExactlyInAnyOrder(Lookup.Tier.NEAR, Lookup.Tier.FAR);
        }
    }

    @Test
    void statisticsTellHowLongTheFarTierIsSilentAndHowLongRepairsWait() {
        InMemoryServer server = new InMemoryServer(() -> time.nanos() / 1_000);
        try (InMemoryFarTier tier = new InMemoryFarTier(server, time::nanos);
                FaultyFarTier faulty = FaultyFarTier.around(tier);
                Cache<Integer, String> cache = timed(Cache.builder("products"))
                        .far(faulty, StringCodec.utf8())
                        .build()) {
            cache.put(1, "one");
            assertThat(cache.stats().far().silence()).isLessThan(Duration.ofMillis(1));
            assertThat(cache.stats().far().recoveryAge()).isZero();

            for (FaultyFarTier.Call call : FaultyFarTier.Call.values()) {
                faulty.always(call, FaultyFarTier.Fault.fail());
            }
            cache.put(1, "two");
            time.advance(Duration.ofSeconds(3));

            assertThat(cache.stats().far().recoveryQueued()).isEqualTo(1);
            assertThat(cache.stats().far().recoveryAge()).isBetween(Duration.ofMillis(2_800), Duration.ofSeconds(3));
            assertThat(cache.stats().far().silence()).isBetween(Duration.ofSeconds(3), Duration.ofSeconds(4));
        }
    }
}
