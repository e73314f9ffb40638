package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

final class SharedSchedulerTest {

    private static final Duration SOON = Duration.ofMillis(1);
    private static final Duration NEVER = Duration.ofDays(1);

    private final SharedScheduler scheduler = new SharedScheduler();

    @Test
    void aTaskRunsAfterItsDelayOnADaemonThreadOfOurs() {
        try (SharedScheduler.Hold hold = scheduler.acquire()) {
            CompletableFuture<Thread> ran = new CompletableFuture<>();
            long start = System.nanoTime();
            hold.schedule(() -> ran.complete(Thread.currentThread()), Duration.ofMillis(20));

            Thread thread = ran.orTimeout(20, TimeUnit.SECONDS).join();

            assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(20_000_000);
            assertThat(thread.getName()).startsWith("terrace-scheduler-");
            assertThat(thread.isDaemon()).isTrue();
            assertThat(thread.getContextClassLoader()).isSameAs(SharedScheduler.class.getClassLoader());
        }
    }

    @Test
    void aCancelledTaskDoesNotRun() {
        try (SharedScheduler.Hold hold = scheduler.acquire()) {
            AtomicBoolean ran = new AtomicBoolean();
            Scheduler.Cancellable task = hold.schedule(() -> ran.set(true), Duration.ofMillis(5));
            task.cancel();
            task.cancel();

            afterwards(hold, Duration.ofMillis(10));

            assertThat(ran).isFalse();
        }
    }

    @Test
    void aTaskThatThrowsDoesNotHarmTheNext() {
        try (SharedScheduler.Hold hold = scheduler.acquire();
                LogCapture log = new LogCapture()) {
            hold.schedule(
                    () -> {
                        throw new AssertionError("as told");
                    },
                    SOON);

            afterwards(hold, Duration.ofMillis(5));

            assertThat(log.lines()).singleElement().asString().contains("A scheduled task failed");
        }
    }

    @Test
    void nothingStartsForAHoldThatIsClosedThoughAnotherIsOpen() {
        try (SharedScheduler.Hold open = scheduler.acquire()) {
            SharedScheduler.Hold closed = scheduler.acquire();
            AtomicBoolean ran = new AtomicBoolean();
            closed.schedule(() -> ran.set(true), Duration.ofMillis(5));
            closed.close();
            closed.close();
            closed.schedule(() -> ran.set(true), SOON).cancel();

            afterwards(open, Duration.ofMillis(10));

            assertThat(ran).isFalse();
        }
    }

    @Test
    void theThreadEndsWithTheLastHoldAndStartsAgainWithTheNext() {
        SharedScheduler.Hold first = scheduler.acquire();
        SharedScheduler.Hold second = scheduler.acquire();
        first.schedule(() -> {}, NEVER);
        Thread thread = afterwards(first, SOON);

        first.close();
        assertThat(afterwards(second, SOON)).isSameAs(thread);

        second.close();
        Eventually.holds("the thread ends", () -> !thread.isAlive());

        try (SharedScheduler.Hold again = scheduler.acquire()) {
            assertThat(afterwards(again, SOON)).isNotSameAs(thread);
        }
    }

    @Test
    void theLastCloseDoesNotInterruptATaskThatRuns() {
        SharedScheduler.Hold hold = scheduler.acquire();
        CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
        hold.schedule(
                () -> {
                    hold.close();
                    interrupted.complete(Thread.currentThread().isInterrupted());
                },
                SOON);

        assertThat(interrupted.orTimeout(20, TimeUnit.SECONDS).join()).isFalse();
    }

    private static Thread afterwards(Scheduler scheduler, Duration delay) {
        CompletableFuture<Thread> ran = new CompletableFuture<>();
        scheduler.schedule(() -> ran.complete(Thread.currentThread()), delay);
        return ran.orTimeout(20, TimeUnit.SECONDS).join();
    }
}
