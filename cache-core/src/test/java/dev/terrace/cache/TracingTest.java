package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.testkit.FaultyFarTier;
import dev.terrace.cache.testkit.InMemoryFarTier;
import dev.terrace.cache.testkit.InMemoryServer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Whatever thread work goes on, a tracer can tell whose it is. */
final class TracingTest {

    private final ManualTime time = new ManualTime();
    private final InMemoryServer server = new InMemoryServer(() -> time.nanos() / 1_000);
    private final InMemoryFarTier tier = new InMemoryFarTier(server, time::nanos);
    private final Follower follower = new Follower();

    private CacheBuilder<Integer, String> builder() {
        CacheBuilder<Integer, String> builder = Cache.<Integer, String>builder("products")
                .near(Near.maximumSize(100))
                .freshFor(Duration.ofMinutes(1))
                .jitter(0)
                .loader(key -> "v" + key);
        builder.parts().ticker = time;
        builder.parts().scheduler = time;
        return builder;
    }

    @Test
    void everyFarCallAndTheLoadOfAReadBelongToItsCaller() {
        try (Cache<Integer, String> cache =
                builder().far(tier, StringCodec.utf8()).tracer(follower).build()) {
            follower.at("caller", () -> cache.get(1));
            follower.wait("caller: FILL");

            assertThat(follower.events)
                    .contains("caller: READ", "caller: LEASE", "caller: load", "caller: FILL")
                    .noneMatch(event -> event.startsWith("nobody"))
                    .noneMatch(event -> event.contains("PING"));
        }
    }

    @Test
    void whatIsAnsweredOnAnotherThreadGoesOnFromWhereItWasAsked() {
        FaultyFarTier faulty = FaultyFarTier.around(tier);
        FaultyFarTier.Gate gate = new FaultyFarTier.Gate();
        try (Cache<Integer, String> cache =
                builder().far(faulty, StringCodec.utf8()).tracer(follower).build()) {
            cache.put(7, "so that the cache's own marker is there");
            faulty.next(FaultyFarTier.Call.READ, FaultyFarTier.Fault.delayReply(gate));
            CompletableFuture<String> read =
                    follower.at("caller", () -> cache.async().get(1));
            follower.at("another", () -> {
                gate.open();
                return null;
            });
            assertThat(read.join()).isEqualTo("v1");
            follower.wait("caller: FILL");
            assertThat(follower.events)
                    .contains("caller: LEASE", "caller: load")
                    .noneMatch(e -> e.contains("another"));
        }
    }

    @Test
    void aLoadThatReplacesAServedValueIsInTheBackground() {
        try (Cache<Integer, String> cache =
                builder().staleFor(Duration.ofMinutes(5)).tracer(follower).build()) {
            cache.get(1);
            time.advance(Duration.ofSeconds(61));
            follower.at("caller", () -> cache.get(1));
            follower.wait("caller: background load");
        }
    }

    @Test
    void aFailureEndsTheSpanOfItsWork() {
        try (Cache<Integer, String> cache = builder()
                .loader(key -> {
                    throw new IllegalStateException("no such row");
                })
                .tracer(follower)
                .build()) {
            try {
                cache.get(1);
            } catch (IllegalStateException expected) {
                follower.wait("nobody: load failed: no such row");
            }
        }
        assertThat(follower.events).contains("nobody: load failed: no such row");
    }

    @Test
    void aTracerThatThrowsChangesNothingAndIsCounted() {
        for (boolean throwsInside : List.of(true, false)) {
            try (Cache<Integer, String> cache = builder()
                    .far(tier, StringCodec.utf8())
                    .tracer(throwsInside ? new ThrowingLater() : new Throwing())
                    .build()) {
                assertThat(cache.get(1)).isEqualTo("v1");
                cache.put(2, "two");
                assertThat(cache.get(2)).isEqualTo("two");
                assertThat(cache.stats().failures().get(FailureKind.LISTENER)).isGreaterThan(2);
                cache.clear();
            }
        }
    }

    private static class Throwing implements CacheTracer {
        @Override
        public Origin origin() {
            throw new IllegalStateException("as told");
        }

        @Override
        public Span load(String cache, boolean background) {
            throw new IllegalStateException("as told");
        }

        @Override
        public Span farCall(String cache, FarOperation operation) {
            throw new IllegalStateException("as told");
        }
    }

    private static final class ThrowingLater implements CacheTracer {
        @Override
        public Origin origin() {
            return task -> {
                throw new IllegalStateException("as told");
            };
        }

        @Override
        public Span load(String cache, boolean background) {
            return new Span() {
                @Override
                public Scope enter() {
                    return () -> {
                        throw new IllegalStateException("as told");
                    };
                }

                @Override
                public void end(@Nullable Throwable failure) {
                    throw new IllegalStateException("as told");
                }
            };
        }

        @Override
        public Span farCall(String cache, FarOperation operation) {
            return load(cache, false);
        }
    }

    /** Notes each piece of work with the name of the place that it belongs to. */
    private static final class Follower implements CacheTracer {

        private final ThreadLocal<String> place = ThreadLocal.withInitial(() -> "nobody");
        final List<String> events = new CopyOnWriteArrayList<>();

        <T> T at(String name, java.util.function.Supplier<T> action) {
            String before = place.get();
            place.set(name);
            try {
                return action.get();
            } finally {
                place.set(before);
            }
        }

        void wait(String event) {
            Eventually.holds(event + " in " + events, () -> events.contains(event));
        }

        @Override
        public Origin origin() {
            String here = place.get();
            return task -> at(here, () -> {
                task.run();
                return null;
            });
        }

        @Override
        public Span load(String cache, boolean background) {
            return span(background ? "background load" : "load");
        }

        @Override
        public Span farCall(String cache, FarOperation operation) {
            return span(operation.name());
        }

        private Span span(String work) {
            String owner = place.get();
            events.add(owner + ": " + work);
            return new Span() {
                @Override
                public Scope enter() {
                    String before = place.get();
                    place.set(owner);
                    return () -> place.set(before);
                }

                @Override
                public void end(@Nullable Throwable failure) {
                    if (failure != null) {
                        events.add(owner + ": " + work + " failed: " + failure.getMessage());
                    }
                }
            };
        }
    }
}
