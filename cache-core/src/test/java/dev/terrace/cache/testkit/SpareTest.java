package dev.terrace.cache.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class SpareTest {

    private final AtomicInteger started = new AtomicInteger();
    private final BlockingQueue<Integer> done = new LinkedBlockingQueue<>();

    @Test
    void nothingIsStartedForWhoWantsOne() {
        Spare<Integer> spare = new Spare<>("spare", this::start);
        assertThat(spare.take()).isEqualTo(1);
        assertThat(started).hasValue(1);
    }

    @Test
    void theNextOneIsThereForWhoWantsOneAgainAndAgain() throws InterruptedException {
        Spare<Integer> spare = new Spare<>("spare", this::start);
        assertThat(spare.take()).isEqualTo(1);
        int second = spare.take();
        done.poll(10, TimeUnit.SECONDS);
        done.poll(10, TimeUnit.SECONDS);
        Integer prepared = done.poll(10, TimeUnit.SECONDS);
        assertThat(prepared).isNotNull();
        assertThat(spare.take()).isNotEqualTo(second).isIn(2, 3);
    }

    @Test
    void whatCouldNotBePreparedIsStartedWhenItIsWanted() {
        Spare<Integer> spare = new Spare<>("spare", () -> {
            if (Thread.currentThread().getName().equals("spare")) {
                throw new IllegalStateException("no port");
            }
            return start();
        });
        for (int i = 1; i <= 5; i++) {
            assertThat(spare.take()).isEqualTo(i);
        }
        Spare<Integer> never = new Spare<>("spare", () -> {
            throw new IllegalStateException("no server");
        });
        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(never::take).hasMessage("no server");
        }
    }

    private int start() {
        int number = started.incrementAndGet();
        done.add(number);
        return number;
    }
}
