package dev.terrace.cache.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheBuilder;
import dev.terrace.cache.CacheListener;
import dev.terrace.cache.Caches;
import dev.terrace.cache.EntryOptions;
import dev.terrace.cache.FailureKind;
import dev.terrace.cache.Near;
import dev.terrace.cache.codec.Codec;
import dev.terrace.cache.codec.Compression;
import dev.terrace.cache.codec.DeflateCodec;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.redis.lock.LockOptions;
import dev.terrace.cache.redis.lock.RedisLock;
import dev.terrace.cache.strategy.WriteBehind;
import dev.terrace.cache.testkit.FaultyFarTier;
import dev.terrace.cache.testkit.FaultyFarTier.Call;
import dev.terrace.cache.testkit.FaultyFarTier.Fault;
import dev.terrace.cache.testkit.InMemoryFarTier;
import dev.terrace.cache.testkit.InMemoryServer;
import dev.terrace.cache.testkit.OwnThread;
import dev.terrace.cache.testkit.RedisServer;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MockClock;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.search.RequiredSearch;
import io.micrometer.core.instrument.simple.SimpleConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;

final class MicrometerCacheListenerTest {

    private final MockClock clock = new MockClock();
    private final MeterRegistry registry = new SimpleMeterRegistry(SimpleConfig.DEFAULT, clock);
    /** A second later whenever it is looked at, so that no two meters share a snapshot. */
    private final AtomicLong nanoTime = new AtomicLong();

    private final MicrometerCacheListener listener = listener(registry, Tags.empty());
    private final InMemoryFarTier tier = new InMemoryFarTier(new InMemoryServer(() -> System.nanoTime() / 1_000));

    private static CacheBuilder<Integer, String> near(CacheBuilder<Integer, String> builder) {
        return builder.near(Near.maximumSize(100))
                .freshFor(Duration.ofMinutes(1))
                .loader(key -> "v" + key);
    }

    private RequiredSearch meter(String name, String... tags) {
        return registry.get(name).tags(tags);
    }

    private double count(String name, String... tags) {
        return meter(name, tags).functionCounter().count();
    }

    private MicrometerCacheListener listener(MeterRegistry meters, Tags tags) {
        return new MicrometerCacheListener(meters, tags, () -> nanoTime.addAndGet(1_000_000_000));
    }

    @Test
    void aCacheThatIsGivenTheListenerIsBound() {
        try (Cache<Integer, String> cache =
                near(Cache.builder("products")).listener(listener).build()) {
            cache.get(1);
            cache.get(1);
            cache.put(2, "two");
            cache.invalidate(2);

            assertThat(count("cache.gets", "cache", "products", "tier", "near", "result", "hit"))
                    .isEqualTo(1);
            assertThat(count("cache.gets", "cache", "products", "tier", "near", "result", "miss"))
                    .isEqualTo(1);
            assertThat(count("cache.puts", "cache", "products", "tier", "near")).isEqualTo(2);
            assertThat(count("cache.removals", "cache", "products")).isEqualTo(1);
            assertThat(meter("cache.size", "cache", "products", "tier", "near")
                            .gauge()
                            .value())
                    .isEqualTo(1);
            assertThat(meter("cache.load.duration", "cache", "products", "result", "success")
                            .timer()
                            .count())
                    .isEqualTo(1);
            assertThat(meter("cache.entry.age", "cache", "products", "tier", "near")
                            .timer()
                            .count())
                    .isEqualTo(1);
            assertThat(registry.find("cache.far.duration").meters()).isEmpty();
            assertThat(registry.find("cache.breaker.state").meters()).isEmpty();
        }
    }

