package dev.terrace.cache.spi;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The records, leases and markers of one cache in a far tier. Thread-safe; nothing blocks and nothing throws: every
 * failure arrives in the returned stage. Each operation is atomic per key on the server and costs one round trip,
 * however many keys it names. Replies are in the order of the requests. Keys are printable ASCII without spaces or
 * braces, at most 200 characters.
 *
 * <p>A store bounds nothing by itself: its caller adds time limits and a circuit breaker. What changes anything and reaches
 * the server later than the budget given to {@link FarTier#open} after it was issued is not applied and answers
 * {@link WriteReply.Late}; where the reply cannot say so, a fill is refused and any other stage fails.
 *
 * <p>Versions are {@code max(stored version + 1, server time in µs)}, given on the server at the moment of the write.
 *
 * <p>What was judged is still there iff its identity is: version and write id, or the bytes in their place where they are
 * malformed. What has no identity (foreign data that is too short or no bytes at all) counts as absent.
 *
 * <p>Source versions are compared only with each other: where one side has none, the write is not refused for it.
 */
public interface FarStore {

    /** The server's clock, as far as it is known. Every reply of this store implies that it is known. */
    FarClock clock();

    /** Whether versions are the server's times of writing, in microseconds, which tell how old an entry is. */
    default boolean versionsAreTimes() {
        return true;
    }

    /**
     * Asks the server anything that it must answer, and sets the clock by the reply: the heartbeat.
     */
    CompletionStage<Void> ping();

    /**
     * Plain reads, one per key: no script, no write. Foreign or unreadable bytes are {@link FarReading.Malformed}; what is
     * no bytes at all may also be absent.
     */
    CompletionStage<List<FarReading>> read(List<String> keys);

    /** Reads the fixed header of each record alone, to compare it with a copy; its payload is empty. */
    CompletionStage<List<FarReading>> readHeaders(List<String> keys);

    /**
     * Asks for the right to fill each key. If the record is no longer the one that was judged, it is returned instead;
     * if another lease of the key is alive, the answer is busy; else the lease is granted for {@code time}.
     */
    CompletionStage<List<LeaseReply>> lease(List<LeaseRequest> requests, Duration time);

    /**
     * Stores each record if its lease stands, the record is still the one that was judged when the lease was granted (or
     * has reached the end of its life since), and it had and has no newer source version. Ends the lease, also where the
     * record is refused.
     */
    CompletionStage<List<FillReply>> fill(List<FillRequest> requests);

    /** Gives leases back unused, so that the next caller may load at once. Leases that no longer stand are ignored. */
    CompletionStage<Void> release(List<FarLease> leases);

    /**
     * Stores each record with a new version and ends any lease of its key. The stored sequence is the highest of the
     * draft's and the cache's counter. Refused when the stored record or tombstone has a newer source version; nothing
     * changes then.
     */
    CompletionStage<List<WriteReply>> put(List<PutRequest> requests);

    /** As {@link #put}, but only where the record is still the one that was judged; else the current one is returned. */
    CompletionStage<WriteReply> putIfUnchanged(PutRequest request, FarReading judged);

    /**
     * Leaves a tombstone with a new version for {@code tombstoneTime} and ends any lease of its key. The tombstone keeps
     * the source version of the record it replaces.
     */
    CompletionStage<List<WriteReply>> invalidate(Collection<String> keys, Duration tombstoneTime);

    /**
     * Makes a present value, or cached null, stale as of now: a new version, a new write id and a fresh-until of now or
     * before; it stays for its remaining life. Answers {@link WriteReply.Unchanged} where there is no value to expire. In
     * both cases any lease of the key ends: a value that was being loaded must not be stored as fresh afterwards.
     */
    CompletionStage<WriteReply> expire(String key, long writeId);

    /**
     * Keeps each present value, or cached null, for {@code idle} from now, but never past the end of its life. It stays the
     * same change; tombstones keep their time.
     */
    CompletionStage<Void> touch(List<String> keys, Duration idle);

    /**
     * Reads markers and the cache's counter.
     *
     * @param names tags, or {@link MarkerReading#ALL}
     */
    CompletionStage<MarkerReading> markers(Collection<String> names);

    /**
     * Creates those of the named markers that are missing, at the counter's value, and returns them all. A missing counter is
     * created first, at the server time in µs or at the highest of the named markers, so that markers created later, under
     * other names, get the same value. They live at least {@code life}.
     */
    CompletionStage<MarkerReading> ensureMarkers(Collection<String> names, Duration life);

    /**
     * Raises the counter to {@code max(counter + 1, server time in µs)}, and above each named marker should one be ahead of
     * it, and each named marker to it. They live at least {@code life}.
     *
     * <p>A store that can tell that the counter was lost, since it was told of higher numbers before, should begin above them,
     * here and where it creates the counter: records that were stored under those may still be there.
     */
    CompletionStage<MarkerReading> raiseMarkers(Collection<String> names, Duration life);

    /** How changes are told; {@code null} where near copies have to be compared instead. Always the same. */
    default @Nullable ChangeFeed changeFeed() {
        return null;
    }

    /** Gives the name back to the tier, and ends its change feed. Does not delete anything. */
    void close();

    /** @param judged what the caller read and found missing, stale, invalid or malformed */
    record LeaseRequest(String key, FarReading judged) {}

    /**
     * A value to store under a lease.
     *
     * @param lease what the server granted for the key
     * @param draft what to store
     */
    record FillRequest(FarLease lease, RecordDraft draft) {}

    /**
     * A value to store whatever is there.
     *
     * @param key the store's key
     * @param draft what to store
     */
    record PutRequest(String key, RecordDraft draft) {}

    /** The right to fill a key, until it is used, given back, ended by a write, or over. */
    record FarLease(String key, long id) {}

    /** What became of a lease request. */
    sealed interface LeaseReply {
        /** The caller may load and fill. */
        record Granted(FarLease lease) implements LeaseReply {}

        /** Somebody else holds the lease. */
        record Busy() implements LeaseReply {}

        /** The record is no longer the one that was judged; here it is. */
        record Changed(FarReading current) implements LeaseReply {}
    }

    /** What became of a fill. */
    sealed interface FillReply {
        /** @param version the version that the server gave the record */
        record Stored(long version) implements FillReply {}

        /** Nothing was stored: the lease no longer stands, the record is another, or its source version is newer. */
        record Refused() implements FillReply {}
    }

    /** What became of a write. */
    sealed interface WriteReply {

        /** Whether the server has decided, so that nothing is left to be repaired. */
        default boolean isAcknowledged() {
            return !(this instanceof Late || this instanceof Failed);
        }

        /**
         * @param version the version that the server gave the change
         * @param seq the sequence stored with it
         */
        record Stored(long version, long seq) implements WriteReply {}

        /** A record with a newer source version is there. */
        record OlderSource() implements WriteReply {}

        /** The write arrived after its deadline and was not applied. */
        record Late() implements WriteReply {}

        /**
         * The server of this key did not acknowledge the write, which may have been applied all the same, while the server of
         * another key of the same call answered. Where nothing was answered of any key, the stage fails instead.
         *
         * @param cause as the stage of a call for this key alone would have failed
         */
        record Failed(Throwable cause) implements WriteReply {}

        /** There was nothing to change. */
        record Unchanged() implements WriteReply {}

        /** The record was not the one that was judged. */
        record Changed(FarReading current) implements WriteReply {}
    }

    /**
     * Markers as the server has them.
     *
     * @param values the markers that exist, by name; a name that is absent has no marker
     * @param seq the cache's counter, or 0 where it does not exist
     */
    record MarkerReading(Map<String, Long> values, long seq) {
        /** The marker of the whole cache, raised by clear. */
        public static final String ALL = "*";

        public MarkerReading {
            values = Map.copyOf(values);
        }
    }
}
