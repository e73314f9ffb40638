package dev.terrace.cache.memcached;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** A value of which the length was announced. Room for a large one is made as it comes: announcing costs a server nothing. */
final class Arriving {

    private static final int FIRST_ROOM = 1 << 20;

    private final int length;
    private byte[] bytes;
    private int filled;

    Arriving(int length) {
        this.length = length;
        this.bytes = new byte[Math.min(length, FIRST_ROOM)];
    }

    /** Takes what is there; returns whether that was the rest. */
    boolean fill(ByteBuffer in) {
        while (filled < length && in.hasRemaining()) {
            if (filled == bytes.length) {
                bytes = Arrays.copyOf(bytes, (int) Math.min(length, 2L * filled));
            }
            int part = Math.min(in.remaining(), bytes.length - filled);
            in.get(bytes, filled, part);
            filled += part;
        }
        return filled == length;
    }

    /** All of it, once it is there. */
    byte[] bytes() {
        return bytes;
    }
}
