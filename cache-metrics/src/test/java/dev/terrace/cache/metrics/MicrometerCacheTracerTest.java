package dev.terrace.cache.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheBuilder;
import dev.terrace.cache.CacheTracer;
import dev.terrace.cache.FailureKind;
import dev.terrace.cache.FarOperation;
import dev.terrace.cache.Near;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.strategy.WriteBehind;
import dev.terrace.cache.testkit.InMemoryFarTier;
import dev.terrace.cache.testkit.InMemoryServer;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

final class MicrometerCacheTracerTest {

    private final ObservationRegistry registry = ObservationRegistry.create();
    private final Ended ended = new Ended();
    private final InMemoryFarTier tier = new InMemoryFarTier(new InMemoryServer(() -> System.nanoTime() / 1_000));

    MicrometerCacheTracerTest() {
        registry.observationConfig().observationHandler(ended);
    }

    private CacheBuilder<Integer, String> builder() {
        return Cache.<Integer, String>builder("products")
                .near(Near.maximumSize(100))
                .freshFor(Duration.ofMinutes(1))
                .loader(key -> Observation.createNotStarted("query", registry).observe(() -> "v" + key))
                .tracer(new MicrometerCacheTracer(registry));
    }

    @Test
    void theLoadAndTheFarCallsOfAReadAreChildrenOfTheCallersObservation() {
        try (Cache<Integer, String> cache =
                builder().far(tier, StringCodec.utf8()).build()) {
            Observation.createNotStarted("request", registry).observe(() -> cache.get(1));
            ended.await("cache.far{cache=products,operation=fill} of request");

            assertThat(ended.lines)
                    .contains(
                            "cache.far{cache=products,operation=read} of request",
                            "cache.far{cache=products,operation=lease} of request",
                            "query{} of cache.load",
                            "cache.load{cache=products} of request");
        }
    }

    @Test
    void aRefreshInTheBackgroundIsLinkedToWhoCausedIt() {
        try (Cache<Integer, String> cache =
                builder().staleFor(Duration.ofMinutes(1)).build()) {
            cache.get(1);
            cache.expire(1);
            // Near hits go by a time to the millisecond: the first of these may still be in the one of the expiry.
            ended.await(
                    "cache.refresh{cache=products} of request",
                    () -> Observation.createNotStarted("request", registry).observe(() -> cache.get(1)));
        }
    }

    @Test
    void aFlushIsLinkedToThoseWhosePutsItWrites() {
        try (WriteBehind<Integer, String> carts = WriteBehind.around(
                        builder().far(tier, StringCodec.utf8()).build(),
                        batch ->
                                Observation.createNotStarted("update", registry).observe(() -> {}))
                .batchSize(3)
                .maxDelay(Duration.ofMinutes(1))
                .flushers(1)
                .tracer(new MicrometerCacheTracer(registry))
                .build()) {
            Observation.createNotStarted("request", registry).observe(() -> carts.put(1, "one"));
            Observation.createNotStarted("other request", registry).observe(() -> carts.put(2, "two"));
            carts.put(3, "three");
            ended.await("cache.flush{cache=products} of request");
            assertThat(ended.lines)
                    .contains(
                            "cache.far{cache=products,operation=put} of request",
                            "cache.far{cache=products,operation=put} of other request",
                            "update{} of cache.flush");
            assertThat(ended.flushes)
                    .singleElement()
                    .satisfies(flush -> assertThat(flush.callers())
                            .extracting(caller -> caller.getContextView().getName())
                            .containsExactly("request", "other request"));
        }
    }

    @Test
    void aFlushThatFailsIsAnErrorAndItsRetryIsLinkedToo() {
        AtomicBoolean down = new AtomicBoolean(true);
        try (WriteBehind<Integer, String> carts = WriteBehind.around(builder().build(), batch -> {
                    if (down.getAndSet(false)) {
                        throw new IllegalStateException("as told");
                    }
                })
                .maxDelay(Duration.ofMillis(1))
                .retryAfter(Duration.ofMillis(1))
                .tracer(new MicrometerCacheTracer(registry))
                .build()) {
            Observation.createNotStarted("request", registry).observe(() -> carts.put(1, "one"));
            ended.await("cache.flush{cache=products} failed: as told of request");
            ended.await("cache.flush{cache=products} of request");
        }
    }

