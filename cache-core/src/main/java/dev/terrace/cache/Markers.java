package dev.terrace.cache;

import dev.terrace.cache.spi.FarStore.MarkerReading;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What this node knows of the sequence numbers at which the whole cache and its tags were last invalidated. An entry is valid
 * iff each marker of its tags, and the one of the whole cache, is at most the sequence known when its load began.
 *
 * <p>Without a far tier the numbers are given here. With one they are given there, and this is a bounded copy: what it does
 * not hold is asked for again, and a marker that the far tier has lost makes its entries invalid, so that eviction causes
 * loads and never brings a value back.
 */
final class Markers {

    /** The marker of a tag is not known here and must be asked for. */
    static final long UNKNOWN = Long.MIN_VALUE;

    /**
     * A number of the far tier is this much shorter than one of this node, which has room for its own numbers behind each: they
     * are higher than all that the far tier has given, and lower than all that it gives later, wherever its clock stands.
     */
    private static final int OWN_BITS = 11;

    private static final long HIGHEST_FAR = (1L << (Long.SIZE - 1 - OWN_BITS)) - 1;

    /** Larger than every sequence: a marker that the far tier does not have. */
    private static final long MISSING = Long.MAX_VALUE;

    private final boolean local;
    private final int capacity;
    private final long trustNanos;
    private final AtomicLong knownSeq = new AtomicLong();
    private final ConcurrentHashMap<String, Known> tags = new ConcurrentHashMap<>();
    private final ReentrantLock lock = new ReentrantLock();
    private volatile Known whole;
    private volatile long all;
    /** Without a far tier: the highest marker that was dropped for room, which stands for all that are not held. */
    private final AtomicLong floor = new AtomicLong();

    /** @param watch since before it was asked for */
    private record Known(long value, long confirmedAt, Watch watch) {

        /** A later answer wins over a missing marker; else the higher one, since markers only rise. */
        Known updated(Known next) {
            Known later = isAskedBefore(next) ? next : this;
            if (value == MISSING || next.value == MISSING) {
                return later;
            }
            return new Known(Math.max(value, next.value), later.confirmedAt, later.watch);
        }

        /** Of two that were asked for in one tick, that is the later one whose watch has not ended yet. */
        private boolean isAskedBefore(Known other) {
            return confirmedAt == other.confirmedAt ? !other.watch.isOver() : confirmedAt < other.confirmedAt;
        }

        /** Until when this may be taken for what the far tier has. */
        long trustedUntil(long trustNanos) {
            if (watch.isOver()) {
                return Long.MIN_VALUE;
            }
            long asked = confirmedAt == Long.MIN_VALUE ? Long.MIN_VALUE : confirmedAt + trustNanos;
            return Math.max(asked, watch.until());
        }
    }

    /**
     * @param local whether the numbers are given here, for want of a far tier
     * @param trustNanos for how long an answer of the far tier is believed
     */
    Markers(boolean local, int capacity, long trustNanos) {
        this.local = local;
        this.capacity = capacity;
        this.trustNanos = trustNanos;
        // Before the first answer of a far tier nothing is known to be valid, nor invalid: entries come with a first
        // answer.
        this.whole = new Known(0, Long.MIN_VALUE, Watch.NONE);
    }

    /** The marker of the whole cache. */
    long all() {
        return all;
    }

    /** A sequence of the far tier as this node compares it; the lowest where it is none that the far tier gives. */
    static long ofFar(long seq) {
        return seq < 0 || seq > HIGHEST_FAR ? 0 : seq << OWN_BITS;
    }

    /** A sequence as the far tier may be told it: without this node's own numbers, which mean nothing to others. */
    static long toFar(long seq) {
        return seq >> OWN_BITS;
    }

    /** The highest sequence that this node has seen: what a load notes when it begins. */
    long knownSeq() {
        return knownSeq.get();
    }

    /** The highest marker among tags, or {@link #UNKNOWN} where one must be asked for. */
    long highest(List<String> names) {
        long highest = 0;
        for (String name : names) {
            Known known = tags.get(name);
            if (known == null) {
                if (!local) {
                    return UNKNOWN;
                }
                highest = Math.max(highest, floor.get());
            } else {
                highest = Math.max(highest, known.value);
            }
        }
        return highest;
    }

    /** Until when these markers and the whole cache's may all be taken for what the far tier has. */
    long trustedUntil(List<String> names) {
        long earliest = whole.trustedUntil(trustNanos);
        for (String name : names) {
            Known known = tags.get(name);
            earliest = Math.min(earliest, known == null ? Long.MIN_VALUE : known.trustedUntil(trustNanos));
        }
        return earliest;
    }

