package dev.terrace.cache.spi;

import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A record as read from a far tier. Times are the far server's, in milliseconds since the epoch.
 *
 * @param stamp which change this is
 * @param life until when it may be served
 * @param attributes what was stored beside the value
 * @param content the value
 */
public record FarRecord(Stamp stamp, Life life, Attributes attributes, Content content) {

    /** A source version that is not known. */
    public static final long NO_SOURCE_VERSION = Long.MIN_VALUE;

    /** What a record stands for. */
    public enum State {
        VALUE,
        NULL,
        TOMBSTONE
    }

    /**
     * Which change this is. Two records are the same iff version and write id are equal.
     *
     * @param version given by the server
     * @param writeId random, given by the writer
     * @param sourceVersion the source's own version, or {@link #NO_SOURCE_VERSION}
     * @param seq the invalidation sequence known when the load of this value began
     */
    public record Stamp(long version, long writeId, long sourceVersion, long seq) {}

    /**
     * Until when the value may be used, in far milliseconds.
     *
     * @param freshUntil end of freshness
     * @param goneAt end of life
     */
    public record Life(long freshUntil, long goneAt) {}

    /**
     * What was stored beside the value.
     *
     * @param loadMillis what the load cost, in milliseconds
     * @param tags the entry's tags
     * @param state the loader's own state, such as an ETag
     */
    public record Attributes(
            int loadMillis, List<String> tags, @Nullable String state) {
        /** Nothing beside the value. */
        public static final Attributes NONE = new Attributes(0, List.of(), null);

        public Attributes {
            tags = List.copyOf(tags);
        }
    }

    /**
     * The value.
     *
     * @param state what the record stands for
     * @param codec fingerprint of the codec that wrote the payload, 0 where there is none
     * @param fullKey the whole key where the store's key is a hash of it
     * @param payload the codec's bytes, empty unless the state is {@code VALUE}; read-only position and limit are the
     *     reader's own
     */
    public record Content(State state, long codec, @Nullable String fullKey, ByteBuffer payload) {
        private static final ByteBuffer EMPTY = ByteBuffer.allocate(0).asReadOnlyBuffer();

        /** A cached null. */
        public static Content ofNull(@Nullable String fullKey) {
            return new Content(State.NULL, 0, fullKey, EMPTY);
        }

        /** Says the state and the size, never the bytes or the key. */
        @Override
        public String toString() {
            return state + "(" + payload.remaining() + " bytes)";
        }
    }
}
