package dev.terrace.cache.testkit;

import dev.terrace.cache.spi.FarReading;
import dev.terrace.cache.spi.FarRecord;
import dev.terrace.cache.spi.FarRecord.Content;
import dev.terrace.cache.spi.FarRecord.Life;
import dev.terrace.cache.spi.FarRecord.Stamp;
import dev.terrace.cache.spi.FarRecord.State;
import dev.terrace.cache.spi.FarStore.FarLease;
import dev.terrace.cache.spi.FarStore.FillReply;
import dev.terrace.cache.spi.FarStore.LeaseReply;
import dev.terrace.cache.spi.FarStore.MarkerReading;
import dev.terrace.cache.spi.FarStore.WriteReply;
import dev.terrace.cache.spi.RecordBytes;
import dev.terrace.cache.spi.RecordDraft;
import dev.terrace.cache.spi.RecordFormat;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The model of a far server: what {@link InMemoryFarTier}s that stand for different nodes share. It keeps bytes, so that what
 * is malformed can be there too, and takes its time from outside. Thread-safe; every operation is one step.
 */
public final class InMemoryServer {

    private static final byte[] NO_IDENTITY = {};

    private final LongSupplier micros;
    private final LongSupplier randoms;
    private final ReentrantLock lock = new ReentrantLock();
    private final Queue<Runnable> unread = new ArrayDeque<>();
    private final Map<StoreKey, Stored> records = new HashMap<>();
    private final Map<StoreKey, Lease> leases = new HashMap<>();
    private final Map<String, Long> counters = new HashMap<>();
    private final Map<StoreKey, Marker> markers = new HashMap<>();
    private boolean frozen;

    /** @param micros the server's clock, in microseconds since the epoch */
    public InMemoryServer(LongSupplier micros) {
        this(micros, () -> ThreadLocalRandom.current().nextLong());
    }

    /**
     * A server whose every step can be repeated.
     *
     * @param micros the server's clock, in microseconds since the epoch
     * @param randoms where write ids of tombstones and ids of leases come from
     */
    public InMemoryServer(LongSupplier micros, LongSupplier randoms) {
        this.micros = micros;
        this.randoms = randoms;
    }

    /** The server's clock. */
    public long micros() {
        return micros.getAsLong();
    }

    /** Takes requests from now on without executing them. */
    public void freeze() {
        lock.lock();
        try {
            frozen = true;
        } finally {
            lock.unlock();
        }
    }

    /** Executes what has arrived since, in order, and goes on. */
    public void thaw() {
        lock.lock();
        try {
            frozen = false;
        } finally {
            lock.unlock();
        }
        for (Runnable request = nextUnread(); request != null; request = nextUnread()) {
            request.run();
        }
    }

    /** Forgets everything, as a server that keeps nothing on disk does when it starts again. */
    public void clear() {
        lock.lock();
        try {
            records.clear();
            leases.clear();
            counters.clear();
            markers.clear();
        } finally {
            lock.unlock();
        }
    }

    /** Puts bytes under a key of a cache for good, past all rules. */
    public void plant(String cache, String key, byte[] bytes) {
        lock.lock();
        try {
            records.put(new StoreKey(cache, key), new Stored(bytes.clone(), Long.MAX_VALUE));
        } finally {
            lock.unlock();
        }
    }

    /** Deletes what is under a key of a cache, past all rules; its lease stays. */
    public void delete(String cache, String key) {
        lock.lock();
        try {
            records.remove(new StoreKey(cache, key));
        } finally {
            lock.unlock();
        }
    }

    /** Executes a request, now or when thawed. */
    void receive(Runnable request) {
        lock.lock();
        try {
            if (frozen) {
                unread.add(request);
                return;
            }
        } finally {
            lock.unlock();
        }
        request.run();
    }

    private @Nullable Runnable nextUnread() {
        lock.lock();
        try {
            return frozen ? null : unread.poll();
        } finally {
            lock.unlock();
        }
    }

    /** Runs one step of the server. */
    <T> T step(Function<Step, T> operation) {
        lock.lock();
        try {
            return operation.apply(new Step(micros.getAsLong()));
        } finally {
            lock.unlock();
        }
    }

    record StoreKey(String cache, String name) {}

    /** @param endMicros when it ends by itself */
    private record Stored(byte[] bytes, long endMicros) {}

    /**
     * @param judged the identity that the record had
     * @param judgedEnd when the record would end by itself
     */
    private record Lease(long id, long endMicros, byte[] judged, long judgedEnd, long sourceVersion) {}

    private record Marker(long value, long endMicros) {}

    /** What the server can do, all of it at one moment. */
    final class Step {

        private final long now;

        private Step(long now) {
            this.now = now;
        }

