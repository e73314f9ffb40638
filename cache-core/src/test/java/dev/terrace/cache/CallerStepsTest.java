package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrace.cache.testkit.OwnThread;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class CallerStepsTest {

    private static final long LONG = Duration.ofSeconds(30).toNanos();

    private final Thread caller = Thread.currentThread();
    private final List<Runnable> loads = new ArrayList<>();
    private final List<Thread> ran = Collections.synchronizedList(new ArrayList<>());
    private final CallerSteps steps = new CallerSteps(task -> {
        loads.add(task);
        return () -> {};
    });

    @AfterEach
    void leaveNoInterruptBehind() {
        Thread.interrupted();
    }

    private void ran() {
        ran.add(Thread.currentThread());
    }

    private void awaitWaiting() {
        while (caller.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aStepRunsOnTheThreadThatWaits() throws Exception {
        CompletableFuture<Void> future = new CompletableFuture<>();
        CompletableFuture<Void> driver = OwnThread.run(() -> {
            awaitWaiting();
            steps.step(() -> {
                ran();
                future.complete(null);
            });
        });
        assertThat(steps.runUntilDone(future, LONG)).isTrue();
        assertThat(ran).containsExactly(caller);
        driver.get(30, TimeUnit.SECONDS);
    }

    @Test
    void aStepOfTheCallersOwnRunsAtOnce() {
        steps.step(this::ran);
        assertThat(ran).containsExactly(Thread.currentThread());
        assertThat(steps.isCallers()).isTrue();
    }

    @Test
    void aStepThatComesBeforeTheCallerWaitsRunsWhereItComes() throws Exception {
        OwnThread.run(() -> steps.step(this::ran)).get(30, TimeUnit.SECONDS);
        assertThat(ran).hasSize(1).doesNotContain(caller);
    }

    @Test
    void ofTwoStepsThatComeDuringAnotherOneWaitsAndOneRunsWhereItComes() throws Exception {
        CompletableFuture<Void> future = new CompletableFuture<>();
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch given = new CountDownLatch(1);
        CompletableFuture<Void> driver = OwnThread.run(() -> {
            awaitWaiting();
            steps.step(() -> {
                begun.countDown();
                await(given);
                // What was given meanwhile is run all the same.
                future.complete(null);
            });
            await(begun);
            steps.step(this::ran);
            assertThat(ran).isEmpty();
            steps.step(this::ran);
            assertThat(ran).containsExactly(Thread.currentThread());
            given.countDown();
        });
        assertThat(steps.runUntilDone(future, LONG)).isTrue();
        driver.get(30, TimeUnit.SECONDS);
        assertThat(ran).hasSize(2).endsWith(caller);
    }

    @Test
    void aCallerIsWokenByTheEndOfWhatItWaitsFor() throws Exception {
        CompletableFuture<Void> future = new CompletableFuture<>();
        CompletableFuture<Void> ending = OwnThread.run(() -> future.complete(null));
        assertThat(steps.runUntilDone(future, LONG)).isTrue();
        ending.get(30, TimeUnit.SECONDS);
    }

    @Test
    void aStepThatComesAfterTheCallerHasLeftRunsWhereItComes() throws Exception {
        assertThat(steps.runUntilDone(new CompletableFuture<>(), 1)).isFalse();
        OwnThread.run(() -> steps.step(this::ran)).get(30, TimeUnit.SECONDS);
        assertThat(ran).hasSize(1).doesNotContain(caller);
    }

    @Test
    void anInterruptEndsTheWait() throws Exception {
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> steps.runUntilDone(new CompletableFuture<>(), LONG))
                .isInstanceOf(InterruptedException.class);
        OwnThread.run(() -> steps.step(this::ran)).get(30, TimeUnit.SECONDS);
        assertThat(ran).hasSize(1);
    }

    @Test
    void loadsRunElsewhere() {
        steps.start(() -> {});
        assertThat(loads).hasSize(1);
    }

    @Test
    void noStepIsLostWhereItsCallerLeaves() throws Exception {
        for (int round = 0; round < 2_000; round++) {
            CompletableFuture<Void> future = new CompletableFuture<>();
            CallerSteps one = new CallerSteps(task -> () -> {});
            CompletableFuture<Void> driver = OwnThread.run(() -> one.step(() -> future.complete(null)));
            one.runUntilDone(future, round * 100L);
            driver.get(30, TimeUnit.SECONDS);
            // Run by one of the two, who are both through with it.
            assertThat(future).isDone();
        }
    }
}
