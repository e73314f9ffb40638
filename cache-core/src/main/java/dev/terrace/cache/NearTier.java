package dev.terrace.cache;

import java.util.OptionalLong;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The entries kept in this process. Knows two rules: nothing goes in once its stripe has changed; and where there is no far
 * tier that judges it, no older version of the source replaces a newer one. Thread-safe.
 */
interface NearTier<K, V> {

    /** The entry of a key, whatever its age. The hot path: no lock, no allocation. */
    @Nullable
    Entry<V> get(K key);

    /**
     * Stores an entry iff the key's stripe is still as it was when the entry's load or read began, decided atomically with
     * the removal of the key.
     */
    boolean insert(K key, Entry<V> entry, long stamp);

    /** Stores an entry iff the present one (or null) passes the test, atomically. */
    boolean insertIf(K key, Entry<V> entry, Predicate<@Nullable Entry<V>> replaceable);

    /** Removes a key. The caller has bumped its stripe before. */
    void remove(K key);

    /** Removes a key iff this is its entry. */
    void remove(K key, Entry<V> entry);

    /** Removes everything. The caller has bumped all stripes before. */
    void clear();

    /** How many entries there are, about. */
    long size();

    /** What they weigh, where they are weighed. */
    default OptionalLong weight() {
        return OptionalLong.empty();
    }

    /** No near tier: finds nothing, keeps nothing. */
    static <K, V> NearTier<K, V> none() {
        return new NoNear<>();
    }

    /** The near tier of a closed cache: a read of it is how the hot path learns of the close. */
    static <K, V> NearTier<K, V> closed(String cacheName) {
        return new ClosedNear<>(cacheName);
    }
}

/** See {@link NearTier#none}. */
final class NoNear<K, V> implements NearTier<K, V> {

    @Override
    public @Nullable Entry<V> get(K key) {
        return null;
    }

    @Override
    public boolean insert(K key, Entry<V> entry, long stamp) {
        return false;
    }

    @Override
    public boolean insertIf(K key, Entry<V> entry, Predicate<@Nullable Entry<V>> replaceable) {
        return false;
    }

    @Override
    public void remove(K key) {}

    @Override
    public void remove(K key, Entry<V> entry) {}

    @Override
    public void clear() {}

    @Override
    public long size() {
        return 0;
    }
}

/** See {@link NearTier#closed}. */
final class ClosedNear<K, V> implements NearTier<K, V> {

    private final String cacheName;

    ClosedNear(String cacheName) {
        this.cacheName = cacheName;
    }

    @Override
    public @Nullable Entry<V> get(K key) {
        throw new CacheClosedException("cache \"" + cacheName + "\" is closed");
    }

    @Override
    public boolean insert(K key, Entry<V> entry, long stamp) {
        return false;
    }

    @Override
    public boolean insertIf(K key, Entry<V> entry, Predicate<@Nullable Entry<V>> replaceable) {
        return false;
    }

    @Override
    public void remove(K key) {}

    @Override
    public void remove(K key, Entry<V> entry) {}

    @Override
    public void clear() {}

    @Override
    public long size() {
        return 0;
    }
}
