package dev.terrace.cache;

import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * The one function that decides whether an entry may be served. Every path asks it; nothing else compares an entry's times,
 * trust or markers.
 */
final class Validity {

    /** What may be done with an entry. */
    enum Verdict {
        /** Serve it. */
        FRESH,
        /** Serve it while it is being revalidated, or when that fails. */
        STALE,
        /** Compare it with the far tier before serving it. */
        UNTRUSTED,
        /** Never serve it again. */
        GONE;

        boolean mayBeServed() {
            return this == FRESH || this == STALE;
        }
    }

    private final Markers markers;
    private final BooleanSupplier cutOff;
    private final long extraTrust;

    /**
     * @param cutOff whether this node cannot reach the far tier at all
     * @param extraTrust how much longer near copies are trusted then, in nanoseconds
     */
    Validity(Markers markers, BooleanSupplier cutOff, long extraTrust) {
        this.markers = markers;
        this.cutOff = cutOff;
        this.extraTrust = extraTrust;
    }

    /** Judges a copy that this node holds. */
    Verdict judge(Entry<?> entry, long now) {
        if (now >= entry.trustedUntil && !isServedCutOff(entry, now)) {
            return now >= entry.goneAt() || entry.seq() < markers.all() ? Verdict.GONE : Verdict.UNTRUSTED;
        }
        return judgeConfirmed(entry, now);
    }

    /** Judges an entry that the far tier or a loader has just given. */
    Verdict judgeConfirmed(Entry<?> entry, long now) {
        boolean fresh = now < entry.freshUntil;
        if ((!fresh && now >= entry.goneAt()) || entry.seq() < markers.all()) {
            return Verdict.GONE;
        }
        List<String> tags = entry.extra.tags();
        if (!tags.isEmpty()) {
            long highest = markers.highest(tags);
            if (highest == Markers.UNKNOWN) {
                return Verdict.UNTRUSTED;
            }
            if (entry.seq() < highest) {
                return Verdict.GONE;
            }
        }
        return fresh ? Verdict.FRESH : Verdict.STALE;
    }

    /** Whether an entry past its trust is served because the far tier cannot be reached. */
    boolean isServedCutOff(Entry<?> entry, long now) {
        return now >= entry.trustedUntil
                && extraTrust > 0
                && now - entry.trustedUntil < extraTrust
                && cutOff.getAsBoolean();
    }
}
