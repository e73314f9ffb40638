package dev.terrace.cache;

import dev.terrace.cache.spi.FarReading;
import dev.terrace.cache.spi.FarRecord;
import dev.terrace.cache.spi.FarRecord.Content;
import dev.terrace.cache.spi.FarRecord.State;
import dev.terrace.cache.spi.FarStore.FarLease;
import dev.terrace.cache.spi.FarStore.FillReply;
import dev.terrace.cache.spi.FarStore.LeaseReply;
import dev.terrace.cache.spi.FarStore.MarkerReading;
import dev.terrace.cache.spi.FarStore.WriteReply;
import dev.terrace.cache.spi.RecordDraft;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A model of a far tier's server: what {@link dev.terrace.cache.spi.FarStore} says of each operation, one after the other. It
 * works in turns, as Redis does: what has arrived when a turn begins is done in it, and at its end each key that changed is told
 * once, however often it did and whoever changed it. Its operator may stop and start it, lose its memory or the last writes,
 * turn its clock and make it forget single keys.
 */
final class SimulatedServer {

    private static final int WRITES_REMEMBERED = 12;

    private final SimulatedTime time;
    private final Random random;
    private long clockMicros;
    private long highestCounter;
    private Memory memory = new Memory(new HashMap<>(), new HashMap<>(), new HashMap<>(), null);
    /** What a replica may have: the memory after each of the last writes. */
    private final Deque<Replica> replicas = new ArrayDeque<>();

    private final long longestWait;
    private final List<Runnable> arrived = new ArrayList<>();
    private final Set<String> changedKeys = new LinkedHashSet<>();
    private final Set<String> changedMarkers = new LinkedHashSet<>();
    private final List<Subscriber> subscribers = new ArrayList<>();
    private boolean turnIsPlanned;
    private boolean frozen;
    private boolean refusesWrites;
    /** Counts restarts and failovers: what was sent before one is not received after it. */
    private int life;

    private static final class Memory {
        final Map<String, Held> records;
        final Map<String, Lease> leases;
        final Map<String, Marker> markers;

        @Nullable
        Long counter;

        Memory(
                Map<String, Held> records,
                Map<String, Lease> leases,
                Map<String, Marker> markers,
                @Nullable Long counter) {
            this.records = records;
            this.leases = leases;
            this.markers = markers;
            this.counter = counter;
        }

        Memory copy() {
            return new Memory(new HashMap<>(records), new HashMap<>(leases), new HashMap<>(markers), counter);
        }
    }

    /** Who is told of every change. */
    interface Subscriber {
        void changed(String key);

        void markerChanged(String name);

        void changedAll();

        /** The server stops or is replaced. */
        void gone();
    }

    private record Held(FarReading reading, long endsAt) {}

    private record Lease(long id, FarReading judged, long judgedGoneAt, long endsAt) {}

    private record Marker(long value, long endsAt) {}

    private record Replica(long writtenAt, Memory memory) {}

    /**
     * @param epochMicros the server's clock at the beginning
     * @param longestWait for how long what arrives may have to wait for the end of a turn
     */
    SimulatedServer(SimulatedTime time, Random random, long epochMicros, Duration longestWait) {
        this.time = time;
        this.random = random;
        this.longestWait = longestWait.toNanos();
        this.clockMicros = epochMicros;
    }

    void link(Subscriber subscriber) {
        subscribers.add(subscriber);
    }

    void unlink(Subscriber subscriber) {
        subscribers.remove(subscriber);
    }

    private void tell(Consumer<Subscriber> change) {
        List.copyOf(subscribers).forEach(change);
    }

    private void tellTurn() {
        changedKeys.forEach(key -> tell(subscriber -> subscriber.changed(key)));
        changedMarkers.forEach(name -> tell(subscriber -> subscriber.markerChanged(name)));
        changedKeys.clear();
        changedMarkers.clear();
    }

    /** Nobody is connected any more, and nothing that was on its way arrives. */
    private void cutAll() {
        life++;
        tell(Subscriber::gone);
        subscribers.clear();
        arrived.clear();
        changedKeys.clear();
        changedMarkers.clear();
    }

    private void putRecord(String key, Held held) {
        memory.records.put(key, held);
        changedKeys.add(key);
    }

    private void removeRecord(String key) {
        if (memory.records.remove(key) != null) {
            changedKeys.add(key);
        }
    }

