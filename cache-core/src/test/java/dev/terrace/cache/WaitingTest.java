package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class WaitingTest {

    private final Waiting waiting = new Waiting("products", Duration.ofSeconds(30));
    private final Waiting hasty = new Waiting("products", Duration.ofNanos(1));

    @AfterEach
    void leaveNoInterruptBehind() {
        Thread.interrupted();
    }

    @Test
    void theResultIsPassedOnAlsoWhereItIsNothing() {
        assertThat(waiting.waitFor(CompletableFuture.completedFuture("a"), null))
                .isEqualTo("a");
        assertThat(waiting.<String>waitFor(CompletableFuture.completedFuture(null), null))
                .isNull();
    }

    @Test
    void aFailureIsThrownAsItIsHoweverOftenItWasWrapped() {
        IllegalStateException failure = new IllegalStateException("as told");
        AssertionError error = new AssertionError("as told");

        assertThatThrownBy(() -> waiting.waitFor(failed(failure), null)).isSameAs(failure);
        assertThatThrownBy(() -> waiting.waitFor(failed(new CompletionException(failure)), null))
                .isSameAs(failure);
        assertThatThrownBy(() -> waiting.waitFor(failed(error), null)).isSameAs(error);
        assertThatThrownBy(() -> waiting.waitFor(failed(new IOException("checked")), null))
                .isInstanceOf(IllegalStateException.class)
                .hasCauseInstanceOf(IOException.class);
    }

    private static CompletableFuture<String> failed(Throwable failure) {
        return CompletableFuture.failedFuture(failure);
    }

    @Test
    void theWaitEndsAtItsBound() {
        assertThatThrownBy(() -> hasty.waitFor(new CompletableFuture<>(), null))
                .isInstanceOf(LoadTimeoutException.class)
                .hasMessageContaining("products");
        assertThatThrownBy(() -> hasty.waitFor(new CompletableFuture<>(), new CallerRunner(1, task -> () -> {})))
                .isInstanceOf(LoadTimeoutException.class);
    }

    @Test
    void anInterruptEndsTheWaitAndIsKept() {
        Thread.currentThread().interrupt();

        assertThatThrownBy(() -> waiting.waitFor(new CompletableFuture<>(), null))
                .isInstanceOf(CallerInterruptedException.class);
        assertThat(Thread.currentThread().isInterrupted()).isTrue();
        assertThatThrownBy(() -> waiting.waitFor(new CompletableFuture<>(), new CallerRunner(1, task -> () -> {})))
                .isInstanceOf(CallerInterruptedException.class);
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void loadsRunOnTheWaitingThreadWhereThereIsARunner() {
        CallerRunner runner = new CallerRunner(1, task -> () -> {});
        CompletableFuture<Thread> ranOn = new CompletableFuture<>();
        runner.start(() -> ranOn.complete(Thread.currentThread()));

        assertThat(waiting.waitFor(ranOn, runner)).isSameAs(Thread.currentThread());
    }
}
