package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.testkit.InMemoryFarTier;
import dev.terrace.cache.testkit.InMemoryServer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A caller that is interrupted leaves at once, knows why, and is still interrupted. */
final class InterruptsTest {

    private final InMemoryServer server =
            new InMemoryServer(() -> TimeUnit.NANOSECONDS.toMicros(System.nanoTime()) + 1_700_000_000_000_000L);
    private final CountDownLatch release = new CountDownLatch(1);
    private final AtomicInteger begun = new AtomicInteger();
    private final AtomicInteger interrupted = new AtomicInteger();
    private @Nullable Cache<String, String> built;

    @AfterEach
    void close() {
        release.countDown();
        server.thaw();
        if (built != null) {
            built.close();
        }
    }

    private CacheBuilder<String, String> builder() {
        return Cache.<String, String>builder("interrupts")
                .near(Near.maximumSize(100))
                .freshFor(Duration.ofMinutes(10))
                .loader(this::load);
    }

    private Cache<String, String> cache(CacheBuilder<String, String> builder) {
        Cache<String, String> cache = builder.build();
        built = cache;
        return cache;
    }

    private String load(String key) throws InterruptedException {
        begun.incrementAndGet();
        try {
            if (!release.await(60, TimeUnit.SECONDS)) {
                throw new AssertionError("held for too long");
            }
        } catch (InterruptedException e) {
            interrupted.incrementAndGet();
            throw e;
        }
        return "row";
    }

    /** A thread that calls, and what it is left with. */
    private static final class Caller {

        private final Thread thread;
        private final CompletableFuture<Boolean> flag = new CompletableFuture<>();
        private volatile @Nullable Throwable thrown;

        Caller(Runnable call) {
            thread = new Thread(() -> {
                try {
                    call.run();
                } catch (Throwable e) {
                    thrown = e;
                }
                flag.complete(Thread.currentThread().isInterrupted());
            });
            thread.setDaemon(true);
            thread.start();
        }

        void assertLeftInterrupted() {
            thread.interrupt();
            assertThat(flag.orTimeout(30, TimeUnit.SECONDS).join())
                    .as("the interrupt flag")
                    .isTrue();
            assertThat(thrown)
                    .isInstanceOf(CallerInterruptedException.class)
                    .hasMessage("cache \"interrupts\": interrupted while waiting");
        }
    }

    static Stream<Arguments> loadingCalls() {
        return Stream.of(
                call("get", cache -> cache.get("a")),
                call("getAll", cache -> cache.getAll(List.of("a", "b"))),
                call("refresh", cache -> cache.refresh("a")));
    }

    private static Arguments call(String name, Consumer<Cache<String, String>> call) {
        return Arguments.of(name, call);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("loadingCalls")
    void anInterruptedCallerLeavesAndTheLoadGoesOn(String name, Consumer<Cache<String, String>> call) {
        Cache<String, String> cache = cache(builder());
        Caller caller = new Caller(() -> call.accept(cache));
        Eventually.holds("the load runs", () -> begun.get() > 0);
        caller.assertLeftInterrupted();
        release.countDown();
        Eventually.holds("it is stored", () -> "row".equals(cache.getIfPresent("a")));
        assertThat(interrupted).hasValue(0);
    }

    @Test
    void whereNobodyElseWaitsTheLoadIsStoppedIfTheCacheIsToldSo() {
        Cache<String, String> cache = cache(builder().completeAbandonedLoads(false));
        Caller caller = new Caller(() -> cache.get("a"));
        Eventually.holds("the load runs", () -> begun.get() == 1);
        caller.assertLeftInterrupted();
        Eventually.holds("the load is interrupted", () -> interrupted.get() == 1);
        release.countDown();
        assertThat(cache.get("a")).isEqualTo("row");
        assertThat(begun).hasValue(2);
    }

    @Test
    void aLoadThatSomebodyElseWaitsForIsNotStopped() {
        Cache<String, String> cache = cache(builder().completeAbandonedLoads(false));
        CompletableFuture<String> other = cache.async().get("a");
        Eventually.holds("the load runs", () -> begun.get() == 1);
        Caller caller = new Caller(() -> cache.get("a"));
        Eventually.holds("both wait", () -> cache.stats().loads().coalesced() == 1);
        caller.assertLeftInterrupted();
        release.countDown();
        assertThat(other.orTimeout(30, TimeUnit.SECONDS).join()).isEqualTo("row");
        assertThat(interrupted).hasValue(0);
    }

    @Test
    void aFutureThatIsCancelledLeavesAsAnInterruptedCallerDoes() {
        Cache<String, String> cache = cache(builder().completeAbandonedLoads(false));
        CompletableFuture<String> waiting = cache.async().get("a");
        Eventually.holds("the load runs", () -> begun.get() == 1);
        waiting.cancel(true);
        Eventually.holds("the load is interrupted", () -> interrupted.get() == 1);
    }

    @Test
    void aLoaderThatIsInterruptedOnItsCallersThreadLeavesTheFlag() {
        Cache<String, String> cache = cache(builder().loadOn(LoadOn.CALLER));
        Caller caller = new Caller(() -> cache.get("a"));
        Eventually.holds("the load runs", () -> begun.get() == 1);
        caller.thread.interrupt();
        assertThat(caller.flag.orTimeout(30, TimeUnit.SECONDS).join())
                .as("the interrupt flag")
                .isTrue();
        assertThat(caller.thrown)
                .satisfiesAnyOf(
                        e -> assertThat(e).isInstanceOf(CallerInterruptedException.class),
                        e -> assertThat(e)
                                .isInstanceOf(LoadFailedException.class)
                                .hasCauseInstanceOf(InterruptedException.class));
    }

    @Test
    void aNearHitDoesNotMindTheFlag() {
        release.countDown();
        Cache<String, String> cache = cache(builder());
        cache.get("a");
        Eventually.holds("it is stored", () -> cache.getIfPresent("a") != null);
        Thread.currentThread().interrupt();
        try {
            assertThat(cache.get("a")).isEqualTo("row");
            assertThat(Thread.currentThread().isInterrupted()).isTrue();
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    static Stream<Arguments> farCalls() {
        return Stream.of(
                call("getIfPresent", cache -> cache.getIfPresent("a")),
                call("getAllPresent", cache -> cache.getAllPresent(List.of("a"))),
                call("lookup", cache -> cache.lookup("a")),
                call("put", cache -> cache.put("a", "put")),
                call("putIfAbsent", cache -> cache.putIfAbsent("a", "put")),
                call("invalidate", cache -> cache.invalidate("a")),
                call("expire", cache -> cache.expire("a")),
                call("invalidateTag", cache -> cache.invalidateTag("red")),
                call("clear", Cache::clear));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("farCalls")
    void aCallerThatWaitsForTheFarTierLeavesToo(String name, Consumer<Cache<String, String>> call) {
        Cache<String, String> cache = cache(builder()
                .far(new InMemoryFarTier(server, System::nanoTime), StringCodec.utf8())
                .farBudget(Duration.ofSeconds(60)));
        cache.put("b", "before");
        server.freeze();
        Caller caller = new Caller(() -> call.accept(cache));
        Eventually.holds("it waits", () -> caller.thread.getState() == Thread.State.TIMED_WAITING);
        caller.assertLeftInterrupted();
        server.thaw();
        if (name.equals("put")) {
            Eventually.holds("the write goes on", () -> "put".equals(cache.getIfPresent("a")));
        }
    }
}
