package dev.terrace.cache;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/** The watches of one {@link TrustTerm}, in a fixed number of cells indexed by the hash of what they are on. Lock-free. */
final class Watches {

    private final TrustTerm term;
    private final AtomicReferenceArray<@Nullable Watch> cells;

    /** @param cells a power of two */
    Watches(TrustTerm term, int cells) {
        this.term = term;
        this.cells = new AtomicReferenceArray<>(cells);
    }

    private int index(String text) {
        int hash = text.hashCode() * 0x9E3779B9;
        return (hash ^ (hash >>> 16)) & (cells.length() - 1);
    }

    /** To be taken before the text is read of. */
    Watch on(String text) {
        int index = index(text);
        Watch present = cells.get(index);
        if (present != null) {
            return present;
        }
        Watch created = new Watch(term);
        Watch witness = cells.compareAndExchange(index, null, created);
        return witness == null ? created : witness;
    }

    /** Somebody changed it: whoever takes a watch on it afterwards gets a new one. */
    void changed(String text) {
        Watch ended = takenAway(text);
        if (ended != null) {
            ended.changed();
        }
    }

    /** The same where this node did, perhaps somebody else together with it. */
    void echoed(String text) {
        Watch ended = takenAway(text);
        if (ended != null) {
            ended.echoed();
        }
    }

    private @Nullable Watch takenAway(String text) {
        int index = index(text);
        return cells.get(index) == null ? null : cells.getAndSet(index, null);
    }
}
