package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

final class CoarseTickerTest {

    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 10);
    private final AtomicReference<Thread> thread = new AtomicReference<>();
    private final CoarseTicker ticker = new CoarseTicker(() -> {
        if (Thread.currentThread().getName().equals("terrace-ticker")) {
            thread.set(Thread.currentThread());
        }
        return clock.get();
    });

    @Test
    void timeStartsAtZeroAndNeverIsNegativeAlsoWhereTheClockWrapsAround() {
        assertThat(ticker.nanos()).isZero();
        clock.addAndGet(100);

        try (CoarseTicker.Hold hold = ticker.acquire()) {
            assertThat(hold.ticker().nanos()).isEqualTo(100);
        }
    }

    @Test
    void timeGoesOnWhileItIsHeld() {
        try (CoarseTicker.Hold hold = ticker.acquire()) {
            Ticker time = hold.ticker();
            clock.addAndGet(5);
            Eventually.holds("time goes on", () -> time.nanos() == 5);
        }
    }

    @Test
    void aJumpOfTheClockIsSeenAtTheNextTick() {
        try (CoarseTicker.Hold hold = ticker.acquire()) {
            Ticker time = hold.ticker();
            clock.addAndGet(3_600_000_000_000L);
            Eventually.holds("the jump is seen", () -> time.nanos() == 3_600_000_000_000L);
        }
    }

    @Test
    void aClockThatGoesBackDoesNotTakeTimeBack() {
        clock.addAndGet(50);
        try (CoarseTicker.Hold hold = ticker.acquire()) {
            assertThat(hold.ticker().nanos()).isEqualTo(50);
            clock.addAndGet(-20);
        }
        try (CoarseTicker.Hold hold = ticker.acquire()) {
            assertThat(hold.ticker().nanos()).isEqualTo(50);
        }
    }

    @Test
    void theThreadEndsWithTheLastHold() {
        CoarseTicker.Hold first = ticker.acquire();
        CoarseTicker.Hold second = ticker.acquire();
        Eventually.holds("the thread runs", () -> thread.get() != null);

        first.close();
        first.close();
        clock.addAndGet(7);
        Eventually.holds("the second hold keeps it", () -> ticker.nanos() == 7);

        second.close();
        Eventually.holds("the thread ends", () -> !thread.get().isAlive());
    }

    @Test
    void whoeverHoldsItAgainGetsTheTimeThatPassedMeanwhile() {
        ticker.acquire().close();
        clock.addAndGet(1_000);
        assertThat(ticker.nanos()).isZero();

        try (CoarseTicker.Hold hold = ticker.acquire()) {
            assertThat(hold.ticker().nanos()).isEqualTo(1_000);
            clock.addAndGet(1);
            Eventually.holds("time goes on", () -> ticker.nanos() == 1_001);
        }
    }

    @Test
    void theThreadKeepsNothingOfTheOneThatStartedIt() throws InterruptedException {
        ClassLoader application = new ClassLoader() {};
        Thread caller = new Thread(() -> {
            CoarseTicker.Hold hold = ticker.acquire();
            Eventually.holds("the thread runs", () -> thread.get() != null);
            assertThat(thread.get().getContextClassLoader()).isSameAs(CoarseTicker.class.getClassLoader());
            assertThat(thread.get().isDaemon()).isTrue();
            hold.close();
        });
        AtomicReference<Throwable> failure = new AtomicReference<>();
        caller.setUncaughtExceptionHandler((thread, thrown) -> failure.set(thrown));
        caller.setContextClassLoader(application);
        caller.start();
        caller.join();

        assertThat(failure).hasNullValue();
    }

    @Test
    void anInterruptOfTheThreadDoesNotStopTime() {
        try (CoarseTicker.Hold hold = ticker.acquire()) {
            Ticker time = hold.ticker();
            Eventually.holds("the thread runs", () -> thread.get() != null);
            thread.get().interrupt();
            clock.addAndGet(9);
            Eventually.holds("time goes on", () -> time.nanos() == 9);
        }
    }

    @Test
    void theSharedOneFollowsTheClockOfTheSystem() {
        try (CoarseTicker.Hold hold = CoarseTicker.shared().acquire()) {
            Ticker time = hold.ticker();
            long systemStart = System.nanoTime();
            long start = time.nanos();
            Eventually.holds("20 ms have passed", () -> time.nanos() - start >= 20_000_000);
            assertThat(System.nanoTime() - systemStart).isGreaterThan(15_000_000);
        }
    }
}
