package dev.terrace.cache;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * All that was loaded, put, changed and read in a simulation, and whether the reads were right.
 *
 * <p>A value comes from a load or a put, its origin. A change of its key, of one of its tags or of everything that began after
 * that load began, or after that put ended, ends it: on the changing node for every read that starts once the change has
 * returned, on the others for every read that starts a bounded time after the far tier acknowledged it. Of two puts the far tier
 * says which is the later one.
 */
final class SimulationHistory {

    static final long NEVER = Long.MAX_VALUE;
    private static final int NO_NODE = -1;
    /** Ticks of a coarse clock at both ends of a bound, and the rounding between. */
    private static final long SLACK = 3_000_000;
    /** How much later than acknowledged elsewhere a read may see a change that is told at once. */
    private static final long TOLD = 1_000_000;

    private final SimulatedTime time;
    private final List<Rules> nodes;
    private final boolean sourceVersions;
    private final boolean oneLoadInAll;

    private final Map<Integer, Origin> origins = new HashMap<>();
    private final Map<Integer, List<Origin>> nothings = new HashMap<>();
    private final Map<Integer, List<Load>> loads = new HashMap<>();
    private final List<Change> changes = new ArrayList<>();
    private final Map<NodeAndKey, Refusal> refusals = new HashMap<>();
    private final Map<Copy, List<Notice>> notices = new HashMap<>();
    private long order;
    private int served;
    private @Nullable String violation;

    /** What is promised on one node. */
    interface Rules {
        /** Whether every change is told here then, and at once. */
        boolean isToldAtOnce(long then);

        /** Whether a load that began then was begun without knowing whether all had been invalidated. */
        boolean isLoadedInDoubt(long then);

        /**
         * How much later than acknowledged elsewhere a read may see a change where it is not told, and for how long one may have
         * effects on loads, in true nanoseconds.
         */
        long longestBound();

        /** How much longer a copy may be served for being cut off; zero unless this node was, at some time since then. */
        long whileCutOff(long since);

        /** How long a load may run before it is given up. */
        long loadDeadline();
    }

    /** @param oneLoadInAll whether a key is never loaded by two nodes at once, for want of faults */
    SimulationHistory(SimulatedTime time, List<Rules> nodes, boolean sourceVersions, boolean oneLoadInAll) {
        this.time = time;
        this.nodes = nodes;
        this.sourceVersions = sourceVersions;
        this.oneLoadInAll = oneLoadInAll;
    }

    /** The number of reads whose value was judged. */
    int served() {
        return served;
    }

    /** A moment, told apart from all others. */
    Moment moment() {
        return new Moment(time.nanos(), ++order);
    }

    record Moment(long nanos, long order) {
        static final Moment NEVER = new Moment(Long.MAX_VALUE, Long.MAX_VALUE);

        boolean isBefore(Moment other) {
            return order < other.order;
        }

        @Override
        public String toString() {
            return order == Long.MAX_VALUE ? "never" : String.format("%.3f ms", nanos / 1e6);
        }
    }

    /** Where a value comes from. */
    static final class Origin {
        final int id;
        final int key;
        final int node;
        final SimulatedSource.Row row;
        final List<String> tags;
        final boolean isPut;
        final Moment began;
        /** When a put returned, with or without success. */
        Moment returned = Moment.NEVER;
        /** Until when a put may still take effect in the far tier. */
        long pendingUntil = NEVER;
        /** When a put took effect there. */
        Moment made = Moment.NEVER;

        Origin(int id, int key, int node, SimulatedSource.Row row, List<String> tags, boolean isPut, Moment began) {
            this.id = id;
            this.key = key;
            this.node = node;
            this.row = row;
            this.tags = tags;
            this.isPut = isPut;
            this.began = began;
        }

        @Override
        public String toString() {
            return (isPut ? "put" : "load") + " #" + id + " of key " + key + " row " + row.number()
                    + (row.present() ? "" : " (deleted)")
                    + " tags " + tags + " on node " + node + " began " + began
                    + (isPut ? " returned " + returned + " pending until " + pendingUntil / 1_000_000 : "");
        }
    }

