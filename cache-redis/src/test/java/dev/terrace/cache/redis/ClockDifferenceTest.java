package dev.terrace.cache.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.spi.SampledFarClock;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Times in nanoseconds, of servers in microseconds. */
final class ClockDifferenceTest {

    private static final long EPOCH = 1_700_000_000_000_000L;

    private long local = TimeUnit.HOURS.toNanos(1);
    private final SampledFarClock ours = new SampledFarClock(() -> local);
    private final SampledFarClock theirs = new SampledFarClock(() -> local);
    private final ClockDifference difference = new ClockDifference(theirs);

    @Test
    void untilBothAreKnownThereIsNone() {
        assertThat(millis()).isZero();
        answers(ours, 0, 100);
        assertThat(millis()).isZero();
        assertThat(difference.millisTo(theirs, local)).isZero();
    }

    @Test
    void clocksThatCannotBeToldApartAgree() {
        answers(ours, 0, 50_000);
        answers(theirs, 20_000, 400);
        assertThat(millis()).isZero();
        for (int i = 1; i < 20; i++) {
            answers(ours, 20_000, 300 + i * 37);
            answers(theirs, 20_000, 900 - i * 23);
            assertThat(millis()).isZero();
        }
    }

    @Test
    void clocksThatAreApartAreToldApartAndDoNotWaver() {
        answers(ours, 90_000_000, 400);
        answers(theirs, 0, 300);
        long first = millis();
        assertThat(first).isBetween(89_999L, 90_001L);
        for (int i = 1; i < 20; i++) {
            answers(ours, 90_000_000, 300 + i * 37);
            answers(theirs, 0, 900 - i * 23);
            assertThat(millis()).isEqualTo(first);
        }
        assertThat(new ClockDifference(ours).millisTo(theirs, local)).isBetween(-90_001L, -89_999L);
    }

    @Test
    void aClockThatIsSetIsFollowed() {
        answers(ours, 0, 300);
        answers(theirs, 0, 300);
        assertThat(millis()).isZero();
        answers(theirs, 10_000_000, 300);
        assertThat(millis()).isBetween(-10_001L, -9_999L);
        answers(theirs, 0, 300);
        assertThat(millis()).isBetween(-1L, 1L);
    }

    private long millis() {
        return difference.millisTo(ours, local);
    }

    /** A server that is so far ahead answers after so long, half of it on the way there. */
    private void answers(SampledFarClock clock, long aheadMicros, long doubtMicros) {
        long askedAt = local;
        local += TimeUnit.MICROSECONDS.toNanos(doubtMicros / 2);
        long told = EPOCH + local / 1_000 + aheadMicros;
        local += TimeUnit.MICROSECONDS.toNanos(doubtMicros - doubtMicros / 2);
        clock.sample(told, askedAt);
        local += TimeUnit.MILLISECONDS.toNanos(500);
    }
}
