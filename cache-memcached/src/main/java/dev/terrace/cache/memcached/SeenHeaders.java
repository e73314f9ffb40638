package dev.terrace.cache.memcached;

import dev.terrace.cache.spi.FarRecord;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The headers of records that this node has read or written, by which an item's CAS id alone tells its whole identity: within one
 * link an id names one change for ever. Bounded; what is forgotten costs a whole read. Thread-safe and lock-free.
 */
final class SeenHeaders {

    private static final int SLOTS = 1 << 15;

    private final AtomicReferenceArray<@Nullable Seen> slots = new AtomicReferenceArray<>(SLOTS);
    /** What is likely to be in each slot: nearly all that is read was seen before, and to look there would cost more. */
    private final AtomicIntegerArray marks = new AtomicIntegerArray(SLOTS);

    /** What is kept of a record: little, since there are many. */
    private record Seen(
            String name, Link link, FarRecord.Stamp stamp, FarRecord.Life life, int loadMillis, FarRecord.State state) {
        boolean is(Link otherLink, long cas) {
            return link == otherLink && stamp.version() == cas;
        }
    }

    /** Remembers the header of a record whose version is its item's CAS id. */
    void saw(String name, Link link, FarRecord record) {
        long cas = record.stamp().version();
        int slot = slot(cas);
        int mark = mark(link, cas);
        if (marks.get(slot) == mark) {
            return;
        }
        marks.lazySet(slot, mark);
        slots.lazySet(
                slot,
                new Seen(
                        name,
                        link,
                        record.stamp(),
                        record.life(),
                        record.attributes().loadMillis(),
                        record.content().state()));
    }

    /** The header of the item that has this CAS id, if it is known. */
    @Nullable
    FarRecord recall(String name, Link link, long cas) {
        int slot = slot(cas);
        Seen seen = slots.get(slot);
        if (seen == null || !seen.is(link, cas) || !seen.name().equals(name)) {
            // Else it would never be remembered, if two were remembered at once.
            marks.compareAndSet(slot, mark(link, cas), 0);
            return null;
        }
        return new FarRecord(
                seen.stamp(),
                seen.life(),
                new FarRecord.Attributes(seen.loadMillis(), List.of(), null),
                new FarRecord.Content(seen.state(), 0, null, ByteBuffer.allocate(0)));
    }

    /** A server counts them, so that those of its last changes share no slot. */
    private static int slot(long cas) {
        return (int) cas & SLOTS - 1;
    }

    private static int mark(Link link, long cas) {
        return Long.hashCode(cas) * 31 + System.identityHashCode(link);
    }
}