    @Test
    void allCachesOfARegistryAreBoundThoseBuiltLaterToo() {
        try (Caches caches = Caches.builder().build()) {
            Cache<Integer, String> before = near(caches.cache("before")).build();
            caches.listen(listener);
            Cache<Integer, String> after = near(caches.cache("after")).build();
            before.get(1);
            after.get(1);

            assertThat(count("cache.gets", "cache", "before", "result", "miss")).isEqualTo(1);
            assertThat(count("cache.gets", "cache", "after", "result", "miss")).isEqualTo(1);
            after.close();
            assertThat(registry.find("cache.gets").tag("cache", "after").meters())
                    .isEmpty();
            assertThat(registry.find("cache.gets").tag("cache", "before").meters())
                    .hasSize(2);
        }
        assertThat(registry.getMeters()).isEmpty();
    }

    @Test
    void closingACacheRemovesItsMetersAlsoWhereTheApplicationRenamesThem() {
        registry.config().commonTags("application", "shop").meterFilter(new MeterFilter() {
            @Override
            public Meter.Id map(Meter.Id id) {
                return id.withName("shop." + id.getName());
            }
        });
        Cache<Integer, String> cache = near(Cache.builder("products"))
                .far(tier, StringCodec.utf8())
                .listener(listener)
                .build();
        cache.get(1);
        cache.put(1, "one");
        assertThat(registry.getMeters()).hasSizeGreaterThan(40);
        cache.close();
        assertThat(registry.getMeters()).isEmpty();
    }

    @Test
    void aCacheOfTheSameNameIsRefusedUnlessTagsTellThemApart() {
        try (Cache<Integer, String> first =
                        near(Cache.builder("products")).listener(listener).build();
                Cache<Integer, String> tagged = near(Cache.builder("products"))
                        .listener(listener(registry, Tags.of("shop", "north")))
                        .build()) {
            try (Cache<Integer, String> second =
                    near(Cache.builder("products")).listener(listener).build()) {
                assertThat(second.stats().failures()).containsEntry(FailureKind.LISTENER, 1L);
                second.get(1);
            }
            tagged.get(1);
            assertThat(first.stats().failures()).isEmpty();
            assertThat(count("cache.gets", "cache", "products", "result", "miss", "shop", "north"))
                    .isEqualTo(1);
            assertThat(registry.find("cache.gets").meters()).hasSize(4);
        }
    }

    @Test
    void whatTheFarTierDoesIsCountedAndTimed() {
        FaultyFarTier faulty = FaultyFarTier.around(tier);
        String value = "x".repeat(2_000);
        try (Cache<Integer, String> cache = near(Cache.builder("products"))
                .far(faulty, DeflateCodec.around(StringCodec.utf8()))
                .listener(listener)
                .build()) {
            cache.put(7, value);
            cache.get(1);
            assertThat(meter("cache.far.duration", "operation", "read", "result", "success")
                            .timer()
                            .totalTime(TimeUnit.NANOSECONDS))
                    .isPositive();
            assertThat(count("cache.leases", "result", "granted")).isEqualTo(1);
            assertThat(count("cache.gets", "tier", "far", "result", "miss")).isEqualTo(1);
            assertThat(count("cache.puts", "tier", "far")).isGreaterThanOrEqualTo(1);
            assertThat(count("cache.invalidations", "direction", "sent")).isEqualTo(1);
            assertThat(count("cache.invalidations", "direction", "received")).isZero();
            assertThat(meter("cache.link.up").gauge().value()).isZero();
            assertThat(count("cache.far.bytes", "direction", "written")).isBetween(10.0, 200.0);
            assertThat(meter("cache.compression.ratio").gauge().value()).isGreaterThan(10);
            assertThat(meter("cache.breaker.state", "state", "closed").gauge().value())
                    .isEqualTo(1);
            assertThat(meter("cache.trust.age").gauge().value()).isBetween(0.0, 5.0);

            for (Call call : Call.values()) {
                faulty.always(call, Fault.fail());
            }
            cache.put(8, "eight");
            assertThat(meter("cache.recovery.queued").gauge().value()).isEqualTo(1);
            assertThat(count("cache.failures", "kind", "far_write")).isGreaterThanOrEqualTo(1);
            assertThat(meter("cache.far.duration", "operation", "put", "result", "failure")
                            .timer()
                            .count())
                    .isEqualTo(1);
            for (int i = 100; i < 130; i++) {
                cache.get(i);
            }
            assertThat(meter("cache.breaker.state", "state", "closed").gauge().value())
                    .isZero();
        }
    }

