package dev.terrace.cache.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class RareLineTest {

    private long now = Long.MAX_VALUE - 1;

    @Test
    void oneLineInTenSecondsSaysHowManyWereHeldBack() {
        RareLine line = new RareLine(() -> now);
        List<Long> lines = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            line.log(lines::add);
        }
        now += Duration.ofSeconds(10).toNanos() - 1;
        line.log(lines::add);
        assertThat(lines).containsExactly(0L);
        now++;
        line.log(lines::add);
        line.log(lines::add);
        now += Duration.ofMinutes(1).toNanos();
        line.log(lines::add);
        assertThat(lines).containsExactly(0L, 5L, 1L);
    }
}
