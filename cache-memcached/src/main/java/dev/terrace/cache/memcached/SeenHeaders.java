package dev.terrace.cache.memcached;

import dev.terrace.cache.spi.FarRecord;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The headers of records that this node has read or written, by which an item's CAS id alone tells its whole identity: within one
 * link an id names one change for ever. Bounded; what is forgotten costs a whole read. Thread-safe and lock-free.
 */
final class SeenHeaders {

    private static final int SLOTS = 1 << 15;

    private final AtomicReferenceArray<@Nullable Seen> slots = new AtomicReferenceArray<>(SLOTS);

    /** @param header the record without its payload */
    private record Seen(String name, Link link, long cas, FarRecord header) {}

    void saw(String name, Link link, long cas, FarRecord header) {
        slots.lazySet(slot(name), new Seen(name, link, cas, header));
    }

    /** The header of the item that has this CAS id, if it is known. */
    @Nullable
    FarRecord recall(String name, Link link, long cas) {
        Seen seen = slots.get(slot(name));
        return seen != null
                        && seen.link() == link
                        && seen.cas() == cas
                        && seen.name().equals(name)
                ? seen.header()
                : null;
    }

    private static int slot(String name) {
        int hash = name.hashCode() * 0x9E3779B9;
        return (hash ^ hash >>> 16) & SLOTS - 1;
    }
}