    /** A change of a key, of a tag, or of everything where both are null. */
    static final class Change {
        final int node;
        final @Nullable Integer key;
        final @Nullable String tag;
        final @Nullable Origin put;
        final Moment began;
        Moment returned = Moment.NEVER;
        /** When the far tier had acknowledged it or its repair. */
        long acknowledgedAt = NEVER;
        /** Since when the far tier lacks it again, by a failover. */
        long lostAt = NEVER;
        /** When the far tier took an invalidation, or its repair, first. */
        Moment made = Moment.NEVER;
        /** Whether the far tier has lost what it did. */
        boolean undone;
        /** Whether values from before may be served after it: it only makes them stale, or found nothing to do. */
        boolean keepsValues;

        Change(int node, @Nullable Integer key, @Nullable String tag, @Nullable Origin put, Moment began) {
            this.node = node;
            this.key = key;
            this.tag = tag;
            this.put = put;
            this.began = began;
        }

        boolean concerns(Origin origin) {
            return key == null ? tag == null || origin.tags.contains(tag) : key == origin.key;
        }

        @Override
        public String toString() {
            return (put != null ? "put #" + put.id : "invalidation") + " of "
                    + (key != null ? "key " + key : tag != null ? "tag " + tag : "everything") + " on node " + node
                    + " began " + began + " returned " + returned + " acknowledged "
                    + (acknowledgedAt == NEVER ? "never" : acknowledgedAt / 1_000_000 + " ms")
                    + (lostAt == NEVER ? "" : " lost at " + lostAt / 1_000_000 + " ms");
        }
    }

    /** A run of the loader, of one key or several. */
    record Load(int node, Moment began, Moment ended) {}

    private record NodeAndKey(int node, int key) {}

    /** What a node holds of a load or a put. */
    private record Copy(int node, int origin) {}

    /** That a copy was changed: when the server told so, and when the node was told. */
    private record Notice(Moment sent, Moment arrived) {}

    /** That a fill was refused: when the far tier did so, and when its node learned of it. */
    private record Refusal(Moment made, Moment learned) {}

    /** A read that has begun. */
    record Read(int node, int key, Moment began) {
        @Override
        public String toString() {
            return "read of key " + key + " on node " + node + " began " + began;
        }
    }

    Origin loaded(int node, int key, SimulatedSource.Row row, boolean tagged, Moment began) {
        checkAlone(node, key, new Load(node, began, moment()));
        List<String> tags = tagged ? row.tags(key) : List.of();
        Origin origin = new Origin(origins.size() + 1, key, node, row, tags, false, began);
        origins.put(origin.id, origin);
        if (!row.present()) {
            nothings.computeIfAbsent(key, k -> new ArrayList<>()).add(origin);
        }
        return origin;
    }

    void loadFailed(int node, int key, Moment began) {
        checkAlone(node, key, new Load(node, began, moment()));
    }

    /** G1: no two loads of a key at once on a node, unless something changed in between. */
    private void checkAlone(int node, int key, Load load) {
        List<Load> before = loads.computeIfAbsent(key, k -> new ArrayList<>());
        for (Load other : before) {
            if (other.node() != node && !oneLoadInAll) {
                continue;
            }
            Load first = other.began().isBefore(load.began()) ? other : load;
            Load second = first == other ? load : other;
            long givenUp = first.began().nanos() + nodes.get(first.node()).loadDeadline();
            boolean overlap =
                    second.began().isBefore(first.ended()) && second.began().nanos() < givenUp;
            if (overlap && changes.stream().noneMatch(change -> isBetween(change, key, first, second))) {
                violated("G1: key " + key + " was loaded twice at once: " + first + " and " + second);
            }
        }
        before.add(load);
    }

    private boolean isBetween(Change change, int key, Load first, Load second) {
        if (change.key != null && change.key != key) {
            return false;
        }
        // What another node did may have been noticed here only now.
        long noticed = first.began().nanos() - nodes.get(first.node()).longestBound();
        return change.began.isBefore(second.began())
                && (first.began().isBefore(change.returned) || change.returned.nanos() >= noticed);
    }

