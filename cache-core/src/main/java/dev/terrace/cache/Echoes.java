package dev.terrace.cache;

import java.util.Collection;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The keys whose next notice may be of this node's own write. Whether it is of that write alone cannot be known: a server
 * tells once of what happens to a key in one turn. So an echo ends trust in a copy as any notice does, and the copy is compared
 * instead of read anew. Bounded; what finds no room is taken for another's change.
 */
final class Echoes {

    private static final int MOST = 1 << 16;
    private static final long UNDER_WAY = Long.MAX_VALUE;

    private final ConcurrentHashMap<String, Long> expected = new ConcurrentHashMap<>();

    /** A write of these keys is about to be sent. */
    void expect(Collection<String> keys) {
        if (expected.mappingCount() < MOST) {
            keys.forEach(key -> expected.put(key, UNDER_WAY));
        }
    }

    /** The write is over; its notice comes before the answer to a question asked later. */
    void written(String key, long now) {
        expected.replace(key, UNDER_WAY, now);
    }

    /** The write changed nothing, or nobody knows. */
    void forget(String key) {
        expected.remove(key);
    }

    /** Whether the notice of a key may be of an own write. */
    boolean take(String key) {
        return expected.remove(key) != null;
    }

    /** A question was answered: what was written before it was asked has been told. */
    void confirmed(long askedAt) {
        if (!expected.isEmpty()) {
            expected.values().removeIf(writtenAt -> writtenAt < askedAt);
        }
    }

    void clear() {
        expected.clear();
    }
}
