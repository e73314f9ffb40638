package dev.terrace.cache.spi;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class SampledFarClockTest {

    private static final long EPOCH = 1_700_000_000_000_000L;

    /** Local time begins below zero, as {@code nanoTime} may. */
    private long local = -TimeUnit.HOURS.toNanos(1);

    private long serverAhead;
    private final long start = local;
    private final SampledFarClock clock = new SampledFarClock(() -> local);

    @Test
    void itIsUnknownUntilTheServerTells() {
        assertThat(clock.isKnown()).isFalse();
        assertThat(clock.millis()).isEqualTo(Long.MIN_VALUE);
        assertThat(clock.micros()).isEqualTo(Long.MIN_VALUE);
        ask(10, 10);
        assertThat(clock.isKnown()).isTrue();
    }

    @Test
    void itIsNeverBehindAndAheadByTheTimeToTheServerAtMost() {
        ask(300, 700);
        assertThat(clock.micros() - server()).isEqualTo(300);
        pass(5_000_000);
        assertThat(clock.micros() - server()).isEqualTo(300);
        assertThat(clock.millis()).isEqualTo((server() + 300) / 1_000);
    }

    @Test
    void itSaysHowFarItMayBeAhead() {
        assertThat(clock.leastMicrosAt(local)).isEqualTo(Long.MIN_VALUE);
        ask(300, 700);
        assertThat(clock.leastMicrosAt(local) - server()).isEqualTo(-700);
        pass(1_000_000);
        assertThat(clock.leastMicrosAt(local) - server()).isEqualTo(-700 - 1_000);
    }

    @Test
    void aQuickerAnswerMakesItMorePrecise() {
        ask(300, 700);
        ask(40, 60);
        assertThat(clock.micros() - server()).isEqualTo(40);
    }

    @Test
    void aSlowAnswerThatProvesNothingChangesNothing() {
        ask(40, 60);
        pass(200_000);
        ask(60_000_000, 100);
        assertThat(clock.micros() - server()).isEqualTo(40);
        ask(100, 60_000_000);
        assertThat(clock.micros() - server()).isEqualTo(40);
    }

    @Test
    void afterASlowFirstAnswerTheNextOneSetsIt() {
        ask(2_000_000, 100);
        assertThat(clock.micros() - server()).isEqualTo(2_000_000);
        ask(200, 300);
        assertThat(clock.micros() - server()).isEqualTo(200);
    }

    @Test
    void itFollowsAServerWhoseClockWasPutForward() {
        ask(40, 60);
        serverAhead = TimeUnit.MINUTES.toMicros(15);
        ask(400, 600);
        assertThat(clock.micros() - server()).isBetween(-600L, 400L);
        ask(50, 60);
        assertThat(clock.micros() - server()).isEqualTo(50);
    }

    @Test
    void itFollowsAServerWhoseClockWasPutBack() {
        ask(40, 60);
        serverAhead = -TimeUnit.MINUTES.toMicros(15);
        ask(400, 600);
        assertThat(clock.micros() - server()).isEqualTo(400);
    }

    @Test
    void aSlowAnswerOfAServerWhoseClockWasPutForwardMovesItNoFurtherThanProved() {
        ask(40, 60);
        serverAhead = TimeUnit.MINUTES.toMicros(15);
        ask(5_000_000, 600);
        assertThat(clock.micros() - server()).isEqualTo(-600);
        ask(50, 60);
        assertThat(clock.micros() - server()).isEqualTo(50);
    }

    @Test
    void itFollowsADriftThoughAnswersBecomeSlower() {
        ask(10, 10);
        for (int second = 0; second < 3_600; second++) {
            pass(1_000_000);
            serverAhead += 50;
            ask(150, 150);
            assertThat(clock.micros() - server()).isBetween(-150L, 150L);
        }
    }

    private long server() {
        return EPOCH + serverAhead + TimeUnit.NANOSECONDS.toMicros(local - start);
    }

    private void pass(long micros) {
        local += TimeUnit.MICROSECONDS.toNanos(micros);
    }

    private void ask(long microsThere, long microsBack) {
        long askedAt = local;
        pass(microsThere);
        long told = server();
        pass(microsBack);
        clock.sample(told, askedAt);
    }
}
