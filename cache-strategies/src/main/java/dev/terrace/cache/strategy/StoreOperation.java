package dev.terrace.cache.strategy;

import org.jspecify.annotations.Nullable;

/**
 * A put or a remove that a write-behind queue writes to its store. Immutable.
 *
 * <p>It may be written more than once, and late: by a retry after a store that threw although it had stored, after a restart, or
 * by a writer that hung or was paused. Its number makes that harmless: of two operations of one key the later has the higher number (without
 * a journal within this process, with one also across restarts), and a repeated one has the same. A store that keeps the number
 * of what it wrote last beside each row, and refuses what is not higher, is right about all of them.
 *
 * @param key the key
 * @param value the value to be stored; null for a remove
 * @param origin of the queue or its journal: numbers are compared within one origin
 * @param number with the origin, the same operation's name for ever
 * @param fence of the right under which it is written now: where several processes share a journal, a later owner of a key has a
 *     higher one, so that a store which remembers the highest of each key can refuse one that was paused; else 0
 */
public record StoreOperation<K, V>(K key, @Nullable V value, long origin, long number, long fence) {

    /** Whether the key is to be removed. */
    public boolean isRemove() {
        return value == null;
    }

    /** Names the operation, without key or value. */
    @Override
    public String toString() {
        return (isRemove() ? "remove " : "put ") + Long.toHexString(origin) + "-" + number;
    }
}
