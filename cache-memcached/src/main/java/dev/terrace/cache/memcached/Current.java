package dev.terrace.cache.memcached;

import dev.terrace.cache.spi.FarReading;
import dev.terrace.cache.spi.FarRecord;
import dev.terrace.cache.spi.RecordFormat;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What is under a name at the moment.
 *
 * @param link over which it was found
 * @param cas the item's CAS id, 0 where there is none
 * @param state what it is
 * @param flags as stored with it
 * @param secondsLeft its remaining time to live, or {@link Reply.Item#UNKNOWN}
 * @param reading the record or its header, times as the server has them; null where neither was asked for nor known
 */
record Current(
        Link link,
        long cas,
        State state,
        int flags,
        int secondsLeft,
        @Nullable FarReading reading) {

    private static final byte[] NOTHING = {};

    enum State {
        /** There is no item. */
        NOTHING,
        /** An empty item that this node has just left. */
        OUR_STUB,
        /** An empty item that somebody left for a lease. */
        STUB,
        /** Something with bytes. */
        ITEM
    }

    boolean isAbsent() {
        return state != State.ITEM;
    }

    /** The record or its header, if there is one. */
    @Nullable
    FarRecord record() {
        return reading instanceof FarReading.Found found ? found.record() : null;
    }

    long sourceVersion() {
        FarRecord record = record();
        return record == null ? FarRecord.NO_SOURCE_VERSION : record.stamp().sourceVersion();
    }

    /** What tells one change from another. */
    static byte[] identity(FarReading reading) {
        if (reading instanceof FarReading.Found found) {
            FarRecord.Stamp stamp = found.record().stamp();
            return ByteBuffer.allocate(RecordFormat.IDENTITY_LENGTH)
                    .putLong(stamp.version())
                    .putLong(stamp.writeId())
                    .array();
        }
        return reading instanceof FarReading.Malformed malformed ? malformed.identity() : NOTHING;
    }
}