    Origin beginPut(int node, int key, SimulatedSource.Row row, List<String> tags) {
        Origin origin = new Origin(origins.size() + 1, key, node, row, tags, true, moment());
        origins.put(origin.id, origin);
        return origin;
    }

    Change begin(int node, @Nullable Integer key, @Nullable String tag, @Nullable Origin put) {
        Change change = new Change(node, key, tag, put, put == null ? moment() : put.began);
        changes.add(change);
        return change;
    }

    /** Somebody without a cache changes a key, or everything where that is null. */
    void changedByForeigner(@Nullable Integer key, boolean keepsValues) {
        Change change = begin(NO_NODE, key, null, null);
        change.keepsValues = keepsValues;
        returned(change, true);
    }

    /** The far tier has stored a value; what it stores of a load does not matter. */
    void stored(String value) {
        Origin origin = origin(value);
        if (origin.isPut) {
            origin.made = moment();
        }
    }

    /** The far tier has invalidated a key for a node. */
    void invalidated(int node, int key) {
        for (Change change : changes) {
            if (change.node == node
                    && change.put == null
                    && change.made == Moment.NEVER
                    && Objects.equals(change.key, key)) {
                change.made = moment();
            }
        }
    }

    /** A link has ended trust in a node's copy. */
    void told(int node, String value, Moment sent) {
        notices.computeIfAbsent(new Copy(node, origin(value).id), copy -> new ArrayList<>())
                .add(new Notice(sent, moment()));
    }

    /** A node that is told of changes has learned that a fill was refused: somebody has changed the key since its lease. */
    void learnedOfRefusal(int node, int key, Moment refused) {
        refusals.put(new NodeAndKey(node, key), new Refusal(refused, moment()));
    }

    /** A change has returned: with success, or with its repair still to come. */
    void returned(Change change, boolean acknowledged) {
        change.returned = moment();
        Origin put = change.put;
        if (put != null) {
            put.returned = change.returned;
        }
        if (acknowledged) {
            acknowledged(change);
        }
    }

    void acknowledged(Change change) {
        change.acknowledgedAt = time.nanos();
        if (change.put != null) {
            change.put.pendingUntil = time.nanos();
        }
    }

    /** The far tier has lost all that it did since then. */
    void lost(long since) {
        for (Change change : changes) {
            Moment made = made(change);
            change.undone |= made != null && made.nanos() >= since;
            if (change.lostAt == NEVER && change.acknowledgedAt >= since) {
                boolean waitsForRepair = change.acknowledgedAt == NEVER && change.returned != Moment.NEVER;
                if (!waitsForRepair) {
                    change.lostAt = time.nanos();
                }
                if (change.put != null) {
                    change.put.pendingUntil = NEVER;
                }
            }
        }
        for (Origin origin : origins.values()) {
            if (origin.isPut && origin.pendingUntil >= since) {
                origin.pendingUntil = NEVER;
            }
        }
    }

    List<Change> changes() {
        return changes;
    }

    Read read(int node, int key) {
        return new Read(node, key, moment());
    }

    /** A read has returned a value or, where the source had none, nothing. */
    void answered(Read read, @Nullable String value) {
        served++;
        if (value != null) {
            Origin origin = origin(value);
            if (origin.key != read.key()) {
                violated(read + " returned the value of another key: " + origin);
            }
            Change missed = missed(read, origin, false);
            if (missed != null) {
                violated("stale: " + read + ", ended " + moment() + ", returned " + origin + " in spite of " + missed);
            }
            return;
        }
        List<Origin> candidates = nothings.getOrDefault(read.key(), List.of());
        if (candidates.stream().noneMatch(origin -> missed(read, origin, true) == null)) {
            violated(read + " found nothing, and no load that it may have seen did: " + candidates);
        }
    }

    private Origin origin(String value) {
        int end = value.indexOf(' ');
        return Objects.requireNonNull(origins.get(Integer.valueOf(value.substring(0, end))), value);
    }

