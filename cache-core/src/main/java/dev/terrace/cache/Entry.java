package dev.terrace.cache;

import dev.terrace.cache.spi.FarRecord;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * A value and what decides whether it may be served. Immutable but for two marks; times are the ticker's
 * nanoseconds. A null value is a cached null.
 *
 * <p>Kept small, since the near tier holds one per key: what most entries have in common is one {@link Extra} for them all, and
 * the end of life is held as its distance from the end of freshness, rounded down. See {@code docs/decisions/0012}.
 */
final class Entry<V> {

    private static final long NANOS = 1_000_000;

    final @Nullable V value;
    final Extra extra;
    private final char loadMillis;
    /** When the near tier recorded a use of this entry last; belongs to {@link CaffeineNearTier}, races do no harm. */
    byte useRecorded;
    /** Whether it waits to be compared; belongs to {@link AheadValidation}, and a race compares it twice. */
    boolean validationAsked;

    private final float staleMillis;
    final long freshUntil;
    /** Until when it may be served for having been read; {@link Long#MAX_VALUE} where there is no far tier. */
    final long trustedUntil;
    /** Since before it was read: while this says so, it may be served for nobody having told of a change. */
    final Watch watch;
    /** The far tier's number of the change, about its time in µs; without a far tier the time of writing. */
    final long version;

    final long writeId;

    Entry(@Nullable V value, Life life, Stamp stamp, Extra extra, int loadMillis) {
        this.value = value;
        this.extra = extra.at(stamp.seq);
        this.loadMillis = (char) Math.min(Math.max(loadMillis, 0), Character.MAX_VALUE);
        this.freshUntil = Math.min(life.freshUntil, life.goneAt);
        this.staleMillis = atMost((life.goneAt - freshUntil) / NANOS);
        this.trustedUntil = life.trust.until();
        this.watch = life.trust.watch();
        this.version = stamp.version;
        this.writeId = stamp.writeId;
    }

    /** Exact up to four and a half hours; beyond, one part in sixteen millions may be missing. */
    private static float atMost(long millis) {
        float rounded = (float) millis;
        return (long) rounded > millis ? Math.nextDown(rounded) : rounded;
    }

    /** When it must not be served any longer; never before the end of freshness. */
    long goneAt() {
        return freshUntil + ((long) staleMillis) * NANOS;
    }

    /** The invalidation sequence known when the load of this value began. */
    long seq() {
        return extra.seq;
    }

    /** How long its load took, up to a minute. */
    int loadMillis() {
        return loadMillis;
    }

    /** This value with the life and stamp of a later look at the same record. */
    Entry<V> renewed(Life life) {
        return new Entry<>(value, life, new Stamp(version, writeId, seq()), extra, loadMillis);
    }

    Life life() {
        return new Life(freshUntil, goneAt(), new Trust(trustedUntil, watch));
    }

    boolean isSameChangeAs(FarRecord.Stamp other) {
        return version == other.version() && writeId == other.writeId();
    }

    /** Whether this is of an older version of the source; not where either has none. */
    boolean isOfOlderSourceThan(Entry<?> other) {
        long version = extra.sourceVersion();
        return version != FarRecord.NO_SOURCE_VERSION && version < other.extra.sourceVersion();
    }

    /**
     * How long ago this was written, in nanoseconds; versions are times of writing unless the server's clock was set back.
     *
     * @param writtenAt what an entry that is written now would have for its version, about
     */
    long age(long writtenAt) {
        return version == 0 ? 0 : Math.max(writtenAt - version, 0) * 1_000;
    }

    /** When an entry stops being fresh, being served, being believed; in the ticker's nanoseconds. */
    record Life(long freshUntil, long goneAt, Trust trust) {

        /** One that is believed for a look alone. */
        Life(long freshUntil, long goneAt, long trustedUntil) {
            this(freshUntil, goneAt, Trust.until(trustedUntil));
        }
    }

    /** Which change an entry is. */
    record Stamp(long version, long writeId, long seq) {}

    /**
     * What most entries share: all but the sequence is what most do not have, and sequences change by invalidations of tags.
     *
     * @param ownFreshMillis for how long it was fresh when it was new, where that is less than the cache's and its version does not
     *     tell when that was; else 0
     */
    record Extra(List<String> tags, @Nullable String state, long sourceVersion, long seq, int ownFreshMillis) {
        static final Extra NONE = new Extra(List.of(), null, FarRecord.NO_SOURCE_VERSION, 0, 0);

        private static final AtomicReferenceArray<@Nullable Extra> PLAIN = new AtomicReferenceArray<>(256);

        static Extra of(List<String> tags, @Nullable String state, long sourceVersion) {
            return tags.isEmpty() && state == null && sourceVersion == FarRecord.NO_SOURCE_VERSION
                    ? NONE
                    : new Extra(tags, state, sourceVersion, 0, 0);
        }

        Extra freshFor(long millis) {
            return new Extra(tags, state, sourceVersion, seq, (int) Math.min(millis, Integer.MAX_VALUE));
        }

        private Extra at(long wanted) {
            if (seq == wanted) {
                return this;
            }
            return tags.isEmpty()
                            && state == null
                            && sourceVersion == FarRecord.NO_SOURCE_VERSION
                            && ownFreshMillis == 0
                    ? plain(wanted)
                    : new Extra(tags, state, sourceVersion, wanted, ownFreshMillis);
        }

        private static Extra plain(long seq) {
            int slot = Long.hashCode(seq * 0x9E3779B97F4A7C15L) & (PLAIN.length() - 1);
            Extra known = PLAIN.get(slot);
            if (known != null && known.seq == seq) {
                return known;
            }
            Extra made = new Extra(List.of(), null, FarRecord.NO_SOURCE_VERSION, seq, 0);
            PLAIN.set(slot, made);
            return made;
        }
    }
}
