package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

final class TimeLimitsTest {

    private static final Duration LIMIT = Duration.ofMillis(100);

    private final ManualTime time = new ManualTime();
    private final TimeLimits limits = new TimeLimits(LIMIT, time, time, () -> FarUnavailableException.timedOut(LIMIT));

    @Test
    void aCallThatIsAnsweredInTimeEndsWithItsAnswer() {
        CompletableFuture<String> call = new CompletableFuture<>();
        CompletableFuture<String> limited = limit(call);
        time.advance(Duration.ofMillis(99));

        call.complete("answer");

        assertThat(limited).isCompletedWithValue("answer");
    }

    @Test
    void aLateCallEndsAtTheLimitAndItsAnswerIsDropped() {
        CompletableFuture<String> call = new CompletableFuture<>();
        CompletableFuture<String> limited = limit(call);
        time.advance(Duration.ofMillis(99));
        assertThat(limited).isNotDone();

        time.advance(Duration.ofMillis(1));
        call.complete("late");

        assertThat(limited)
                .failsWithin(Duration.ZERO)
                .withThrowableThat()
                .havingCause()
                .isInstanceOf(FarUnavailableException.class)
                .withMessageContaining("farBudget PT0.1S");
    }

    @Test
    void aFailureStaysAsItIs() {
        IllegalStateException failure = new IllegalStateException("as told");
        CompletableFuture<String> call = new CompletableFuture<>();
        CompletableFuture<String> limited = limit(call.thenApply(answer -> answer));

        call.completeExceptionally(failure);

        assertThat(limited.handle((value, thrown) -> thrown)).isCompletedWithValue(failure);
    }

    @Test
    void manyLateCallsEndInOneSweepAndEachHasAFailureOfItsOwn() {
        CompletableFuture<String> first = limit(new CompletableFuture<>());
        CompletableFuture<String> second = limit(new CompletableFuture<>());
        assertThat(time.scheduled()).isOne();

        time.advance(LIMIT);

        assertThat(first.handle((value, thrown) -> thrown).join())
                .isNotNull()
                .isNotSameAs(second.handle((value, thrown) -> thrown).join());
    }

    @Test
    void aCallIsGivenUpAtMostATwentiethOfTheLimitLate() {
        begin(new CompletableFuture<>());
        time.advance(Duration.ofMillis(1));
        CompletableFuture<String> second = limit(new CompletableFuture<>());

        time.advance(Duration.ofMillis(104));

        assertThat(second).isCompletedExceptionally();
    }

    @Test
    void nothingIsScheduledOnceTheListWasEmptyAtASweep() {
        CompletableFuture<String> call = new CompletableFuture<>();
        begin(call);
        call.complete("answer");
        assertThat(time.scheduled()).isOne();

        time.advance(LIMIT);
        assertThat(time.scheduled()).isZero();

        CompletableFuture<String> next = limit(new CompletableFuture<>());
        time.advance(LIMIT);
        assertThat(next).isCompletedExceptionally();
        assertThat(time.scheduled()).isZero();
    }

    @Test
    void memoryIsThatOfTheCallsUnderWayHoweverManyEndBehindASlowOne() {
        begin(new CompletableFuture<>());
        for (int i = 0; i < 10_000; i++) {
            CompletableFuture<Integer> call = new CompletableFuture<>();
            begin(call);
            call.complete(i);
        }

        assertThat(limits.pending()).isOne();
        assertThat(time.scheduled()).isOne();
    }

    @Test
    void aCallThatHasEndedAlreadyIsPassedOn() {
        assertThat(limit(CompletableFuture.completedFuture("answer"))).isCompletedWithValue("answer");
        assertThat(limits.pending()).isZero();
    }

    @Test
    void whatACallerDoesOnAFailureMayStartAnotherCall() {
        CompletableFuture<String> retried = limit(new CompletableFuture<String>())
                .handle((value, thrown) -> thrown)
                .thenCompose(thrown -> limit(new CompletableFuture<>()));

        time.advance(LIMIT);
        assertThat(retried).isNotDone();

        time.advance(LIMIT);
        assertThat(retried).isCompletedExceptionally();
    }

    @Test
    void callsThatEndInAnyOrderAllEndByTheLimit() {
        Random random = new Random(42);
        Deque<CompletableFuture<Integer>> open = new ArrayDeque<>();
        List<CompletableFuture<Integer>> all = new ArrayList<>();
        for (int i = 0; i < 20_000; i++) {
            CompletableFuture<Integer> call = new CompletableFuture<>();
            all.add(limit(call));
            switch (random.nextInt(4)) {
                case 0 -> call.complete(i);
                case 1 -> open.addFirst(call);
                case 2 -> open.addLast(call);
                default -> time.advance(Duration.ofMillis(random.nextInt(3)));
            }
            if (!open.isEmpty() && random.nextBoolean()) {
                open.removeFirst().complete(i);
            }
        }
        time.advance(LIMIT.multipliedBy(2));

        assertThat(all).allMatch(CompletableFuture::isDone);
        assertThat(limits.pending()).isZero();
        assertThat(time.scheduled()).isZero();
    }

    @Test
    void wrappersOfFuturesAreTakenOffAndNothingElse() {
        IllegalStateException failure = new IllegalStateException("as told");

        assertThat(Completions.unwrap(new CompletionException(new CompletionException(failure))))
                .isSameAs(failure);
        assertThat(Completions.unwrap(failure)).isSameAs(failure);
        assertThat(Completions.unwrap(null)).isNull();
    }

    private <T> CompletableFuture<T> limit(CompletableFuture<T> call) {
        CompletableFuture<T> limited = new CompletableFuture<>();
        CallEnd<T> end = limits.limit((answer, failure) -> Completions.complete(limited, answer, failure));
        call.whenComplete((answer, thrown) -> end.ended(answer, Completions.unwrap(thrown)));
        return limited;
    }

    private void begin(CompletableFuture<?> call) {
        assertThat(limit(call)).isNotDone();
    }
}
