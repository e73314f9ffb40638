package dev.terrace.cache;

/** The tiers of a cache, and the switches that turn them off. */
final class Tiers<K, V> implements Switches {

    private final String cacheName;
    private final NearTier<K, V> configuredNear;
    private final Stripes stripes;
    /** The near tier, or what stands for it while it is off or the cache is closed: one volatile read tells all. */
    private volatile NearTier<K, V> near;

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

    void checkOpen() {
        if (closed) {
            throw new CacheClosedException("cache \"" + cacheName + "\" is closed");
        }
    }

    boolean isClosed() {
        return closed;
    }

    synchronized boolean close() {
        if (closed) {
            return false;
        }
        closed = true;
        near = NearTier.closed(cacheName);
        clearNear();
        return true;
    }

    @Override
    public synchronized void near(boolean on) {
        if (closed || on == isNearOn()) {
            return;
        }
        clearNear();
        near = on ? configuredNear : NearTier.none();
        clearNear();
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
        return near == configuredNear;
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