    /** Whether a value, or its absence, is that of a row. */
    boolean isOf(@Nullable String value, SimulatedSource.Row row) {
        return value == null ? !row.present() : origin(value).row.equals(row);
    }

    static String text(Origin origin, String padding) {
        return origin.id + " " + padding;
    }

    /** A change that this read should have seen, or null. */
    private @Nullable Change missed(Read read, Origin origin, boolean isNothing) {
        for (int i = changes.size() - 1; i >= 0; i--) {
            Change change = changes.get(i);
            if (change.put != origin
                    && change.concerns(origin)
                    && isVisible(change, read, origin, isNothing)
                    && isBefore(origin, change, read)) {
                return change;
            }
        }
        return null;
    }

    private boolean isVisible(Change change, Read read, Origin origin, boolean isNothing) {
        if (change.keepsValues || change.lostAt != NEVER) {
            return false;
        }
        if (change.node == read.node()) {
            return change.returned.isBefore(read.began());
        }
        if (isKnownByNotice(change, read, origin)) {
            return true;
        }
        Rules rules = nodes.get(read.node());
        boolean inDoubt = change.key == null
                && !origin.isPut
                && origin.node == read.node()
                && rules.isLoadedInDoubt(origin.began.nanos());
        boolean told = !inDoubt && rules.isToldAtOnce(read.began().nanos());
        if (told && isKnownByRefusal(change, read)) {
            return true;
        }
        // Nothing has no tags: that one was invalidated elsewhere ends a load of nothing with the end of trust only.
        long bound = told && (!isNothing || change.key != null) ? TOLD : rules.longestBound();
        return change.acknowledgedAt != NEVER
                && change.acknowledgedAt
                                + bound
                                + rules.whileCutOff(read.began().nanos())
                                + SLACK
                        < read.began().nanos();
    }

    /** Whether the node of a read knew of a change by having been refused a fill after it. */
    private boolean isKnownByRefusal(Change change, Read read) {
        Refusal refusal = change.key == null ? null : refusals.get(new NodeAndKey(read.node(), change.key));
        if (refusal == null || !refusal.learned().isBefore(read.began())) {
            return false;
        }
        Moment made = change.put != null ? change.put.made : change.node == NO_NODE ? change.returned : null;
        return made == null ? change.acknowledgedAt < refusal.made().nanos() : made.isBefore(refusal.made());
    }

    /** Whether the node of a read was told of a change when it had a copy of this origin, even if nobody answers it any more. */
    private boolean isKnownByNotice(Change change, Read read, Origin origin) {
        Moment made = made(change);
        if (change.key == null || made == null || change.undone) {
            return false;
        }
        return notices.getOrDefault(new Copy(read.node(), origin.id), List.of()).stream()
                .anyMatch(notice ->
                        made.isBefore(notice.sent()) && notice.arrived().isBefore(read.began()));
    }

    /** When the far tier took a change, or null. */
    private static @Nullable Moment made(Change change) {
        Moment made = change.put != null ? change.put.made : change.node == NO_NODE ? change.returned : change.made;
        return made == Moment.NEVER ? null : made;
    }

    private boolean isBefore(Origin origin, Change change, Read read) {
        Origin put = change.put;
        if (sourceVersions && put != null && put.row.number() < origin.row.number()) {
            // The far tier refused it.
            return false;
        }
        if (!origin.isPut) {
            return origin.began.isBefore(change.began);
        }
        if (put != null
                && put.made != Moment.NEVER
                && origin.made.isBefore(put.made)
                && origin.began.isBefore(put.returned)) {
            // Of two puts at once it is the far tier that says which is the later one.
            return true;
        }
        if (origin.node == change.node && origin.node == read.node()) {
            return origin.returned.isBefore(change.began);
        }
        return origin.pendingUntil < change.began.nanos();
    }

    /** A guarantee was broken. Told and not thrown, since what is thrown into the engine it handles. */
    void violated(String how) {
        if (violation == null) {
            violation = how;
        }
    }

    @Nullable
    String violation() {
        return violation;
    }
}