    private void putMarker(String name, Marker marker) {
        memory.markers.put(name, marker);
        changedMarkers.add(name);
    }

    long micros() {
        return clockMicros + time.nanos() / 1_000;
    }

    private long millis() {
        return micros() / 1_000;
    }

    int life() {
        return life;
    }

    boolean refusesWrites() {
        return refusesWrites;
    }

    /** Does a piece of work in the next turn. */
    void receive(Runnable work) {
        arrived.add(work);
        planTurn();
    }

    private void planTurn() {
        if (!frozen && !turnIsPlanned && !arrived.isEmpty()) {
            turnIsPlanned = true;
            time.after((long) (longestWait * random.nextDouble()), this::turn);
        }
    }

    private void turn() {
        turnIsPlanned = false;
        if (!frozen) {
            List<Runnable> work = List.copyOf(arrived);
            arrived.clear();
            work.forEach(Runnable::run);
            tellTurn();
        }
        planTurn();
    }

    void freeze() {
        frozen = true;
    }

    void thaw() {
        frozen = false;
        planTurn();
    }

    void refuseWrites(boolean refuse) {
        refusesWrites = refuse;
    }

    /** Begins anew with nothing. */
    void restart() {
        cutAll();
        replicas.clear();
        memory = new Memory(new HashMap<>(), new HashMap<>(), new HashMap<>(), null);
        setClockRight();
    }

    /** Forgets everything, as anybody may tell it to, and tells so at once. */
    void flush() {
        memory = new Memory(new HashMap<>(), new HashMap<>(), new HashMap<>(), null);
        setClockRight();
        written();
        tell(Subscriber::changedAll);
    }

    /** A far tier that forgets its counter must not have a clock that is behind it: the limit of sequence numbers. */
    private void setClockRight() {
        clockMicros = Math.max(clockMicros, highestCounter + 1 - time.nanos() / 1_000);
    }

    /**
     * Lets a replica take over that lacks some of the last writes and has a clock of its own.
     *
     * @return the time of the first write that it lacks, or {@link Long#MAX_VALUE}
     */
    long failOver(long stepMicros) {
        cutAll();
        long lostSince = Long.MAX_VALUE;
        int lost = replicas.isEmpty() ? 0 : random.nextInt(replicas.size());
        for (int i = 0; i < lost; i++) {
            lostSince = replicas.removeLast().writtenAt();
        }
        if (!replicas.isEmpty()) {
            memory = replicas.getLast().memory().copy();
        }
        clockMicros += stepMicros;
        setClockRight();
        return lostSince;
    }

    /**
     * Turns the clock. A lease that nobody gives back lives for longer by as much as it is set back, and for so long nothing that is
     * loaded of its key is kept: that is a limit, and no reason to fail, so that leases end with such a step here.
     */
    void stepClock(long micros) {
        clockMicros += micros;
        if (micros < 0) {
            memory.leases.clear();
        }
        // Also one that a failover has set back has forgotten it.
        if (memory.counter == null || memory.counter < highestCounter) {
            setClockRight();
        }
    }

    /** Forgets something at random, as under memory pressure. */
    void evict() {
        List<Runnable> evictions = List.of(
                () -> evictOne(memory.records, changedKeys),
                () -> evictOne(memory.leases, new HashSet<>()),
                () -> evictOne(memory.markers, changedMarkers),
                () -> {
                    memory.counter = null;
                    setClockRight();
                });
        evictions.get(random.nextInt(evictions.size())).run();
    }

    /** Forgets a marker, and tells so as of any change. */
    void evictMarker(String name) {
        if (memory.markers.remove(name) != null) {
            changedMarkers.add(name);
        }
    }

    private <T> void evictOne(Map<String, T> from, Set<String> changed) {
        if (!from.isEmpty()) {
            String evicted =
                    List.copyOf(from.keySet()).stream().sorted().toList().get(random.nextInt(from.size()));
            from.remove(evicted);
            changed.add(evicted);
        }
    }

    /**
     * Whether there is a value under a key that nobody is loading. What is loaded in its place may be stored where there is
     * nothing once its life would be over: nobody can tell by then whether somebody took it away before.
     */
    boolean hasSettledValue(String key) {
        return leaseOf(key) == null
                && read(key) instanceof FarReading.Found found
                && found.record().content().state() != State.TOMBSTONE;
    }

