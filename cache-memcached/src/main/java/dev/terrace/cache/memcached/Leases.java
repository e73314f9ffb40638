package dev.terrace.cache.memcached;

import dev.terrace.cache.spi.FarStore.FarLease;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The leases that this node holds: on memcached a lease is the right to replace one item, and only its holder needs to know which.
 * Bounded. Thread-safe.
 */
final class Leases {

    private static final int MOST = 1 << 17;

    /** Of a lease of which no server knows, so that a load may go on while the key's server is down. */
    static final Link NO_LINK = ended();

    private final Map<FarLease, Held> held = new ConcurrentHashMap<>();

    /**
     * A lease as granted.
     *
     * @param link over which it was granted; once that is lost, so is the lease
     * @param cas of the item that may be replaced
     * @param sourceVersion of the record that may be replaced
     * @param over local monotonic time
     * @param beside the item that stands for the lease while the record is there, or null where the replaced item does itself
     */
    record Held(
            Link link,
            long cas,
            long sourceVersion,
            long over,
            @Nullable Beside beside) {}

    /**
     * A lease of a record that is there.
     *
     * @param cas of the lease's own item
     * @param recordEnds when the record ends by itself, local monotonic time
     */
    record Beside(long cas, long recordEnds) {}

    private static Link ended() {
        Link none = new Link("", 1, new Link.Counts(), (link, reason) -> {});
        none.end("never connected");
        return none;
    }

    /** @return whether there was room */
    boolean add(FarLease lease, Held granted) {
        if (held.size() >= MOST) {
            long now = System.nanoTime();
            held.values().removeIf(one -> now - one.over() >= 0);
            if (held.size() >= MOST) {
                return false;
            }
        }
        held.put(lease, granted);
        return true;
    }

    /** Takes a lease out, whether it still stands or not. */
    @Nullable
    Held remove(FarLease lease) {
        return held.remove(lease);
    }

    static boolean stands(@Nullable Held lease) {
        return lease != null
                && System.nanoTime() - lease.over() < 0
                && !lease.link().hasEnded();
    }
}
