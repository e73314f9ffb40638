package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.CacheListener.BreakerState;
import dev.terrace.cache.spi.ServerLostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class FarCallStackTest {

    private static final Duration BUDGET = Duration.ofMillis(100);
    private static final Duration STALENESS = Duration.ofSeconds(1);
    private static final int MAX_CALLS = 8;

    private final ManualTime time = new ManualTime();
    private final List<String> operations = new ArrayList<>();
    private final List<String> failures = new ArrayList<>();
    private final Breaker breaker = new Breaker(time, () -> 0, state -> {});
    private final FarCallStack calls = new FarCallStack(
            "products",
            new Settings.FarBounds(BUDGET, MAX_CALLS, Duration.ofSeconds(3), 10, WhenFarFails.DEGRADE),
            breaker,
            new FarCallStack.Time(time, time),
            new FarCallStack.Told(listener(), (kind, failure) -> failures.add(kind + " " + name(failure))));

    @Test
    void anAnswerIsPassedOnAndItsTimeReported() {
        CompletableFuture<String> remote = new CompletableFuture<>();
        CompletableFuture<String> call = calls.call(FarOperation.READ, () -> remote);
        time.advance(Duration.ofMillis(3));

        remote.complete("answer");

        assertThat(call).isCompletedWithValue("answer");
        assertThat(operations).containsExactly("products READ 3 ms ok");
        assertThat(failures).isEmpty();
        assertThat(calls.lastAnswered()).isEqualTo(3_000_000);
    }

    @Test
    void aFailureReachesTheCallerAsItIsAndIsReportedByItsKind() {
        IllegalStateException failure = new IllegalStateException("as told");

        assertThat(failureOf(FarOperation.FILL, () -> failed(failure).thenApply(answer -> answer)))
                .isSameAs(failure);
        assertThat(operations).containsExactly("products FILL 0 ms IllegalStateException");
        assertThat(failures).containsExactly("FAR_FILL IllegalStateException");
    }

    @Test
    void theLossOfOneServerIsAFailureAndDoesNotOpenTheBreaker() {
        ServerLostException lost = new ServerLostException("as told", null);

        for (int i = 0; i < 50; i++) {
            assertThat(failureOf(FarOperation.PUT, () -> failed(lost))).isSameAs(lost);
        }
        assertThat(breaker.state()).isEqualTo(BreakerState.CLOSED);
        assertThat(failures).hasSize(50).containsOnly("FAR_WRITE ServerLostException");
        assertThat(operations).hasSize(50);
    }

    @Test
    void aStoreThatThrowsHasFailed() {
        AssertionError failure = new AssertionError("as told");

        assertThat(failureOf(FarOperation.PUT, () -> {
                    throw failure;
                }))
                .isSameAs(failure);
        assertThat(failures).containsExactly("FAR_WRITE AssertionError");
    }

    @Test
    @SuppressWarnings("NullAway") // what a store that breaks its contract does
    void aStoreThatReturnsNothingHasFailed() {
        assertThat(failureOf(FarOperation.READ, () -> null)).isInstanceOf(NullPointerException.class);
        assertThat(failures).containsExactly("FAR_READ NullPointerException");
    }

    @Test
    void aCallEndsAtItsBudgetAndGivesItsRoomBack() {
        List<CompletableFuture<String>> late = begin(4);
        time.advance(BUDGET);

        assertThat(late).allMatch(CompletableFuture::isCompletedExceptionally);
        assertThat(operations).hasSize(4).containsOnly("products READ 100 ms TIMED_OUT");
        assertThat(failures).hasSize(4).containsOnly("FAR_READ TIMED_OUT");

        List<CompletableFuture<String>> next = begin(MAX_CALLS);
        assertThat(next).noneMatch(CompletableFuture::isDone);
    }

    @Test
    void oneCallTooManyFailsAtOnceAndSaysNothingAboutTheFarTier() {
        List<CompletableFuture<String>> first = begin(MAX_CALLS);

        for (int i = 0; i < 100; i++) {
            assertThat(failureOf(FarOperation.READ, CompletableFuture::new))
                    .isInstanceOf(FarUnavailableException.class)
                    .hasMessageContaining("maxConcurrentFarCalls 8");
        }

        assertThat(first).noneMatch(CompletableFuture::isDone);
        assertThat(calls.breakerState()).isEqualTo(BreakerState.CLOSED);
        assertThat(operations).isEmpty();
        assertThat(failures).hasSize(100).containsOnly("FAR_READ TOO_MANY_CALLS");
    }

    @Test
    void roomIsGivenBackByEveryEnd() {
        for (int i = 0; i < 100; i++) {
            CompletableFuture<String> remote = new CompletableFuture<>();
            CompletableFuture<String> call = calls.call(FarOperation.READ, () -> remote);
            switch (i % 4) {
                case 0 -> failureOf(FarOperation.READ, () -> failed(new IllegalStateException("as told")));
                case 1 -> assertThat(call.cancel(false)).isTrue();
                default -> {}
            }
            remote.complete("answer");
        }

        assertThat(begin(MAX_CALLS)).noneMatch(CompletableFuture::isDone);
    }

    @Test
    void anOpenBreakerCostsNothingAndIsReportedButNoOperation() {
        open();
        AtomicInteger made = new AtomicInteger();
        operations.clear();
        failures.clear();

        Throwable refusal = failureOf(FarOperation.INVALIDATE, () -> {
            made.incrementAndGet();
            return new CompletableFuture<>();
        });

        assertThat(refusal).isInstanceOf(FarUnavailableException.class).hasMessageContaining("breaker is open");
        assertThat(refusal.getStackTrace()).isEmpty();
        assertThat(made).hasValue(0);
        assertThat(operations).isEmpty();
        assertThat(failures).containsExactly("FAR_WRITE BREAKER_OPEN");
    }

    @Test
    void onlyAHeartbeatFindsOutWhetherTheFarTierIsBack() {
        open();
        time.advance(calls.untilProbe());

        assertThat(failureOf(FarOperation.READ, () -> CompletableFuture.completedFuture("answer")))
                .isInstanceOf(FarUnavailableException.class);

        CompletableFuture<String> pong = calls.call(FarOperation.PING, () -> CompletableFuture.completedFuture("pong"));
        assertThat(pong).isCompletedWithValue("pong");
        assertThat(calls.breakerState()).isEqualTo(BreakerState.CLOSED);
    }

    @Test
    void aHeartbeatWithoutAnAnswerLeavesTheBreakerOpen() {
        open();
        time.advance(calls.untilProbe());
        CompletableFuture<String> ping = calls.call(FarOperation.PING, CompletableFuture::new);
        assertThat(calls.breakerState()).isEqualTo(BreakerState.HALF_OPEN);

        time.advance(BUDGET);

        assertThat(ping).isCompletedExceptionally();
        assertThat(calls.breakerState()).isEqualTo(BreakerState.OPEN);
    }

    @Test
    void everythingIsNotedBeforeTheCallerLearnsOfTheEnd() {
        begin(4);
        time.advance(BUDGET);
        List<String> seen = new ArrayList<>();
        CompletableFuture<String> remote = new CompletableFuture<>();
        CompletableFuture<String> followed = calls.call(FarOperation.READ, () -> remote)
                .whenComplete((answer, failure) -> seen.add(calls.breakerState() + " " + operations.size()));

        remote.completeExceptionally(new IllegalStateException("as told"));

        assertThat(followed).isCompletedExceptionally();
        assertThat(seen).containsExactly("OPEN 5");
    }

    @Test
    void cutOffIsOpenAndWithoutAnswerForSoLong() {
        answer();
        open();
        assertThat(calls.isCutOff(STALENESS.toNanos())).isFalse();

        time.advance(STALENESS);
        assertThat(calls.isCutOff(STALENESS.toNanos())).isFalse();
        time.advance(Duration.ofMillis(1));
        assertThat(calls.isCutOff(STALENESS.toNanos())).isTrue();

        CompletableFuture<String> pong = calls.call(FarOperation.PING, () -> CompletableFuture.completedFuture("pong"));
        assertThat(pong).isCompletedWithValue("pong");
        assertThat(calls.isCutOff(STALENESS.toNanos())).isFalse();
    }

    @Test
    void anIdleNodeIsNotCutOff() {
        answer();
        time.advance(Duration.ofDays(1));

        assertThat(calls.isCutOff(STALENESS.toNanos())).isFalse();
    }

    @Test
    void aFarTierThatAnswersTooLateIsNotOneThatCannotBeReached() {
        List<CompletableFuture<String>> remotes = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            CompletableFuture<String> remote = new CompletableFuture<>();
            remotes.add(remote);
            assertThat(calls.call(FarOperation.READ, () -> remote)).isNotDone();
        }
        time.advance(STALENESS);
        assertThat(calls.breakerState()).isEqualTo(BreakerState.OPEN);
        assertThat(calls.isCutOff(STALENESS.toNanos())).isTrue();

        remotes.get(0).complete("late");

        assertThat(calls.isCutOff(STALENESS.toNanos())).isFalse();
    }

    @Test
    void itsTextShowsTheStack() {
        assertThat(calls).hasToString("observed → breaker[CLOSED] → bulkhead[8] → time limit[PT0.1S] → store");
    }

    private void answer() {
        assertThat(calls.call(FarOperation.READ, () -> CompletableFuture.completedFuture("answer")))
                .isCompletedWithValue("answer");
    }

    private void open() {
        while (calls.breakerState() == BreakerState.CLOSED) {
            failureOf(FarOperation.READ, () -> failed(new IllegalStateException("as told")));
        }
    }

    private List<CompletableFuture<String>> begin(int count) {
        List<CompletableFuture<String>> begun = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            begun.add(calls.call(FarOperation.READ, CompletableFuture::new));
        }
        return begun;
    }

    private Throwable failureOf(FarOperation operation, Supplier<CompletionStage<String>> remote) {
        Throwable failure = calls.call(operation, remote)
                .<@Nullable Throwable>handle((answer, thrown) -> thrown)
                .getNow(null);
        assertThat(failure).isNotNull();
        return failure;
    }

    private static CompletableFuture<String> failed(Throwable failure) {
        return CompletableFuture.failedFuture(failure);
    }

    private CacheListener listener() {
        return new CacheListener() {
            @Override
            public void onFarOperation(
                    String cache, FarOperation operation, Duration took, @Nullable Throwable failure) {
                operations.add(cache + " " + operation + " " + took.toMillis() + " ms "
                        + (failure == null ? "ok" : name(failure)));
            }
        };
    }

    private static String name(Throwable failure) {
        return failure instanceof FarUnavailableException unavailable
                ? unavailable.reason().name()
                : failure.getClass().getSimpleName();
    }
}
