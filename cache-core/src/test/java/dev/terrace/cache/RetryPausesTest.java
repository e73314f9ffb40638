package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

final class RetryPausesTest {

    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    private final RetryPauses<Long> pauses = new RetryPauses<>(Duration.ofSeconds(1), Duration.ofSeconds(30), () -> 0);

    @Test
    void aKeyIsPausedAfterAFailureAndForTwiceAsLongAfterTheNext() {
        pauses.failed(7L, 0);

        assertThat(pauses.isPaused(7L, SECOND - 1)).isTrue();
        assertThat(pauses.isPaused(7L, SECOND)).isFalse();
        pauses.failed(7L, SECOND);
        assertThat(pauses.isPaused(7L, 3 * SECOND - 1)).isTrue();
        assertThat(pauses.isPaused(7L, 3 * SECOND)).isFalse();
    }

    @Test
    void noPauseIsShorterThanTheFirst() {
        RetryPauses<Long> jittered = new RetryPauses<>(Duration.ofSeconds(1), Duration.ofSeconds(30), () -> 0.999);
        jittered.failed(7L, 0);

        assertThat(jittered.isPaused(7L, SECOND - 1)).isTrue();
        assertThat(jittered.isPaused(7L, SECOND)).isFalse();
        LongStream.range(0, 100_000).forEach(key -> jittered.failed(key, 0));
        assertThat(LongStream.range(0, 100_000).filter(key -> !jittered.isPaused(key, SECOND - 1)))
                .isEmpty();
    }

    @Test
    void laterPausesAreShortenedAtRandomByATenthAtMost() {
        RetryPauses<Long> jittered = new RetryPauses<>(Duration.ofSeconds(1), Duration.ofSeconds(30), () -> 0.5);
        jittered.failed(7L, 0);
        jittered.failed(7L, 0);

        assertThat(jittered.isPaused(7L, SECOND * 19 / 10 - 1)).isTrue();
        assertThat(jittered.isPaused(7L, SECOND * 19 / 10)).isFalse();
    }

    @Test
    void noPauseIsLongerThanTheLongest() {
        for (int failures = 0; failures < 100; failures++) {
            pauses.failed(7L, 0);
        }

        assertThat(pauses.isPaused(7L, 30 * SECOND - 1)).isTrue();
        assertThat(pauses.isPaused(7L, 30 * SECOND)).isFalse();
    }

    @Test
    void aSuccessEndsThePauseAndTheDoubling() {
        pauses.failed(7L, 0);
        pauses.failed(7L, 0);
        pauses.succeeded(7L);

        assertThat(pauses.isPaused(7L, 1)).isFalse();
        pauses.failed(7L, 0);
        assertThat(pauses.isPaused(7L, SECOND)).isFalse();
    }

    @Test
    void aFewKeysThatFailPauseNoOther() {
        LongStream.range(0, 500).forEach(key -> pauses.failed(key, 0));

        assertThat(LongStream.range(0, 500).filter(key -> pauses.isPaused(key, 1)))
                .hasSize(500);
        assertThat(LongStream.range(500, 100_000).filter(key -> pauses.isPaused(key, 1)))
                .isEmpty();
    }

    @Test
    void howeverManyKeysFailAtOnceNoneIsTriedAgainAtOnce() {
        long keys = 100_000;
        LongStream.range(0, keys).forEach(key -> pauses.failed(key, 0));

        assertThat(LongStream.range(0, keys).filter(key -> !pauses.isPaused(key, 1)))
                .isEmpty();
        assertThat(LongStream.range(0, keys).filter(key -> pauses.isPaused(key, SECOND)))
                .isEmpty();
    }

    @Test
    void oneSuccessEndsThePauseThatManyKeysShare() {
        LongStream.range(0, 100_000).forEach(key -> pauses.failed(key, 0));
        LongStream.range(0, 100_000).forEach(pauses::succeeded);

        assertThat(LongStream.range(0, 100_000).filter(key -> pauses.isPaused(key, 1)))
                .isEmpty();
    }
}
