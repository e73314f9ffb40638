package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class CallerRunnerTest {

    private static final long LONG = Duration.ofSeconds(30).toNanos();

    private final List<Runnable> elsewhere = new ArrayList<>();
    private final List<String> ran = new ArrayList<>();
    private final CallerRunner runner = new CallerRunner(2, task -> {
        elsewhere.add(task);
        return () -> {};
    });

    @AfterEach
    void leaveNoInterruptBehind() {
        Thread.interrupted();
    }

    @Test
    void loadsRunOnTheThreadThatWaits() throws InterruptedException {
        CompletableFuture<Void> future = new CompletableFuture<>();
        runner.start(() -> ran.add(Thread.currentThread().getName()));
        runner.start(() -> future.complete(null));

        assertThat(runner.runUntilDone(future, LONG)).isTrue();
        assertThat(ran).containsExactly(Thread.currentThread().getName());
        assertThat(elsewhere).isEmpty();
    }

    @Test
    void aCallerIsWokenByTheEndOfWhatItWaitsFor() throws Exception {
        CompletableFuture<Void> future = new CompletableFuture<>();
        Thread ending = new Thread(() -> future.complete(null));
        ending.start();

        assertThat(runner.runUntilDone(future, LONG)).isTrue();
        ending.join();
    }

    @Test
    void aLoadThatStartsAnotherFindsRoom() throws InterruptedException {
        CompletableFuture<Void> future = new CompletableFuture<>();
        runner.start(() -> runner.start(() -> future.complete(null)));

        assertThat(runner.runUntilDone(future, LONG)).isTrue();
    }

    @Test
    void theTimeIsOverAtSomeTime() throws InterruptedException {
        assertThat(runner.runUntilDone(new CompletableFuture<>(), 1)).isFalse();
    }

    @Test
    void whatHasNotRunWhenTheCallerLeavesRunsElsewhere() throws InterruptedException {
        CompletableFuture<Void> future = new CompletableFuture<>();
        runner.start(() -> future.complete(null));
        runner.start(() -> ran.add("left over"));

        assertThat(runner.runUntilDone(future, LONG)).isTrue();
        assertThat(ran).isEmpty();
        assertThat(elsewhere).hasSize(1);
        elsewhere.get(0).run();
        assertThat(ran).containsExactly("left over");
    }

    @Test
    void whatIsStartedAfterTheCallerLeftRunsElsewhere() throws InterruptedException {
        runner.runUntilDone(CompletableFuture.completedFuture(null), LONG);
        runner.start(() -> ran.add("late"));

        assertThat(elsewhere).hasSize(1);
    }

    @Test
    void whatFindsNoRoomRunsElsewhere() {
        for (int i = 0; i < 4; i++) {
            runner.start(() -> {});
        }

        assertThat(elsewhere).hasSize(1);
    }

    @Test
    void aCallerThatIsInterruptedLeaves() {
        runner.start(() -> ran.add("for others"));
        Thread.currentThread().interrupt();

        assertThatThrownBy(() -> runner.runUntilDone(new CompletableFuture<>(), LONG))
                .isInstanceOf(InterruptedException.class);
        assertThat(elsewhere).hasSize(1);
    }

    @Test
    void aLoadThatIsCancelledBeforeItRunsDoesNot() throws InterruptedException {
        CompletableFuture<Void> future = new CompletableFuture<>();
        runner.start(() -> ran.add("cancelled")).cancel();
        runner.start(() -> future.complete(null));
        runner.runUntilDone(future, LONG);

        assertThat(ran).isEmpty();
    }
}
