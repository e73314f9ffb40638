package dev.terrace.cache;

import java.util.OptionalLong;
import java.util.concurrent.locks.ReentrantLock;

/** The tiers of a cache, and the switches that turn them off. */
final class Tiers<K, V> implements Switches {

    private final String cacheName;
    private final NearTier<K, V> configuredNear;
    private final Stripes stripes;
    /** The near tier, or what stands for it while it is off or the cache is closed: one volatile read tells all. */
    private volatile NearTier<K, V> near;

    private final ReentrantLock switching = new ReentrantLock();
    private volatile boolean nearOn = true;
    private volatile boolean farOn = true;
    private volatile boolean readOnly;
    private volatile boolean closed;

    Tiers(String cacheName, NearTier<K, V> near, Stripes stripes) {
        this.cacheName = cacheName;
        this.configuredNear = near;
        this.near = near;
        this.stripes = stripes;
    }

    /** Where near entries are looked for; throws on use once the cache is closed. */
    NearTier<K, V> near() {
        return near;
    }

    /** Removes a key from the near tier, also while that is off. The caller has bumped its stripe before. */
    void removeNear(K key) {
        configuredNear.remove(key);
    }

    /** Removes a key from the near tier iff this is its entry. */
    void removeNear(K key, Entry<V> entry) {
        configuredNear.remove(key, entry);
    }

    /** Makes every running read's value unfit to be stored, and removes everything. */
    void clearNear() {
        stripes.bumpAll();
        configuredNear.clear();
    }

    long nearSize() {
        return configuredNear.size();
    }

    OptionalLong nearWeight() {
        return configuredNear.weight();
    }

    void checkOpen() {
        if (closed) {
            throw new CacheClosedException("cache \"" + cacheName + "\" is closed");
        }
    }

    boolean isClosed() {
        return closed;
    }

    /** Returns whether this call closed it. */
    boolean close() {
        switching.lock();
        try {
            if (closed) {
                return false;
            }
            closed = true;
            near = NearTier.closed(cacheName);
            clearNear();
            return true;
        } finally {
            switching.unlock();
        }
    }

    @Override
    public void near(boolean on) {
        switching.lock();
        try {
            if (closed || on == nearOn) {
                return;
            }
            nearOn = on;
            near = on ? configuredNear : NearTier.none();
            // After the switch: what a read that began before it stores now is refused or removed.
            clearNear();
        } finally {
            switching.unlock();
        }
    }

    @Override
    public void far(boolean on) {
        farOn = on;
    }

    @Override
    public void readOnly(boolean only) {
        readOnly = only;
    }

    @Override
    public boolean isNearOn() {
        return nearOn;
    }

    @Override
    public boolean isFarOn() {
        return farOn;
    }

    @Override
    public boolean isReadOnly() {
        return readOnly;
    }
}
