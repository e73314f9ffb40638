package dev.terrace.cache;

import dev.terrace.cache.spi.FarReading;
import dev.terrace.cache.spi.FarStore.FarLease;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import org.jspecify.annotations.Nullable;

/**
 * One read of a key that the near tier could not answer, from the far tier through the lease and the load to the fill. Callers
 * of the same key join it. Steps follow each other through futures, so that its plain fields are handed on safely; what
 * callers touch is thread-safe.
 */
final class Flight<K, V> {

    /** Why a flight was started. */
    enum Purpose {
        /** A caller wants the value, from wherever it is. */
        READ,
        /** A caller wants what the tiers have, and no load. Such a flight is not joined. */
        PEEK,
        /** A caller wants the value loaded, however fresh the present one is. */
        REFRESH,
        /** The present value is fresh but near its end; nobody waits. */
        EARLY,
        /** The present value's trust is near its end; nobody waits, and nothing is loaded. Such a flight is not joined. */
        AHEAD;

        /** Whether the flight ends where a load would begin. */
        boolean endsBeforeLoad() {
            return this == PEEK || this == AHEAD;
        }
    }

    @SuppressWarnings("rawtypes")
    private static final AtomicIntegerFieldUpdater<Flight> WAITING =
            AtomicIntegerFieldUpdater.newUpdater(Flight.class, "waiting");

    final K key;
    final @Nullable FarKey farKey;
    final Purpose purpose;
    final @Nullable LoadSource<K, V> source;
    final LoadRunner runner;
    /** The stripe as it was before any read or load of this flight. */
    final long stamp;
    /** The invalidation sequence known then: who joins later under a higher one must judge the answer again. */
    final long seq;

    /** What callers get: perhaps a stale value, before the flight is over. */
    final CompletableFuture<Answer<V>> answer = new CompletableFuture<>();
    /** How the flight ended. */
    final CompletableFuture<Answer<V>> outcome = new CompletableFuture<>();

    /** How many callers wait. */
    private volatile int waiting;

    /** A near copy that may be served again if the far tier still has the same change. */
    @Nullable
    Entry<V> copy;
    /** The value that is being replaced; may be served if its replacement fails or is slow. */
    volatile @Nullable Entry<V> previous;
    /** What the far tier had when it was judged. */
    FarReading judged = FarReading.ABSENT;

    @Nullable
    FarLease lease;
    /** Whether what is loaded may be stored near although it is stored nowhere else. */
    boolean mayStayNear = true;

    int leaseAttempts;
    long waitingForHolderSince = -1;

    /** The last look at its key in the far tier that this node may have to wait after. */
    @Nullable
    Look look;

    /** Since before its load began. */
    volatile Watch loadWatch = Watch.NONE;

    /** Whether the marker of the whole cache was to be asked for again when its load began. */
    boolean loadedInDoubt;

    long loadStartedAt;
    long loadSeq;
    /** The flights that one call of the loader loads, this one among them; null where it is alone. */
    private volatile @Nullable List<Flight<K, V>> together;

    volatile @Nullable RunningLoad load;

    Flight(K key, @Nullable FarKey farKey, Purpose purpose, Start<K, V> start) {
        this.key = key;
        this.farKey = farKey;
        this.purpose = purpose;
        this.source = start.source();
        this.runner = start.runner();
        this.stamp = start.stamp();
        this.seq = start.seq();
    }

    /** What a flight starts from. */
    record Start<K, V>(@Nullable LoadSource<K, V> source, LoadRunner runner, long stamp, long seq) {}

    /**
     * A flight to load in place of this one, which a change has detached: it knows of the change, and serves nothing from
     * before.
     */
    Flight<K, V> successor(long stampNow, long seqNow) {
        Flight<K, V> successor = new Flight<>(key, farKey, purpose, new Start<>(source, runner, stampNow, seqNow));
        successor.judged = judged;
        successor.lease = lease;
        successor.mayStayNear = mayStayNear;
        successor.joined();
        lease = null;
        return successor;
    }

    boolean forcesLoad() {
        return purpose == Purpose.REFRESH || purpose == Purpose.EARLY;
    }

    FarKey requireFarKey() {
        if (farKey == null) {
            throw new IllegalStateException("a flight without a far tier has no far key");
        }
        return farKey;
    }

    Look requireLook() {
        if (look == null) {
            throw new IllegalStateException("a flight that has asked for no lease");
        }
        return look;
    }

    void joined() {
        WAITING.incrementAndGet(this);
    }

    /** A caller stops waiting. Returns whether nobody waits any more. */
    boolean left() {
        return WAITING.decrementAndGet(this) == 0;
    }

    boolean isWanted() {
        return waiting > 0;
    }

    /** One call of the loader loads these, this one among them. */
    void loadedWith(List<Flight<K, V>> flights) {
        together = flights;
    }

    /** The flights that one call of the loader loads, this one among them. */
    List<Flight<K, V>> together() {
        List<Flight<K, V>> flights = together;
        return flights == null ? List.of(this) : flights;
    }

    /** Stops the load, if one runs. */
    void cancelLoad() {
        RunningLoad running = load;
        if (running != null) {
            running.cancel();
        }
    }
}
