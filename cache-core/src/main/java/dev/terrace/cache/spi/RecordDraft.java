package dev.terrace.cache.spi;

import java.time.Duration;

/**
 * A record to be written: all but what only the server can say (version and times).
 *
 * @param writeId random mark of this change
 * @param sourceVersion the source's own version, or {@link FarRecord#NO_SOURCE_VERSION}
 * @param seq the invalidation sequence known when the load of this value began
 * @param lifetime how long it may be served from the moment it is stored
 * @param attributes what is stored beside the value
 * @param content the value
 */
public record RecordDraft(
        long writeId,
        long sourceVersion,
        long seq,
        Lifetime lifetime,
        FarRecord.Attributes attributes,
        FarRecord.Content content) {

    /**
     * How long the value may be used, from when the server stores it.
     *
     * @param fresh how long it is fresh
     * @param stale how long it may be served stale after that
     */
    public record Lifetime(Duration fresh, Duration stale) {
        /** The whole life, and so the physical time to live. */
        public Duration whole() {
            return fresh.plus(stale);
        }
    }
}
