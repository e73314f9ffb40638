package dev.terrace.cache.redis.journal;

import java.nio.ByteBuffer;
import java.util.zip.CRC32;

/** How a record lies in a stream: a byte for the format, a checksum of the rest, the rest. */
final class Frame {

    static final String FIELD = "r";

    private static final byte FORMAT = 1;
    private static final int HEADER = 1 + Integer.BYTES;

    private Frame() {}

    static byte[] of(byte[] record) {
        return ByteBuffer.allocate(HEADER + record.length)
                .put(FORMAT)
                .putInt(checksum(record, 0))
                .put(record)
                .array();
    }

    /** @throws IllegalArgumentException if it is none of ours, or not as it was written */
    static byte[] content(byte[] frame) {
        if (frame.length < HEADER) {
            throw new IllegalArgumentException("it has " + frame.length + " bytes, which is too few");
        }
        ByteBuffer bytes = ByteBuffer.wrap(frame);
        byte format = bytes.get();
        if (format != FORMAT) {
            throw new IllegalArgumentException("it is of format " + format + "; format " + FORMAT + " can be read");
        }
        if (bytes.getInt() != checksum(frame, HEADER)) {
            throw new IllegalArgumentException("it is damaged: its checksum is another");
        }
        byte[] record = new byte[bytes.remaining()];
        bytes.get(record);
        return record;
    }

    private static int checksum(byte[] bytes, int from) {
        CRC32 crc = new CRC32();
        crc.update(bytes, from, bytes.length - from);
        return (int) crc.getValue();
    }
}
