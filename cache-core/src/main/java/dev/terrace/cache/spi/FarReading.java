package dev.terrace.cache.spi;

import java.util.Arrays;

/** What a read found under one key. */
public sealed interface FarReading {

    /** Nothing is stored. */
    FarReading ABSENT = new Absent();

    /** Nothing is stored. */
    record Absent() implements FarReading {}

    /** A record in a known format: a value, a cached null or a tombstone. */
    record Found(FarRecord record) implements FarReading {}

    /**
     * Bytes that are no record of ours.
     *
     * @param identity the bytes at the place of a record's identity ({@link RecordFormat#IDENTITY_OFFSET}), fewer or none
     *     where there are fewer; compared on the server to tell whether it is still the same
     * @param reason what is wrong, without any of the bytes
     */
    record Malformed(byte[] identity, String reason) implements FarReading {
        @Override
        public boolean equals(Object other) {
            return other instanceof Malformed that
                    && Arrays.equals(identity, that.identity)
                    && reason.equals(that.reason);
        }

        @Override
        public int hashCode() {
            return 31 * Arrays.hashCode(identity) + reason.hashCode();
        }

        @Override
        public String toString() {
            return "Malformed[" + reason + "]";
        }
    }
}