    /** Puts bytes that are no record under a key. */
    void spoil(String key) {
        byte[] identity = new byte[16];
        random.nextBytes(identity);
        putRecord(key, new Held(new FarReading.Malformed(identity, "spoilt"), Long.MAX_VALUE));
        written();
    }

    void delete(String key) {
        removeRecord(key);
        written();
    }

    private void written() {
        replicas.addLast(new Replica(time.nanos(), memory.copy()));
        if (replicas.size() > WRITES_REMEMBERED) {
            replicas.removeFirst();
        }
    }

    FarReading read(String key) {
        Held held = memory.records.get(key);
        if (held == null || held.endsAt <= micros()) {
            removeRecord(key);
            return FarReading.ABSENT;
        }
        return held.reading;
    }

    FarReading readHeader(String key) {
        FarReading reading = read(key);
        if (!(reading instanceof FarReading.Found found)) {
            return reading;
        }
        FarRecord record = found.record();
        return new FarReading.Found(new FarRecord(
                record.stamp(),
                record.life(),
                new FarRecord.Attributes(record.attributes().loadMillis(), List.of(), null),
                new Content(record.content().state(), 0, null, ByteBuffer.allocate(0))));
    }

    private @Nullable Lease leaseOf(String key) {
        Lease lease = memory.leases.get(key);
        return lease == null || lease.endsAt <= micros() ? null : lease;
    }

    LeaseReply lease(String key, FarReading judged, long id, Duration life) {
        FarReading present = read(key);
        if (!isSame(present, judged)) {
            return new LeaseReply.Changed(present);
        }
        if (leaseOf(key) != null) {
            return new LeaseReply.Busy();
        }
        long goneAt = present instanceof FarReading.Found found
                ? found.record().life().goneAt() * 1_000
                : 0;
        memory.leases.put(key, new Lease(id, present, goneAt, micros() + life.toNanos() / 1_000));
        written();
        return new LeaseReply.Granted(new FarLease(key, id));
    }

    FillReply fill(FarLease granted, RecordDraft draft, long deadline) {
        Lease lease = leaseOf(granted.key());
        if (lease == null || lease.id != granted.id()) {
            return new FillReply.Refused();
        }
        memory.leases.remove(granted.key());
        FarReading present = read(granted.key());
        boolean ended = present instanceof FarReading.Absent && lease.judgedGoneAt <= micros();
        if (micros() > deadline || !(isSame(present, lease.judged) || ended) || isNewer(present, draft)) {
            written();
            return new FillReply.Refused();
        }
        return new FillReply.Stored(store(granted.key(), present, draft, draft.seq()));
    }

    void release(FarLease granted) {
        Lease lease = leaseOf(granted.key());
        if (lease != null && lease.id == granted.id()) {
            memory.leases.remove(granted.key());
            written();
        }
    }

    /** @param judged what must still be there, or null where anything may be */
    WriteReply put(String key, RecordDraft draft, long deadline, @Nullable FarReading judged) {
        if (micros() > deadline) {
            return new WriteReply.Late();
        }
        FarReading present = read(key);
        if (judged != null && !isSame(present, judged)) {
            return new WriteReply.Changed(present);
        }
        if (isNewer(present, draft)) {
            return new WriteReply.OlderSource();
        }
        memory.leases.remove(key);
        long seq = Math.max(draft.seq(), memory.counter == null ? 0 : memory.counter);
        return new WriteReply.Stored(store(key, present, draft, seq), seq);
    }

    WriteReply invalidate(String key, Duration tombstone, long writeId, long deadline) {
        if (micros() > deadline) {
            return new WriteReply.Late();
        }
        memory.leases.remove(key);
        FarReading present = read(key);
        long sourceVersion = present instanceof FarReading.Found found
                ? found.record().stamp().sourceVersion()
                : FarRecord.NO_SOURCE_VERSION;
        long version = nextVersion(present);
        long goneAt = millis() + tombstone.toMillis();
        hold(
                key,
                new FarRecord(
                        new FarRecord.Stamp(version, writeId, sourceVersion, 0),
                        new FarRecord.Life(goneAt, goneAt),
                        FarRecord.Attributes.NONE,
                        new Content(State.TOMBSTONE, 0, null, ByteBuffer.allocate(0))),
                tombstone);
        return new WriteReply.Stored(version, 0);
    }