        long now() {
            return now;
        }

        FarReading read(StoreKey key) {
            Stored stored = stored(key);
            return stored == null ? FarReading.ABSENT : RecordBytes.parse(ByteBuffer.wrap(stored.bytes()));
        }

        FarReading readHeader(StoreKey key) {
            Stored stored = stored(key);
            return stored == null ? FarReading.ABSENT : RecordBytes.parseHeader(ByteBuffer.wrap(stored.bytes()));
        }

        LeaseReply lease(StoreKey key, FarReading judged, Duration time) {
            if (!Arrays.equals(identity(key), identityOf(judged))) {
                return new LeaseReply.Changed(read(key));
            }
            Lease other = leases.get(key);
            if (other != null && other.endMicros() > now) {
                return new LeaseReply.Busy();
            }
            Stored stored = stored(key);
            Lease granted = new Lease(
                    randoms.getAsLong(),
                    end(time),
                    identity(key),
                    stored == null ? now : stored.endMicros(),
                    sourceVersion(key));
            leases.put(key, granted);
            return new LeaseReply.Granted(new FarLease(key.name(), granted.id()));
        }

        FillReply fill(StoreKey key, long leaseId, RecordDraft draft, long deadline) {
            Lease lease = leases.get(key);
            if (now > deadline || lease == null || lease.id() != leaseId || lease.endMicros() <= now) {
                return new FillReply.Refused();
            }
            leases.remove(key);
            boolean same = Arrays.equals(identity(key), lease.judged());
            boolean ended = stored(key) == null && lease.judgedEnd() <= now;
            if (!(same || ended)
                    || isOlder(draft.sourceVersion(), lease.sourceVersion())
                    || isOlder(draft.sourceVersion(), sourceVersion(key))) {
                return new FillReply.Refused();
            }
            return new FillReply.Stored(store(key, draft, draft.seq()).version());
        }

        void release(StoreKey key, long leaseId) {
            leases.computeIfPresent(key, (k, lease) -> lease.id() == leaseId ? null : lease);
        }

        /** @param judged what must still be there, or null for whatever is there */
        WriteReply put(StoreKey key, RecordDraft draft, @Nullable FarReading judged, long deadline) {
            if (now > deadline) {
                return new WriteReply.Late();
            }
            if (judged != null && !Arrays.equals(identity(key), identityOf(judged))) {
                return new WriteReply.Changed(read(key));
            }
            if (isOlder(draft.sourceVersion(), sourceVersion(key))) {
                return new WriteReply.OlderSource();
            }
            leases.remove(key);
            Stamp stamp = store(key, draft, Math.max(draft.seq(), counters.getOrDefault(key.cache(), 0L)));
            return new WriteReply.Stored(stamp.version(), stamp.seq());
        }

        WriteReply invalidate(StoreKey key, Duration tombstoneTime, long deadline) {
            if (now > deadline) {
                return new WriteReply.Late();
            }
            leases.remove(key);
            Stamp stamp = new Stamp(nextVersion(key), randoms.getAsLong(), sourceVersion(key), 0);
            Content nothing = new Content(State.TOMBSTONE, 0, null, ByteBuffer.allocate(0));
            long goneAt = TimeUnit.MICROSECONDS.toMillis(end(tombstoneTime));
            FarRecord tombstone = new FarRecord(stamp, new Life(goneAt, goneAt), FarRecord.Attributes.NONE, nothing);
            records.put(key, new Stored(RecordBytes.encode(tombstone), end(tombstoneTime)));
            return new WriteReply.Stored(stamp.version(), 0);
        }

        WriteReply expire(StoreKey key, long writeId, long deadline) {
            if (now > deadline) {
                return new WriteReply.Late();
            }
            leases.remove(key);
            Stored stored = stored(key);
            FarRecord header = header(key);
            if (stored == null || header == null || !isValue(header)) {
                return new WriteReply.Unchanged();
            }
            long version = nextVersion(key);
            long freshUntil = Math.min(header.life().freshUntil(), TimeUnit.MICROSECONDS.toMillis(now));
            ByteBuffer bytes = ByteBuffer.wrap(stored.bytes().clone());
            bytes.putLong(RecordFormat.IDENTITY_OFFSET, version);
            bytes.putLong(RecordFormat.IDENTITY_OFFSET + Long.BYTES, writeId);
            bytes.putLong(RecordFormat.FRESH_UNTIL_OFFSET, freshUntil);
            records.put(key, new Stored(bytes.array(), stored.endMicros()));
            return new WriteReply.Stored(version, header.stamp().seq());
        }