    @Test
    void staleServesAreCountedByReason() {
        try (Cache<Integer, String> cache = near(Cache.builder("products"))
                .loader(key -> {
                    throw new IllegalStateException("the database is down");
                })
                .staleFor(Duration.ofMinutes(1))
                .softDeadline(Duration.ofSeconds(5))
                .listener(listener)
                .build()) {
            cache.put(1, "old", EntryOptions.DEFAULT);
            cache.expire(1);
            // Near hits go by a time to the millisecond.
            await(() -> cache.get(1).equals("old") && staleServes("load_failed") > 0);
            assertThat(staleServes("revalidating")).isZero();
            assertThat(meter("cache.load.duration", "result", "failure").timer().count())
                    .isEqualTo(1);
        }
    }

    private double staleServes(String reason) {
        return meter("cache.stale.serves", "reason", reason).counter().count();
    }

    private static void await(BooleanSupplier condition) {
        long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(20));
            LockSupport.parkNanos(1_000_000);
        }
    }

    @Test
    void evictionsAtTheEndOfLifeAreToldApart() {
        try (Cache<Integer, String> cache = near(Cache.builder("products"))
                .near(Near.maximumSize(1))
                .listener(listener)
                .build()) {
            cache.put(1, "one");
            cache.put(2, "two");
            cache.put(3, "three");
            assertThat(count("cache.evictions", "tier", "near")).isEqualTo(2);
            assertThat(meter("cache.expirations", "tier", "near").counter().count())
                    .isZero();
            listener.onEviction("products", dev.terrace.cache.CacheListener.EvictionCause.EXPIRED);
            assertThat(meter("cache.expirations", "tier", "near").counter().count())
                    .isEqualTo(1);
        }
    }

    @Test
    void noKeyNoValueAndNoTagOfTheApplicationIsEverATag() {
        try (Cache<String, String> cache = Cache.<String, String>builder("products")
                .near(Near.maximumSize(100))
                .far(tier, StringCodec.utf8())
                .freshFor(Duration.ofMinutes(1))
                .loader(key -> {
                    throw new IllegalStateException("secret-failure");
                })
                .listener(listener)
                .build()) {
            cache.put("secret-key", "secret-value", EntryOptions.tags("secret-tag"));
            cache.getIfPresent("secret-key");
            cache.invalidateTag("secret-tag");
            assertThatThrownBy(() -> cache.get("secret-key-2")).hasMessage("secret-failure");

            assertThat(registry.getMeters())
                    .flatExtracting(meter -> meter.getId().getTags())
                    .extracting(Tag::getValue)
                    .isNotEmpty()
                    .noneMatch(value -> value.contains("secret"));
        }
    }

    @Test
    void aRegistryThatThrowsChangesNothingForCallersAndIsCounted() {
        registry.config().meterFilter(new MeterFilter() {
            @Override
            public Meter.Id map(Meter.Id id) {
                if (List.of("cache.failures", "cache.far.duration").contains(id.getName())) {
                    throw new IllegalStateException("this registry is broken");
                }
                return id;
            }
        });
        try (Cache<Integer, String> cache = near(Cache.builder("products"))
                .far(tier, StringCodec.utf8())
                .listener(listener)
                .build()) {
            assertThat(cache.get(1)).isEqualTo("v1");
            assertThat(cache.stats().failures().get(FailureKind.LISTENER)).isPositive();
            assertThat(registry.getMeters()).isEmpty();
        }
    }

    @Test
    void aWriteBehindQueueHasMetersOnceItTellsSomething() {
        try (Cache<Integer, String> cache =
                near(Cache.builder("carts")).listener(listener).build()) {
            assertThat(registry.find("cache.write.behind.pending").gauge()).isNull();
            listener.onPendingWrites(cache.name(), 7, Duration.ofMillis(1_500));
            listener.onStoreWrite("carts", 3, Duration.ofMillis(20), Duration.ofMillis(220), null);
            listener.onStoreWrite(
                    "carts", 3, Duration.ofMillis(20), Duration.ofSeconds(9), new IllegalStateException());
            listener.onDeadLetter("carts", new IllegalStateException("as told"));
            clock.add(Duration.ofSeconds(2));

            assertThat(meter("cache.write.behind.pending", "cache", "carts")
                            .gauge()
                            .value())
                    .isEqualTo(7);
            assertThat(meter("cache.write.behind.age").gauge().value())
                    .as("it goes on while nothing is told")
                    .isEqualTo(3.5);
            listener.onPendingWrites(cache.name(), 0, Duration.ZERO);
            clock.add(Duration.ofSeconds(2));
            assertThat(meter("cache.write.behind.age").gauge().value()).isZero();
            listener.onPendingWrites(cache.name(), 7, Duration.ZERO);
            assertThat(meter("cache.write.behind.lag").timer().totalTime(TimeUnit.MILLISECONDS))
                    .isEqualTo(220);
            assertThat(meter("cache.write.behind.duration", "result", "failure")
                            .timer()
                            .count())
                    .isEqualTo(1);
            assertThat(meter("cache.write.behind.dead.letters").counter().count())
                    .isEqualTo(1);
        }
        assertThat(registry.getMeters()).isEmpty();
    }

    @Test
    void aStoreThatFailsAndOneThatHangsAreSeenWhileTheyDo() {
        AtomicBoolean down = new AtomicBoolean(true);
        CountDownLatch repaired = new CountDownLatch(1);
        try (WriteBehind<Integer, String> carts = WriteBehind.around(
                        near(Cache.builder("carts")).listener(listener).build(), batch -> {
                            if (down.getAndSet(false)) {
                                throw new IllegalStateException("the database is down");
                            }
                            repaired.await();
                        })
                .flushers(1)
                .maxDelay(Duration.ofMillis(1))
                .retryAfter(Duration.ofMillis(1))
                .listener(listener)
                .build()) {
            carts.put(1, "one");
            await(() -> registry.find("cache.write.behind.duration").tag("result", "failure").timers().stream()
                            .anyMatch(timer -> timer.count() == 1)
                    && !down.get());
            await(() -> count("cache.failures", "cache", "carts", "kind", "store_write") == 1);
            await(() -> meter("cache.write.behind.pending").gauge().value() == 1);
            clock.add(Duration.ofMinutes(1));
            assertThat(meter("cache.write.behind.age").gauge().value()).isGreaterThanOrEqualTo(60);
            repaired.countDown();
            await(() -> meter("cache.write.behind.pending").gauge().value() == 0);
            assertThat(meter("cache.write.behind.age").gauge().value()).isZero();
        }
    }

    @Test
    void whatFailsUntoldOnASharedConnectionIsCountedUnderItsOwnName() {
        try (RedisServer server = RedisServer.start();
                SharedRedis redis = SharedRedis.connect(server.uri());
                Cache<Integer, String> cache =
                        near(Cache.builder("products")).listener(listener).build()) {
            RedisLock lock = RedisLock.on(
                    redis.withListener(listener), "lock", LockOptions.defaults().lease(Duration.ofSeconds(2)));
            assertThat(lock.acquire(Duration.ofSeconds(10)).await()).isNotNull();
            assertThat(registry.find("cache.failures").tag("kind", "redis_call").meters())
                    .isEmpty();
            server.kill();
            await(() -> registry.find("cache.failures").tags("cache", "lock", "kind", "redis_call").counters().stream()
                            .mapToDouble(counter -> counter.count())
                            .sum()
                    >= 1);
            assertThat(cache.stats().failures()).isEmpty();
        }
    }

    @Test
    void aFailureThatTheCacheCountsItselfIsNotCountedAgain() {
        try (Cache<Integer, String> cache =
                near(Cache.builder("products")).listener(listener).build()) {
            for (FailureKind kind : FailureKind.values()) {
                listener.onFailure(cache.name(), kind, new IllegalStateException("as told"));
            }
            assertThat(count("cache.failures", "kind", "load")).isZero();
            assertThat(count("cache.failures", "kind", "store_write")).isEqualTo(1);
            assertThat(count("cache.failures", "kind", "invalidation_source")).isEqualTo(1);
        }
    }

    @Test
    void callsOfWhatSharesAConnectionAreTimed() {
        listener.onCommand("lock", "acquire", Duration.ofMillis(3), null);
        listener.onCommand("lock", "acquire", Duration.ofMillis(5), null);
        listener.onCommand("lock", "acquire", Duration.ofMillis(5), new IllegalStateException("as told"));

        assertThat(meter("cache.commands", "kind", "lock", "operation", "acquire", "result", "success")
                        .timer()
                        .totalTime(TimeUnit.MILLISECONDS))
                .isEqualTo(8);
        assertThat(meter("cache.commands", "result", "failure").timer().count()).isEqualTo(1);
    }

    @Test
    void cachesWithAndWithoutTiersShareAPrometheusRegistry() {
        PrometheusMeterRegistry prometheus = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        MicrometerCacheListener exposed = listener(prometheus, Tags.empty());
        try (Cache<Integer, String> nearOnly =
                        near(Cache.builder("near")).listener(exposed).build();
                Cache<Integer, String> both = near(Cache.builder("both"))
                        .far(tier, StringCodec.utf8())
                        .listener(exposed)
                        .build();
                Cache<Integer, String> farOnly = Cache.<Integer, String>builder("far")
                        .far(tier, StringCodec.utf8())
                        .freshFor(Duration.ofMinutes(1))
                        .listener(exposed)
                        .build()) {
            nearOnly.get(1);
            both.get(1);
            farOnly.put(1, "one");
            assertThat(prometheus.scrape())
                    .contains("cache_gets_total{cache=\"near\",result=\"miss\",tier=\"near\"} 1")
                    .contains("cache_gets_total{cache=\"both\",result=\"miss\",tier=\"far\"} 1")
                    .contains("cache_gets_total{cache=\"far\",result=\"miss\",tier=\"far\"} 0")
                    .contains(
                            "cache_far_duration_seconds_bucket{cache=\"both\",operation=\"read\",result=\"success\",le=");
        }
        assertThat(prometheus.getMeters()).isEmpty();
    }

    @Test
    void whatACacheCountsIsReadFromItEveryTenMillisecondsAtMost() {
        AtomicLong now = new AtomicLong(-1);
        try (Cache<Integer, String> cache = Cache.<Integer, String>builder("weighed")
                .near(Near.maximumWeight(100, (key, value) -> 7))
                .freshFor(Duration.ofMinutes(1))
                .listener(new MicrometerCacheListener(registry, Tags.empty(), now::get))
                .build()) {
            assertThat(meter("cache.weight", "cache", "weighed").gauge().value())
                    .isZero();
            cache.put(1, "one");
            now.addAndGet(TimeUnit.MILLISECONDS.toNanos(10));
            assertThat(meter("cache.weight", "cache", "weighed").gauge().value())
                    .isZero();
            now.incrementAndGet();
            assertThat(meter("cache.weight", "cache", "weighed").gauge().value())
                    .isEqualTo(7);
        }
    }

    @Test
    void twoListenersOfOneRegistryDoNotMixUpTheirCaches() {
        MicrometerCacheListener other = listener(registry, Tags.empty());
        Cache<Integer, String> first =
                near(Cache.builder("products")).listener(listener).build();
        try (Cache<Integer, String> second =
                near(Cache.builder("products")).listener(other).build()) {
            assertThat(second.stats().failures()).containsEntry(FailureKind.LISTENER, 1L);
            second.get(1);
            assertThat(meter("cache.load.duration", "result", "success").timer().count())
                    .isZero();
        }
        first.get(1);
        assertThat(count("cache.gets", "cache", "products", "result", "miss")).isEqualTo(1);
        first.close();
        try (Cache<Integer, String> third =
                near(Cache.builder("products")).listener(other).build()) {
            third.get(1);
            assertThat(count("cache.gets", "cache", "products", "result", "miss"))
                    .isEqualTo(1);
        }
        assertThat(registry.getMeters()).isEmpty();
    }

    @Test
    void aCacheInUseIsBoundWithoutAFailure() {
        try (Cache<Integer, String> cache = near(Cache.builder("products")).build()) {
            registry.config().onMeterAdded(meter -> {
                listener.onStaleServed("products", CacheListener.StaleReason.REVALIDATING);
                listener.onLoad("products", Duration.ofMillis(1), null);
            });
            listener.onOpen(cache);
            listener.onStaleServed("products", CacheListener.StaleReason.REVALIDATING);
            assertThat(staleServes("revalidating")).isEqualTo(1);
            listener.onClose(cache);
        }
    }

    @Test
    void theMetersOfATierShareTheSnapshotOfTheOthers() {
        AtomicLong now = new AtomicLong();
        try (Cache<Integer, String> cache = near(Cache.builder("products"))
                .listener(new MicrometerCacheListener(registry, Tags.empty(), now::get))
                .build()) {
            assertThat(count("cache.coalesced")).isZero();
            cache.get(1);
            assertThat(count("cache.gets", "result", "miss")).isZero();
            now.set(TimeUnit.SECONDS.toNanos(1));
            assertThat(count("cache.gets", "result", "miss")).isEqualTo(1);
        }
    }

    @Test
    void aSnapshotThatTookLongDoesNotTurnACounterBack() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch slow = new CountDownLatch(1);
        AtomicBoolean hold = new AtomicBoolean();
        Codec<String> codec = new Codec<>() {
            @Override
            public String id() {
                return "slow";
            }

            @Override
            public byte[] encode(String value) {
                return StringCodec.utf8().encode(value);
            }

            @Override
            public String decode(ByteBuffer bytes) {
                return StringCodec.utf8().decode(bytes);
            }

            @Override
            public Compression compression() {
                if (hold.getAndSet(false)) {
                    begun.countDown();
                    uninterruptibly(slow);
                }
                return Compression.NONE;
            }
        };
        AtomicLong now = new AtomicLong();
        try (Cache<Integer, String> cache = near(Cache.builder("products"))
                .far(tier, codec)
                .listener(new MicrometerCacheListener(registry, Tags.empty(), now::get))
                .build()) {
            assertThat(count("cache.removals")).isZero();
            now.set(TimeUnit.SECONDS.toNanos(1));
            hold.set(true);
            CompletableFuture<Double> scraped = OwnThread.supply(() -> count("cache.removals"));
            begun.await();
            cache.invalidate(1);
            assertThat(count("cache.removals")).isEqualTo(1);
            slow.countDown();
            assertThat(scraped.get(20, TimeUnit.SECONDS)).isEqualTo(1);
            assertThat(count("cache.removals")).isEqualTo(1);
        }
    }

    private static void uninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void whatFailsInAFlusherIsCountedWithTheFailuresOfTheApplication() {
        try (Cache<Integer, String> cache =
                near(Cache.builder("carts")).listener(listener).build()) {
            listener.onFailure("carts", FailureKind.APPLICATION, new IllegalStateException("as told"));
            assertThat(count("cache.failures", "cache", "carts", "kind", "application"))
                    .isEqualTo(1);
            assertThat(cache.stats().failures()).isEmpty();
        }
    }
}
