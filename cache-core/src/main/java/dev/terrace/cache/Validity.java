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
    private final boolean linked;

    /**
     * @param cutOff whether this node cannot reach the far tier at all
     * @param extraTrust how much longer near copies are trusted then, in nanoseconds
     * @param linked whether there is anybody who tells of changes
     */
    Validity(Markers markers, BooleanSupplier cutOff, long extraTrust, boolean linked) {
        this.markers = markers;
        this.cutOff = cutOff;
        this.extraTrust = extraTrust;
        this.linked = linked;
    }

    /** Judges a copy that this node holds. */
    Verdict judge(Entry<?> entry, long now) {
        if (!isTrusted(entry, now) && !isServedCutOff(entry, now)) {
            return now >= entry.goneAt() || entry.seq() < markers.all() ? Verdict.GONE : Verdict.UNTRUSTED;
        }
        return judgeConfirmed(entry, now);
    }

    /** Whether a copy may be served, and nobody has to be asked about it for a while: what most hits need to know. */
    boolean isFreshAhead(Entry<?> entry, long now, long ahead) {
        return isTrusted(entry, now + ahead) && judgeConfirmed(entry, now) == Verdict.FRESH;
    }

    /** Whether an entry may be served without asking the far tier, as far as other nodes' changes are concerned. */
    boolean isTrusted(Entry<?> entry, long now) {
        if (!linked) {
            return now < entry.trustedUntil;
        }
        TrustTerm term = entry.watch.term();
        if (term.isOver()) {
            return false;
        }
        List<String> tags = entry.extra.tags();
        return now < entry.trustedUntil
                ? entry.watch == Watch.IN_DOUBT || !markers.isAnyOver(tags)
                : now < term.until() && now < markers.trustedUntil(tags);
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

    /**
     * Whether a copy may be served although the far tier has something else by now, which cannot be read here: while it is young
     * enough to be so without anybody telling. Else two versions of a program, which are told of each other's values, would
     * replace them as fast as they can load.
     */
    boolean isYoungEnough(Entry<?> copy, long now) {
        return now < copy.trustedUntil
                && !markers.isAnyOver(copy.extra.tags())
                && judgeConfirmed(copy, now) == Verdict.FRESH;
    }

    /** Whether an entry past its trust is served because the far tier cannot be reached. */
    boolean isServedCutOff(Entry<?> entry, long now) {
        if (extraTrust == 0 || isTrusted(entry, now)) {
            return false;
        }
        TrustTerm term = entry.watch.term();
        long end = Math.max(entry.trustedUntil, term.reached());
        return term != TrustTerm.CHANGED && now < end + extraTrust && cutOff.getAsBoolean();
    }
}
