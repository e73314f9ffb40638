package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class LoadExecutorTest {

    private static final Duration BOUND = Duration.ofSeconds(20);

    private final List<LoadExecutor> opened = new ArrayList<>();
    private final ExecutorService givenThreads = Executors.newCachedThreadPool(new DaemonThreads("given-"));
    private final CountDownLatch gate = new CountDownLatch(1);

    /** What the JVM has, what every JVM has, and what a user may give. */
    interface Kind extends BiFunction<LoadExecutorTest, int[], LoadExecutor> {}

    static Stream<Named<Kind>> kinds() {
        return Stream.of(
                Named.of("own threads", (test, bounds) -> test.open(bounds, LoadThreads.of("test", null))),
                Named.of("platform threads", (test, bounds) -> test.open(bounds, LoadThreads.platform("test-"))),
                Named.of(
                        "given threads",
                        (test, bounds) -> test.open(bounds, LoadThreads.of("test", test.givenThreads))));
    }

    @AfterEach
    void close() {
        gate.countDown();
        opened.forEach(executor -> executor.close(BOUND));
        givenThreads.shutdownNow();
    }

    @Test
    void loadsRunOnVirtualThreadsWhereTheJvmHasThem() throws ReflectiveOperationException {
        Thread thread = threadOf(open(new int[] {1, 1}, LoadThreads.of("products", null)));

        boolean virtual = Runtime.version().feature() >= 21
                && (boolean) Thread.class.getMethod("isVirtual").invoke(thread);
        assertThat(virtual).isEqualTo(Runtime.version().feature() >= 21);
        assertThat(thread.getName()).startsWith("terrace-load-products-");
        assertThat(thread.isDaemon()).isTrue();
        assertThat(thread.getContextClassLoader()).isSameAs(LoadExecutor.class.getClassLoader());
    }

    @Test
    void platformThreadsAreDaemonsThatAreUsedAgain() {
        LoadExecutor executor = open(new int[] {1, 8}, LoadThreads.platform("test-"));
        Thread thread = threadOf(executor);
        assertThat(thread.isDaemon()).isTrue();
        assertThat(thread.getContextClassLoader()).isSameAs(LoadExecutor.class.getClassLoader());

        Eventually.holds("the thread is used again", () -> threadOf(executor) == thread);
    }

    @Test
    void noInheritableThreadLocalReachesALoad() {
        InheritableThreadLocal<String> secret = new InheritableThreadLocal<>();
        secret.set("of this request");
        try {
            for (LoadThreads threads : List.of(LoadThreads.of("test", null), LoadThreads.platform("test-"))) {
                AtomicReference<String> seen = new AtomicReference<>("nothing yet");
                await(open(new int[] {1, 1}, threads), () -> seen.set(secret.get()));
                assertThat(seen).hasValue(null);
            }
        } finally {
            secret.remove();
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void soManyLoadsRunAtOnceAndTheOthersWaitInOrder(Kind kind) {
        LoadExecutor executor = kind.apply(this, new int[] {2, 100});
        AtomicInteger running = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        ConcurrentLinkedQueue<Integer> order = new ConcurrentLinkedQueue<>();
        CountDownLatch done = new CountDownLatch(50);
        block(executor);
        block(executor);
        for (int i = 0; i < 50; i++) {
            int number = i;
            start(executor, () -> {
                most.accumulateAndGet(running.incrementAndGet(), Math::max);
                order.add(number);
                running.decrementAndGet();
                done.countDown();
            });
        }
        assertThat(order).isEmpty();

        gate.countDown();
        Eventually.holds("all have run", () -> done.getCount() == 0);

        assertThat(most).hasValueLessThanOrEqualTo(2);
        assertThat(order).hasSize(50);
        assertThat(List.copyOf(order).get(0)).isLessThan(3);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void oneLoadTooManyIsRejectedNamingTheBounds(Kind kind) {
        LoadExecutor executor = kind.apply(this, new int[] {1, 2});
        block(executor);
        start(executor, () -> {});
        start(executor, () -> {});

        assertThatExceptionOfType(LoadRejectedException.class)
                .isThrownBy(() -> executor.start(() -> {}))
                .withMessage(
                        "cache \"test\": maxConcurrentLoads 1 are running and 2 are waiting, of maxWaitingLoads 2");

        gate.countDown();
        Eventually.holds("there is room again", () -> hasRoom(executor));
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aLoadThatRunsIsInterruptedAndTheNextIsNot(Kind kind) {
        LoadExecutor executor = kind.apply(this, new int[] {1, 2});
        CountDownLatch started = new CountDownLatch(1);
        CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
        RunningLoad load = executor.start(() -> {
            started.countDown();
            try {
                assertThat(gate.await(20, TimeUnit.SECONDS)).isTrue();
                interrupted.complete(false);
            } catch (InterruptedException e) {
                interrupted.complete(true);
                Thread.currentThread().interrupt();
            }
        });
        CompletableFuture<Boolean> next = new CompletableFuture<>();
        start(executor, () -> next.complete(Thread.currentThread().isInterrupted()));
        Eventually.holds("the load runs", () -> started.getCount() == 0);

        load.cancel();
        load.cancel();

        assertThat(get(interrupted)).isTrue();
        assertThat(get(next)).isFalse();
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aLoadThatWaitsIsDroppedAndLeavesItsRoom(Kind kind) {
        LoadExecutor executor = kind.apply(this, new int[] {1, 1});
        block(executor);
        AtomicInteger ran = new AtomicInteger();
        for (int i = 0; i < 1_000; i++) {
            executor.start(ran::incrementAndGet).cancel();
        }
        CompletableFuture<Boolean> last = new CompletableFuture<>();
        start(executor, () -> last.complete(true));

        gate.countDown();

        assertThat(get(last)).isTrue();
        assertThat(ran).hasValue(0);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aLoadThatHasEndedCannotBeInterrupted(Kind kind) {
        LoadExecutor executor = kind.apply(this, new int[] {1, 10});
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        RunningLoad load = executor.start(() -> done.complete(true));
        assertThat(get(done)).isTrue();
        Eventually.holds("there is room again", () -> hasRoom(executor));
        load.cancel();

        CompletableFuture<Boolean> next = new CompletableFuture<>();
        start(executor, () -> next.complete(Thread.currentThread().isInterrupted()));

        assertThat(get(next)).isFalse();
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aTaskThatThrowsDoesNotHarmTheNext(Kind kind) {
        LoadExecutor executor = kind.apply(this, new int[] {1, 5});
        try (LogCapture log = new LogCapture()) {
            start(executor, () -> {
                throw new AssertionError("as told");
            });
            await(executor, () -> {});

            assertThat(log.lines()).containsExactly("ERROR cache test: a load failed outside of the loader");
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void shortWorkRunsNowOrIsRejected(Kind kind) {
        LoadExecutor executor = kind.apply(this, new int[] {1, 100});
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        executor.execute(() -> done.complete(true));
        assertThat(get(done)).isTrue();
        Eventually.holds("there is room again", () -> hasRoom(executor));

        Eventually.holds("the thread is free", () -> tryBlock(executor));

        assertThatExceptionOfType(LoadRejectedException.class).isThrownBy(() -> executor.execute(() -> {}));
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void closingInterruptsWhatRunsDropsWhatWaitsAndRejectsWhatComes(Kind kind) {
        LoadExecutor executor = kind.apply(this, new int[] {2, 10});
        block(executor);
        block(executor);
        AtomicInteger ran = new AtomicInteger();
        start(executor, ran::incrementAndGet);

        assertThat(executor.close(BOUND)).isTrue();

        assertThat(ran).hasValue(0);
        assertThatExceptionOfType(LoadRejectedException.class)
                .isThrownBy(() -> executor.start(() -> {}))
                .withMessageContaining("closed");
        assertThat(executor.close(BOUND)).isTrue();
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void closingWaitsForALoadThatIgnoresItsInterruptNoLongerThanTold(Kind kind) {
        LoadExecutor executor = kind.apply(this, new int[] {1, 1});
        CountDownLatch started = new CountDownLatch(1);
        start(executor, () -> {
            started.countDown();
            while (gate.getCount() > 0) {
                Thread.onSpinWait();
            }
        });
        Eventually.holds("the load runs", () -> started.getCount() == 0);

        assertThat(executor.close(Duration.ofMillis(20))).isFalse();

        gate.countDown();
        assertThat(executor.close(BOUND)).isTrue();
    }

    @Test
    void aShortTaskThatWaitsForItsThreadRunsInSpiteOfAClose() {
        List<Runnable> threads = new ArrayList<>();
        LoadExecutor executor = open(new int[] {2, 2}, LoadThreads.of("test", threads::add));
        List<String> ran = new ArrayList<>();
        executor.execute(() -> ran.add("short task"));
        executor.start(() -> ran.add("load"));

        executor.close(Duration.ZERO);
        threads.forEach(Runnable::run);

        assertThat(ran).containsExactly("short task");
    }

    @Test
    void aLoadThatClosesItsCacheDoesNotWaitForItself() {
        LoadExecutor executor = open(new int[] {1, 1}, LoadThreads.of("test", null));
        CompletableFuture<Boolean> ended = new CompletableFuture<>();
        start(executor, () -> {
            LoadScope.enter(this, Set.of("key"));
            try {
                ended.complete(executor.close(Duration.ofDays(1)));
            } finally {
                LoadScope.exit();
            }
        });

        assertThat(get(ended)).isFalse();
    }

    @Test
    void aGivenExecutorThatRejectsMakesTheLoadRejected() {
        RejectedExecutionException full = new RejectedExecutionException("full");
        LoadExecutor executor = open(new int[] {1, 1}, LoadThreads.of("test", task -> {
            throw full;
        }));

        for (int i = 0; i < 10; i++) {
            assertThatExceptionOfType(LoadRejectedException.class)
                    .isThrownBy(() -> executor.start(() -> {}))
                    .withMessageContaining("the given executor rejected")
                    .withCause(full);
        }
        assertThat(executor.close(Duration.ZERO)).isTrue();
    }

    @Test
    void aThreadThatCannotBeStartedLeavesItsRoom() {
        OutOfMemoryError noThread = new OutOfMemoryError("unable to create native thread");
        AtomicInteger attempts = new AtomicInteger();
        Executor sometimes = task -> {
            if (attempts.incrementAndGet() < 10) {
                throw noThread;
            }
            givenThreads.execute(task);
        };
        LoadExecutor executor = open(new int[] {1, 0}, LoadThreads.of("test", sometimes));
        for (int i = 1; i < 10; i++) {
            assertThatExceptionOfType(OutOfMemoryError.class).isThrownBy(() -> executor.start(() -> {}));
        }

        await(executor, () -> {});
    }

    @Test
    void anExecutorOfTheCallersThreadIsServedToo() {
        LoadExecutor executor = open(new int[] {1, 1}, LoadThreads.of("test", Runnable::run));
        AtomicReference<Thread> thread = new AtomicReference<>();
        Thread.currentThread().interrupt();

        start(executor, () -> thread.set(Thread.currentThread()));

        assertThat(thread).hasValue(Thread.currentThread());
        assertThat(Thread.interrupted()).isTrue();
    }

    private LoadExecutor open(int[] bounds, LoadThreads threads) {
        LoadExecutor executor = new LoadExecutor("test", bounds[0], bounds[1], threads);
        opened.add(executor);
        return executor;
    }

    private static void start(LoadExecutor executor, Runnable load) {
        assertThat(executor.start(load)).isNotNull();
    }

    /** Occupies a thread until the gate opens. */
    private void block(LoadExecutor executor) {
        CountDownLatch started = new CountDownLatch(1);
        start(executor, () -> passGate(started));
        Eventually.holds("the load runs", () -> started.getCount() == 0);
    }

    private boolean tryBlock(LoadExecutor executor) {
        CountDownLatch started = new CountDownLatch(1);
        try {
            executor.execute(() -> passGate(started));
        } catch (LoadRejectedException e) {
            return false;
        }
        Eventually.holds("the task runs", () -> started.getCount() == 0);
        return true;
    }

    private void passGate(CountDownLatch started) {
        started.countDown();
        try {
            assertThat(gate.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static boolean hasRoom(LoadExecutor executor) {
        try {
            start(executor, () -> {});
            return true;
        } catch (LoadRejectedException e) {
            return false;
        }
    }

    private static Thread threadOf(LoadExecutor executor) {
        CompletableFuture<Thread> thread = new CompletableFuture<>();
        start(executor, () -> thread.complete(Thread.currentThread()));
        return get(thread);
    }

    private static void await(LoadExecutor executor, Runnable load) {
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        start(executor, () -> {
            load.run();
            done.complete(true);
        });
        assertThat(get(done)).isTrue();
    }

    private static <T> T get(CompletableFuture<T> future) {
        return future.orTimeout(20, TimeUnit.SECONDS).join();
    }
}
