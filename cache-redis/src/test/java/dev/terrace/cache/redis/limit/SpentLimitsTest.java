package dev.terrace.cache.redis.limit;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class SpentLimitsTest {

    private static final long START = Long.MAX_VALUE - 1_000;

    private final AtomicLong now = new AtomicLong(START);
    private final SpentLimits spent = new SpentLimits(now::get);

    private void pass(Duration time) {
        now.addAndGet(time.toNanos());
    }

    @Test
    void whatWasRefusedIsRefusedForAsMuchOrMoreUntilItsTime() {
        spent.refused("k", 3, Duration.ofSeconds(2), now.get());
        pass(Duration.ofSeconds(1));
        assertThat(spent.left("k", 3)).isEqualTo(Duration.ofSeconds(1));
        assertThat(spent.left("k", 4)).isEqualTo(Duration.ofSeconds(1));
        assertThat(spent.left("k", 2)).isNull();
        assertThat(spent.left("other", 3)).isNull();
        pass(Duration.ofSeconds(1));
        assertThat(spent.left("k", 3)).isNull();
        assertThat(spent.refusals()).isEqualTo(2);
    }

    @Test
    void itIsBelievedForAWhileOnly() {
        spent.refused("k", 1, Duration.ofDays(36_500), now.get());
        pass(Duration.ofSeconds(4));
        assertThat(spent.left("k", 1)).isGreaterThan(Duration.ofDays(36_499));
        pass(Duration.ofSeconds(1));
        assertThat(spent.left("k", 1)).isNull();
    }

    @Test
    void aFloodOfKeysFindsNoRoomUntilOthersAreOver() {
        for (int i = 0; i < 10_000; i++) {
            spent.refused("k" + i, 1, Duration.ofSeconds(i < 5_000 ? 1 : 3), now.get());
        }
        spent.refused("one more", 1, Duration.ofSeconds(3), now.get());
        assertThat(spent.left("one more", 1)).isNull();
        pass(Duration.ofSeconds(2));
        spent.refused("one more", 1, Duration.ofSeconds(3), now.get());
        assertThat(spent.left("one more", 1)).isEqualTo(Duration.ofSeconds(3));
        assertThat(spent.left("k9999", 1)).isEqualTo(Duration.ofSeconds(1));
        assertThat(spent.left("k0", 1)).isNull();
    }
}