    WriteReply expire(String key, long writeId, long deadline) {
        if (micros() > deadline) {
            return new WriteReply.Late();
        }
        Held held = memory.records.get(key);
        if (held == null
                || !(read(key) instanceof FarReading.Found found)
                || found.record().content().state() == State.TOMBSTONE) {
            return new WriteReply.Unchanged();
        }
        memory.leases.remove(key);
        FarRecord before = found.record();
        FarRecord.Stamp stamp = before.stamp();
        FarRecord expired = new FarRecord(
                new FarRecord.Stamp(stamp.version(), writeId, stamp.sourceVersion(), stamp.seq()),
                new FarRecord.Life(
                        Math.min(before.life().freshUntil(), millis()),
                        before.life().goneAt()),
                before.attributes(),
                before.content());
        putRecord(key, new Held(new FarReading.Found(expired), held.endsAt));
        written();
        return new WriteReply.Stored(stamp.version(), stamp.seq());
    }

    void touch(String key, Duration idle) {
        if (read(key) instanceof FarReading.Found found) {
            long left = found.record().life().goneAt() - millis();
            long kept = Math.max(1, Math.min(left, idle.toMillis()));
            putRecord(key, new Held(found, micros() + kept * 1_000));
            written();
        }
    }

    MarkerReading markers(Collection<String> names) {
        Map<String, Long> values = new HashMap<>();
        for (String name : names) {
            Marker marker = markerOf(name);
            if (marker != null) {
                values.put(name, marker.value);
            }
        }
        return new MarkerReading(values, memory.counter == null ? 0 : memory.counter);
    }

    private @Nullable Marker markerOf(String name) {
        Marker marker = memory.markers.get(name);
        return marker == null || marker.endsAt <= micros() ? null : marker;
    }

    MarkerReading ensureMarkers(Collection<String> names, Duration life) {
        long seq = memory.counter == null ? micros() : memory.counter;
        memory.counter = seq;
        highestCounter = Math.max(highestCounter, seq);
        long endsAt = micros() + life.toNanos() / 1_000;
        for (String name : names) {
            Marker marker = markerOf(name);
            putMarker(
                    name,
                    marker == null
                            ? new Marker(seq, endsAt)
                            : new Marker(marker.value, Math.max(marker.endsAt, endsAt)));
        }
        written();
        return markers(names);
    }

    MarkerReading raiseMarkers(Collection<String> names, Duration life) {
        long seq = Math.max(memory.counter == null ? 0 : memory.counter + 1, micros());
        memory.counter = seq;
        highestCounter = Math.max(highestCounter, seq);
        for (String name : names) {
            Marker marker = markerOf(name);
            long endsAt = micros() + life.toNanos() / 1_000;
            putMarker(name, new Marker(seq, marker == null ? endsAt : Math.max(marker.endsAt, endsAt)));
        }
        written();
        return markers(names);
    }

    private long store(String key, FarReading present, RecordDraft draft, long seq) {
        long version = nextVersion(present);
        long freshUntil = millis() + draft.lifetime().fresh().toMillis();
        long goneAt = millis() + draft.lifetime().whole().toMillis();
        hold(
                key,
                new FarRecord(
                        new FarRecord.Stamp(version, draft.writeId(), draft.sourceVersion(), seq),
                        new FarRecord.Life(freshUntil, goneAt),
                        draft.attributes(),
                        draft.content()),
                draft.lifetime().whole());
        return version;
    }

    private void hold(String key, FarRecord record, Duration life) {
        long kept = Math.max(1, life.toMillis()) * 1_000;
        putRecord(key, new Held(new FarReading.Found(record), micros() + kept));
        written();
    }

    private long nextVersion(FarReading present) {
        return present instanceof FarReading.Found found
                ? Math.max(found.record().stamp().version() + 1, micros())
                : micros();
    }

    private static boolean isNewer(FarReading present, RecordDraft draft) {
        return present instanceof FarReading.Found found
                && found.record().stamp().sourceVersion() != FarRecord.NO_SOURCE_VERSION
                && draft.sourceVersion() != FarRecord.NO_SOURCE_VERSION
                && found.record().stamp().sourceVersion() > draft.sourceVersion();
    }

    private static boolean isSame(FarReading one, FarReading other) {
        if (one instanceof FarReading.Found a && other instanceof FarReading.Found b) {
            return a.record().stamp().version() == b.record().stamp().version()
                    && a.record().stamp().writeId() == b.record().stamp().writeId();
        }
        return one.equals(other);
    }
}
