package dev.terrace.cache.memcached;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class ServerClockTest {

    private static final long SECOND = 1_000_000;
    private static final long OFFSET = 1_700_000_000_456_789L;

    private long nanos = TimeUnit.SECONDS.toNanos(77);
    private final ServerClock clock = new ServerClock(() -> nanos);

    @Test
    void itIsNotKnownAtFirst() {
        assertThat(clock.micros()).isEqualTo(Long.MIN_VALUE);
    }

    @Test
    void oneAnswerTellsItToHalfASecondAndAFewWellTimedOnesToTwentyMilliseconds() {
        answer(200);
        assertThat(clock.micros() - serverMicros()).isBetween(-SECOND / 2 - 200, SECOND / 2 + 200);
        int looks = 0;
        while (clock.doubt() >= 20_000) {
            pass(clock.untilTurn());
            answer(200);
            looks++;
        }
        assertThat(looks).isLessThanOrEqualTo(7);
        assertThat(Math.abs(clock.micros() - serverMicros())).isLessThan(20_000);
    }

    @Test
    void aSlowAnswerDoesNotMoveItMoreThanItProves() {
        while (clock.doubt() >= 20_000) {
            pass(clock.untilTurn());
            answer(100);
        }
        long before = clock.micros() - serverMicros();
        answer(60 * SECOND);
        assertThat(Math.abs(clock.micros() - serverMicros() - before)).isLessThan(20_000);
    }

    @Test
    void aServerWhoseClockWasSetIsBelieved() {
        answer(100);
        clock.sample(1_000, nanos - 1_000);
        assertThat(clock.micros()).isBetween(1_000 * SECOND, 1_001 * SECOND);
    }

    @Test
    void twoClocksDifferOnlyWhereThatIsProven() {
        ServerClock other = new ServerClock(() -> nanos);
        answer(100);
        other.sample(serverMicros() / SECOND + 1, nanos - 1_000);
        assertThat(other.leastAheadOf(clock)).isLessThan(SECOND);
        other.sample(serverMicros() / SECOND + 3_600, nanos - 1_000);
        assertThat(other.leastAheadOf(clock)).isGreaterThan(3_000 * SECOND);
        assertThat(clock.leastAheadOf(other)).isNegative();
    }

    private long serverMicros() {
        return nanos / 1_000 + OFFSET;
    }

    /** The server answers somewhere in between. */
    private void answer(long micros) {
        long askedAt = nanos;
        long first = ThreadLocalRandom.current().nextLong(micros + 1);
        pass(first);
        long told = serverMicros() / SECOND;
        pass(micros - first);
        clock.sample(told, askedAt);
    }

    private void pass(long micros) {
        nanos += micros * 1_000;
    }
}