    /** Whether one of these markers, or the whole cache's, has to be asked for again, however lately it was. */
    boolean isAnyOver(List<String> names) {
        if (whole.watch.isOver()) {
            return true;
        }
        for (String name : names) {
            Known known = tags.get(name);
            if (known != null && known.watch.isOver()) {
                return true;
            }
        }
        return false;
    }

    /** Those of the tags, and the whole cache's marker, that are to be asked for together with a read at this time. */
    List<String> toBeAsked(long askedAt, Collection<String> names) {
        boolean wholeToo = isToBeAsked(whole, askedAt);
        if (!wholeToo && names.isEmpty()) {
            return List.of();
        }
        List<String> unconfirmed = new ArrayList<>();
        if (wholeToo) {
            unconfirmed.add(MarkerReading.ALL);
        }
        for (String name : names) {
            Known known = tags.get(name);
            if (known == null || isToBeAsked(known, askedAt)) {
                unconfirmed.add(name);
            }
        }
        return unconfirmed;
    }

    /**
     * What is told is not asked for; the rest so often that what is read is not trusted for much less than it could be. One that
     * the far tier did not have is asked for each time: another node may just have made it, with the record that is read.
     */
    private boolean isToBeAsked(Known known, long askedAt) {
        return known.value == MISSING
                || known.watch.isOver()
                || (askedAt >= known.watch.until() && known.confirmedAt < askedAt - trustNanos / 5);
    }

    /** Those of the tags, and the whole cache's marker, that the far tier does not have or that are not known. */
    List<String> missing(Collection<String> names) {
        List<String> missing = new ArrayList<>();
        if (whole.confirmedAt == Long.MIN_VALUE || whole.value == MISSING) {
            missing.add(MarkerReading.ALL);
        }
        for (String name : names) {
            Known known = tags.get(name);
            if (known == null || known.value == MISSING) {
                missing.add(name);
            }
        }
        return missing;
    }

    /**
     * A question for markers.
     *
     * @param watches on each of the names, taken before it is asked
     */
    record Question(List<String> names, List<Watch> watches, long askedAt) {}

    /** Takes over what the far tier answered. */
    void absorb(Question question, MarkerReading reading) {
        seen(ofFar(reading.seq()));
        reading.values().values().forEach(value -> seen(ofFar(value)));
        List<String> names = question.names();
        for (int i = 0; i < names.size(); i++) {
            Long value = reading.values().get(names.get(i));
            set(
                    names.get(i),
                    new Known(
                            value == null ? MISSING : ofFar(value),
                            question.askedAt(),
                            question.watches().get(i)));
        }
    }

    /** An entry with this sequence was seen, so the counter is at least there. */
    void seen(long seq) {
        if (seq > knownSeq.get()) {
            knownSeq.accumulateAndGet(seq, Math::max);
        }
    }

    /**
     * Invalidates on this node alone: for good without a far tier, and until the far tier has given the true number where it
     * could not be reached.
     */
    void raiseHere(String name) {
        long seq = knownSeq.incrementAndGet();
        Known before = MarkerReading.ALL.equals(name) ? whole : tags.get(name);
        set(
                name,
                before == null
                        ? new Known(seq, Long.MIN_VALUE, Watch.NONE)
                        : new Known(seq, before.confirmedAt, before.watch));
    }

    private void set(String name, Known known) {
        if (MarkerReading.ALL.equals(name)) {
            setWhole(known);
        } else {
            tags.merge(name, known, Known::updated);
            if (tags.size() > capacity) {
                dropSome();
            }
        }
    }

    private void setWhole(Known known) {
        lock.lock();
        try {
            updateWhole(known);
        } finally {
            lock.unlock();
        }
    }

    private void updateWhole(Known known) {
        whole = whole.confirmedAt == Long.MIN_VALUE && !local && known.confirmedAt != Long.MIN_VALUE
                ? first(known)
                : whole.updated(known);
        all = whole.value;
    }

    /** The first answer of the far tier, which may follow an invalidation on this node alone. */
    private Known first(Known known) {
        return known.value == MISSING
                ? known
                : new Known(Math.max(known.value, whole.value), known.confirmedAt, known.watch);
    }

    private void dropSome() {
        Iterator<Map.Entry<String, Known>> dropped = tags.entrySet().iterator();
        for (int i = 0; i <= capacity / 16 && dropped.hasNext(); i++) {
            Map.Entry<String, Known> next = dropped.next();
            floor.accumulateAndGet(next.getValue().value, Math::max);
            dropped.remove();
        }
    }

    /** The marker of a tag as known here, for reports. */
    @Nullable
    Long known(String tag) {
        Known known = tags.get(tag);
        return known == null ? null : known.value;
    }
}
