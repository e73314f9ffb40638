package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.terrace.cache.Scheduler.Cancellable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class ManualTimeTest {

    private final ManualTime time = new ManualTime();
    private final List<String> ran = new ArrayList<>();

    @Test
    void timeStandsStillUntilItIsMoved() {
        assertThat(time.nanos()).isZero();

        time.advance(Duration.ofMillis(3));

        assertThat(time.nanos()).isEqualTo(3_000_000);
    }

    @Test
    void tasksRunInTheOrderOfTheirTimesAndSeeThem() {
        time.schedule(() -> note("b"), Duration.ofMillis(2));
        time.schedule(() -> note("a"), Duration.ofMillis(1));
        time.schedule(() -> note("c"), Duration.ofMillis(2));

        time.advance(Duration.ofMillis(5));

        assertThat(ran).containsExactly("a@1", "b@2", "c@2");
        assertThat(time.nanos()).isEqualTo(5_000_000);
    }

    @Test
    void aTaskThatIsNotDueWaits() {
        time.schedule(() -> note("a"), Duration.ofMillis(2));

        time.advance(Duration.ofMillis(1));
        assertThat(ran).isEmpty();
        assertThat(time.scheduled()).isOne();

        time.advance(Duration.ofMillis(1));
        assertThat(ran).containsExactly("a@2");
        assertThat(time.scheduled()).isZero();
    }

    @Test
    void whatATaskSchedulesRunsInTheSameAdvanceIfItFallsDue() {
        time.schedule(
                () -> {
                    note("a");
                    time.schedule(() -> note("b"), Duration.ofMillis(1));
                    time.schedule(() -> note("late"), Duration.ofMillis(9));
                },
                Duration.ofMillis(1));

        time.advance(Duration.ofMillis(5));

        assertThat(ran).containsExactly("a@1", "b@2");
    }

    @Test
    void aTaskOfNoDelayRunsWhenDueOnesAreRun() {
        time.schedule(() -> note("a"), Duration.ZERO);
        assertThat(ran).isEmpty();

        time.runDue();

        assertThat(ran).containsExactly("a@0");
    }

    @Test
    void aCancelledTaskDoesNotRun() {
        Cancellable task = time.schedule(() -> note("a"), Duration.ofMillis(1));

        task.cancel();
        task.cancel();
        time.advance(Duration.ofMillis(5));

        assertThat(ran).isEmpty();
    }

    @Test
    void aTaskThatThrowsStopsTimeWhereItIs() {
        time.schedule(
                () -> {
                    throw new IllegalStateException("as told");
                },
                Duration.ofMillis(2));

        assertThatIllegalStateException().isThrownBy(() -> time.advance(Duration.ofMillis(5)));
        assertThat(time.nanos()).isEqualTo(2_000_000);
    }

    @Test
    void manyThreadsMayScheduleAndAdvance() throws InterruptedException, ExecutionException {
        AtomicInteger count = new AtomicInteger();
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<?>> done = new ArrayList<>();
            for (int thread = 0; thread < 4; thread++) {
                done.add(threads.submit(() -> {
                    for (int i = 0; i < 1_000; i++) {
                        time.schedule(count::incrementAndGet, Duration.ofMillis(i % 7));
                        time.advance(Duration.ofMillis(1));
                    }
                }));
            }
            for (Future<?> each : done) {
                each.get();
            }
        } finally {
            threads.shutdownNow();
        }
        time.advance(Duration.ofMillis(7));

        assertThat(count).hasValue(4_000);
        assertThat(time.nanos()).isEqualTo(Duration.ofMillis(4_007).toNanos());
    }

    private void note(String task) {
        ran.add(task + "@" + Duration.ofNanos(time.nanos()).toMillis());
    }
}
