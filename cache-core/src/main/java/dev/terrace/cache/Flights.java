package dev.terrace.cache;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The flights of a cache that have not ended: those that stand for their key, which callers join, and those apart, since
 * a change has detached them or they never load. A flight of either sort ends at the close at the latest. Thread-safe.
 */
final class Flights<K, V> {

    private final ConcurrentHashMap<K, Flight<K, V>> standing = new ConcurrentHashMap<>();
    private final Set<Flight<K, V>> apart = ConcurrentHashMap.newKeySet();
    private volatile @Nullable CacheClosedException closed;

    /** The flight that stands for a key. */
    @Nullable
    Flight<K, V> standing(K key) {
        return standing.get(key);
    }

    /** Begins a flight that stands for its key, unless another does: then that is returned, and this one is not begun. */
    @Nullable
    Flight<K, V> beginStanding(Flight<K, V> flight) {
        Flight<K, V> other = standing.putIfAbsent(flight.key, flight);
        if (other == null) {
            endIfClosed(flight);
        }
        return other;
    }

    /** Begins a flight that nobody joins. */
    void beginApart(Flight<K, V> flight) {
        apart.add(flight);
        endIfClosed(flight);
    }

    /** One that begins after the close has ended already. */
    private void endIfClosed(Flight<K, V> flight) {
        CacheClosedException failure = closed;
        if (failure != null) {
            end(flight, failure);
        }
    }

    /** A flight is about to end: nobody is to join it any more. */
    void ended(Flight<K, V> flight) {
        if (flight.purpose.endsBeforeLoad() || !standing.remove(flight.key, flight)) {
            apart.remove(flight);
        }
    }

    /** The flight of a key goes on for those who wait for it, and for nobody else. */
    void detach(K key) {
        if (standing.containsKey(key)) {
            standing.computeIfPresent(key, this::moved);
        }
    }

    /** Is never in neither place, so that the close finds it; and is not moved any more once it has ended. */
    private @Nullable Flight<K, V> moved(K key, Flight<K, V> flight) {
        apart.add(flight);
        return null;
    }

    /** As {@link #detach}, for every key. */
    void detachAll() {
        standing.keySet().forEach(this::detach);
    }

    /** How many are under way. */
    int size() {
        return standing.size() + apart.size();
    }

    /** Ends all flights with this failure, and all that begin from now on. */
    void close(CacheClosedException failure) {
        closed = failure;
        // In the order in which they are moved.
        List<Flight<K, V>> flights = new ArrayList<>(standing.values());
        flights.addAll(apart);
        flights.forEach(flight -> end(flight, failure));
        // Afterwards: callers are to learn of the close and not of the interrupt.
        flights.forEach(Flight::cancelLoad);
    }

    private void end(Flight<K, V> flight, CacheClosedException failure) {
        ended(flight);
        flight.answer.completeExceptionally(failure);
        flight.outcome.completeExceptionally(failure);
    }

    @Override
    public String toString() {
        return standing.keySet() + " and " + apart.size() + " detached";
    }
}
