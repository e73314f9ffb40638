package dev.terrace.cache.memcached;

import dev.terrace.cache.spi.FarRecord;

/** The 32 bits that memcached keeps beside a value and returns with it. */
final class Flags {

    /** Bytes as they are; what most clients read as text or bytes. */
    static final int PLAIN = 0;

    /** Plain text. In the upper half of the bits only, since other clients take the lower ones for their own. */
    static final int TEXT = 0x5453_0000;

    /** A plain number in decimal digits. */
    static final int NUMBER = 0x544E_0000;

    /** Plain bytes. */
    static final int BYTES = 0x5442_0000;

    /** A stub that stands for a lease, where the server has no such thing of its own. */
    static final int STUB = 0x5452_00FF;

    private static final int RECORD = 0x5452_0100;
    private static final int RECORD_MASK = 0xFFFF_FF00;
    private static final int SOURCE_VERSION = 1;
    private static final int TOMBSTONE = 2;

    private Flags() {}

    /** Those of a record of ours: what must often be known of it without its bytes. */
    static int of(FarRecord record) {
        return RECORD
                | (record.stamp().sourceVersion() == FarRecord.NO_SOURCE_VERSION ? 0 : SOURCE_VERSION)
                | (record.content().state() == FarRecord.State.TOMBSTONE ? TOMBSTONE : 0);
    }

    /**
     * Whether an item is one that somebody left for a lease.
     *
     * @param size of its value
     */
    static boolean areOfStub(int flags, int size) {
        return flags == STUB || (flags == 0 && size == 0);
    }

    static boolean areOfRecord(int flags) {
        return (flags & RECORD_MASK) == RECORD;
    }

    /** Whether there is a record of ours that has no source version. */
    static boolean sayNoSourceVersion(int flags) {
        return areOfRecord(flags) && (flags & SOURCE_VERSION) == 0;
    }
}
