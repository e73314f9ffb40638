package dev.terrace.cache.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

final class CloseDeadlineTest {

    private static final Duration LONGEST = Duration.ofSeconds(10);

    private long now = Long.MAX_VALUE - 5;

    @Test
    void whatOneWaitTakesTheNextHasNotAnyMore() {
        CloseDeadline deadline = new CloseDeadline(() -> now, LONGEST, true);
        assertThat(deadline.toWrite()).isEqualTo(Duration.ofSeconds(9));
        assertThat(deadline.toEnd()).isEqualTo(LONGEST);

        now += Duration.ofSeconds(4).toNanos();
        assertThat(deadline.toWrite()).isEqualTo(Duration.ofSeconds(5));

        now += deadline.toWrite().toNanos();
        assertThat(deadline.toWrite()).isZero();
        assertThat(deadline.toEnd()).as("for those who are interrupted").isEqualTo(Duration.ofSeconds(1));

        now += Duration.ofHours(1).toNanos();
        assertThat(deadline.toWrite()).isZero();
        assertThat(deadline.toEnd()).isZero();
    }

    @Test
    void whereNobodyWaitsForWritersAllOfItIsForWriting() {
        CloseDeadline deadline = new CloseDeadline(() -> now, LONGEST, false);
        assertThat(deadline.toWrite()).isEqualTo(LONGEST);
    }
}
