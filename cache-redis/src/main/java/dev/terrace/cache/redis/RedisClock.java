package dev.terrace.cache.redis;

import dev.terrace.cache.spi.FarClock;
import java.util.List;

/** The server's clock by its last reply to {@code TIME} and the monotonic time since. */
final class RedisClock implements FarClock {

    private static final long UNKNOWN = Long.MIN_VALUE;

    /** Server µs minus local monotonic µs. */
    private volatile long offset = UNKNOWN;

    /**
     * @param reply seconds and µs
     * @param askedAt local monotonic nanoseconds when the question was sent, so that the clock is rather early than late
     */
    void set(List<byte[]> reply, long askedAt) {
        offset = number(reply.get(0)) * 1_000_000 + number(reply.get(1)) - askedAt / 1_000;
    }

    private static long number(byte[] digits) {
        long number = 0;
        for (byte digit : digits) {
            number = number * 10 + (digit - '0');
        }
        return number;
    }

    boolean isKnown() {
        return offset != UNKNOWN;
    }

    /** Only while the clock is known. */
    long micros() {
        return offset + System.nanoTime() / 1_000;
    }

    @Override
    public long millis() {
        return isKnown() ? micros() / 1_000 : Long.MIN_VALUE;
    }
}
