package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class InterruptibleTaskTest {

    @AfterEach
    void leaveNoInterruptBehind() {
        Thread.interrupted();
    }

    @Test
    void itRunsItsTask() {
        AtomicInteger runs = new AtomicInteger();
        new InterruptibleTask(runs::incrementAndGet).run();

        assertThat(runs).hasValue(1);
    }

    @Test
    void cancelledBeforeItRunsItDoesNothing() {
        AtomicInteger runs = new AtomicInteger();
        InterruptibleTask task = new InterruptibleTask(runs::incrementAndGet);
        task.cancel();
        task.run();

        assertThat(runs).hasValue(0);
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }

    @Test
    void cancelledWhileItRunsItsThreadIsInterrupted() throws Exception {
        CountDownLatch running = new CountDownLatch(1);
        CompletableFuture<String> ended = new CompletableFuture<>();
        InterruptibleTask task = new InterruptibleTask(() -> {
            running.countDown();
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                ended.complete("interrupted");
            }
        });
        Thread thread = new Thread(() -> {
            task.run();
            ended.complete("ended");
        });
        thread.start();
        running.await();
        task.cancel();

        assertThat(ended.get(10, TimeUnit.SECONDS)).isEqualTo("interrupted");
        thread.join(10_000);
        assertThat(thread.isAlive()).isFalse();
    }

    @Test
    void anInterruptThatTheTaskDidNotNoticeIsNotForWhatItsThreadDoesNext() {
        InterruptibleTask[] task = new InterruptibleTask[1];
        task[0] = new InterruptibleTask(() -> task[0].cancel());
        task[0].run();

        assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }

    @Test
    void anInterruptOfSomebodyElseStays() {
        new InterruptibleTask(() -> Thread.currentThread().interrupt()).run();

        assertThat(Thread.currentThread().isInterrupted()).isTrue();
    }

    @Test
    void cancelledAfterItsEndItInterruptsNobody() {
        InterruptibleTask task = new InterruptibleTask(() -> {});
        task.run();
        task.cancel();

        assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }

    @Test
    void aTaskThatThrowsHasEndedAllTheSame() {
        InterruptibleTask task = new InterruptibleTask(() -> {
            throw new IllegalStateException("as told");
        });

        assertThatThrownBy(task::run).hasMessage("as told");
        task.cancel();
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }
}