    @Test
    void aLoadThatFailsIsAnError() {
        try (Cache<Integer, String> cache = builder()
                .loader(key -> {
                    throw new IllegalStateException("as told");
                })
                .build()) {
            assertThatThrownBy(() -> cache.get(1)).hasMessage("as told");
            ended.await("cache.load{cache=products} failed: as told");
        }
    }

    @Test
    void aRegistryThatObservesNothingIsAskedForNothing() {
        CacheTracer tracer = new MicrometerCacheTracer(ObservationRegistry.NOOP);
        assertThat(tracer.load("products", false)).isSameAs(CacheTracer.Span.NONE);
        assertThat(tracer.farCall("products", FarOperation.READ)).isSameAs(CacheTracer.Span.NONE);
        assertThat(tracer.flush("products", List.of())).isSameAs(CacheTracer.Span.NONE);
        assertThat(tracer.origin()).isSameAs(tracer.origin());
    }

    /** A line for each observation that ended. */
    private static final class Ended implements ObservationHandler<Observation.Context> {

        private static final Duration BOUND = Duration.ofSeconds(20);

        final List<String> lines = new CopyOnWriteArrayList<>();
        final List<MicrometerCacheTracer.Flush> flushes = new CopyOnWriteArrayList<>();

        @Override
        public boolean supportsContext(Observation.Context context) {
            return true;
        }

        @Override
        public void onStop(Observation.Context context) {
            StringBuilder line = new StringBuilder(context.getName()).append('{');
            context.getLowCardinalityKeyValues()
                    .forEach(key -> line.append(line.charAt(line.length() - 1) == '{' ? "" : ",")
                            .append(key.getKey())
                            .append('=')
                            .append(key.getValue()));
            line.append('}');
            if (context.getError() != null) {
                line.append(" failed: ").append(context.getError().getMessage());
            }
            if (context.getParentObservation() != null) {
                line.append(" of ")
                        .append(context.getParentObservation().getContextView().getName());
            }
            if (context instanceof MicrometerCacheTracer.Flush flush) {
                flushes.add(flush);
            }
            lines.add(line.toString());
        }

        void await(String line) {
            await(line, () -> {});
        }

        void await(String line, Runnable cause) {
            long start = System.nanoTime();
            while (!lines.contains(line)) {
                cause.run();
                assertThat(System.nanoTime() - start)
                        .as("%s in %s", line, lines)
                        .isLessThan(BOUND.toNanos());
                LockSupport.parkNanos(1_000_000);
            }
        }
    }

    @Test
    void aHandlerThatThrowsLeavesTheCallersThreadAsItWas() {
        AtomicBoolean atClose = new AtomicBoolean();
        registry.observationConfig().observationHandler(new ObservationHandler<>() {
            @Override
            public boolean supportsContext(Observation.Context context) {
                return context.getName().startsWith("cache.");
            }

            @Override
            public void onScopeOpened(Observation.Context context) {
                if (!atClose.get()) {
                    throw new IllegalStateException("at the start");
                }
            }

            @Override
            public void onScopeClosed(Observation.Context context) {
                throw new IllegalStateException("at the end");
            }
        });
        try (Cache<Integer, String> cache =
                builder().far(tier, StringCodec.utf8()).build()) {
            Observation request = Observation.createNotStarted("request", registry);
            request.observe(() -> {
                cache.put(1, "one");
                assertThat(registry.getCurrentObservation()).isSameAs(request);
                atClose.set(true);
                cache.put(1, "two");
                assertThat(registry.getCurrentObservation()).isSameAs(request);
            });
            assertThat(registry.getCurrentObservationScope()).isNull();
            assertThat(cache.stats().failures().get(FailureKind.LISTENER)).isGreaterThanOrEqualTo(2);
        }
    }
}