        void touch(StoreKey key, Duration idle) {
            Stored stored = stored(key);
            FarRecord header = header(key);
            if (stored != null && header != null && isValue(header)) {
                long goneAt = TimeUnit.MILLISECONDS.toMicros(header.life().goneAt());
                records.put(key, new Stored(stored.bytes(), Math.min(goneAt, end(idle))));
            }
        }

        MarkerReading markers(String cache, Collection<String> names) {
            Map<String, Long> values = new HashMap<>();
            for (String name : names) {
                Marker marker = marker(new StoreKey(cache, name));
                if (marker != null) {
                    values.put(name, marker.value());
                }
            }
            return new MarkerReading(values, counters.getOrDefault(cache, 0L));
        }

        MarkerReading ensureMarkers(String cache, Collection<String> names, Duration life) {
            long seq = counters.computeIfAbsent(cache, c -> Math.max(now, highestMarker(cache, names)));
            for (String name : names) {
                StoreKey key = new StoreKey(cache, name);
                Marker there = marker(key);
                markers.put(
                        key,
                        there == null
                                ? new Marker(seq, end(life))
                                : new Marker(there.value(), Math.max(there.endMicros(), end(life))));
            }
            return markers(cache, names);
        }

        MarkerReading raiseMarkers(String cache, Collection<String> names, Duration life) {
            long above = Math.max(counters.getOrDefault(cache, 0L), highestMarker(cache, names)) + 1;
            long seq = Math.max(above, now);
            counters.put(cache, seq);
            for (String name : names) {
                Marker there = marker(new StoreKey(cache, name));
                long end = Math.max(end(life), there == null ? 0 : there.endMicros());
                markers.put(new StoreKey(cache, name), new Marker(seq, end));
            }
            return markers(cache, names);
        }

        private long highestMarker(String cache, Collection<String> names) {
            return markers(cache, names).values().values().stream()
                    .mapToLong(Long::longValue)
                    .max()
                    .orElse(0);
        }

        private Stamp store(StoreKey key, RecordDraft draft, long seq) {
            Stamp stamp = new Stamp(nextVersion(key), draft.writeId(), draft.sourceVersion(), seq);
            long nowMillis = TimeUnit.MICROSECONDS.toMillis(now);
            Life life = new Life(
                    nowMillis + draft.lifetime().fresh().toMillis(),
                    nowMillis + draft.lifetime().whole().toMillis());
            byte[] bytes = RecordBytes.encode(new FarRecord(stamp, life, draft.attributes(), draft.content()));
            records.put(key, new Stored(bytes, end(draft.lifetime().whole())));
            return stamp;
        }

        private long nextVersion(StoreKey key) {
            FarRecord header = header(key);
            return header == null ? now : Math.max(header.stamp().version() + 1, now);
        }

        private long sourceVersion(StoreKey key) {
            FarRecord header = header(key);
            return header == null ? FarRecord.NO_SOURCE_VERSION : header.stamp().sourceVersion();
        }

        private @Nullable FarRecord header(StoreKey key) {
            return readHeader(key) instanceof FarReading.Found found ? found.record() : null;
        }

        private byte[] identity(StoreKey key) {
            Stored stored = stored(key);
            if (stored == null || stored.bytes().length <= RecordFormat.IDENTITY_OFFSET) {
                return NO_IDENTITY;
            }
            int end = RecordFormat.IDENTITY_OFFSET + RecordFormat.IDENTITY_LENGTH;
            return Arrays.copyOfRange(
                    stored.bytes(), RecordFormat.IDENTITY_OFFSET, Math.min(end, stored.bytes().length));
        }

        private @Nullable Stored stored(StoreKey key) {
            Stored stored = records.get(key);
            if (stored != null && stored.endMicros() <= now) {
                records.remove(key);
                return null;
            }
            return stored;
        }

        private @Nullable Marker marker(StoreKey key) {
            Marker marker = markers.get(key);
            if (marker != null && marker.endMicros() <= now) {
                markers.remove(key);
                return null;
            }
            return marker;
        }

        private long end(Duration time) {
            return now + TimeUnit.NANOSECONDS.toMicros(time.toNanos());
        }
    }

    private static byte[] identityOf(FarReading judged) {
        if (judged instanceof FarReading.Found found) {
            Stamp stamp = found.record().stamp();
            return ByteBuffer.allocate(RecordFormat.IDENTITY_LENGTH)
                    .putLong(stamp.version())
                    .putLong(stamp.writeId())
                    .array();
        }
        return judged instanceof FarReading.Malformed malformed ? malformed.identity() : NO_IDENTITY;
    }

    private static boolean isValue(FarRecord record) {
        return record.content().state() != State.TOMBSTONE;
    }

    private static boolean isOlder(long drafted, long stored) {
        return drafted != FarRecord.NO_SOURCE_VERSION && drafted < stored;
    }
}
