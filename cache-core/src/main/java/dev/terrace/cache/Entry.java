package dev.terrace.cache;

import dev.terrace.cache.spi.FarRecord;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A value and what decides whether it may be served. Immutable; times are the ticker's nanoseconds. A null value is a cached
 * null.
 *
 * <p>Kept small, since the near tier holds one per key: {@link Extra} is shared or absent for most entries.
 */
final class Entry<V> {

    final @Nullable V value;
    final Extra extra;
    final int loadMillis;
    final long freshUntil;
    final long goneAt;
    /** Until when it may be served without asking the far tier; {@link Long#MAX_VALUE} where there is none. */
    final long trustedUntil;
    /** The far tier's number of the change, about its time in µs; without a far tier the time of writing. */
    final long version;

    final long writeId;
    /** The invalidation sequence known when the load of this value began. */
    final long seq;

    Entry(@Nullable V value, Life life, Stamp stamp, Extra extra, int loadMillis) {
        this.value = value;
        this.extra = extra;
        this.loadMillis = loadMillis;
        this.freshUntil = life.freshUntil;
        this.goneAt = life.goneAt;
        this.trustedUntil = life.trustedUntil;
        this.version = stamp.version;
        this.writeId = stamp.writeId;
        this.seq = stamp.seq;
    }

    /** This value with the life and stamp of a later look at the same record. */
    Entry<V> renewed(Life life) {
        return new Entry<>(value, life, new Stamp(version, writeId, seq), extra, loadMillis);
    }

    Life life() {
        return new Life(freshUntil, goneAt, trustedUntil);
    }

    boolean isSameChangeAs(FarRecord.Stamp other) {
        return version == other.version() && writeId == other.writeId();
    }

    /** When an entry stops being fresh, being served, being believed; in the ticker's nanoseconds. */
    record Life(long freshUntil, long goneAt, long trustedUntil) {}

    /** Which change an entry is. */
    record Stamp(long version, long writeId, long seq) {}

    /** What most entries do not have. */
    record Extra(List<String> tags, @Nullable String state, long sourceVersion) {
        static final Extra NONE = new Extra(List.of(), null, FarRecord.NO_SOURCE_VERSION);

        static Extra of(List<String> tags, @Nullable String state, long sourceVersion) {
            return tags.isEmpty() && state == null && sourceVersion == FarRecord.NO_SOURCE_VERSION
                    ? NONE
                    : new Extra(tags, state, sourceVersion);
        }
    }
}
