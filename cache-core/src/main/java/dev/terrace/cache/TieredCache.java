package dev.terrace.cache;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A cache for callers that may block: a near hit is answered here, all else is waited for where it ends. */
final class TieredCache<K, V> implements Cache<K, V> {

    private final Assembly<K, V> assembly;
    private final String name;
    private final ReadPath<K, V> reads;
    private final TieredAsyncCache<K, V> direct;
    private final Lookups<K, V> lookups;
    private final LoadRunner loadThreads;
    private final boolean loadOnCaller;
    private final boolean hasFar;
    private final WhenFarFails whenFarFails;
    private final Waiting waiting;
    private volatile Runnable whenClosed = () -> {};

    private TieredCache(Assembly<K, V> assembly) {
        this.assembly = assembly;
        Settings<K, V> settings = assembly.engine().settings();
        this.name = settings.name();
        this.reads = assembly.reads();
        this.direct = assembly.direct();
        this.lookups = assembly.lookups();
        this.loadThreads = assembly.engine().surroundings().loadThreads();
        this.loadOnCaller = settings.loading().threads().loadOn() == LoadOn.CALLER;
        this.hasFar = settings.far() != null;
        this.whenFarFails = settings.far() == null
                ? WhenFarFails.DEGRADE
                : settings.far().bounds().whenFails();
        this.waiting = new Waiting(name, reads.longestWait());
    }

    static <K, V> TieredCache<K, V> create(Settings<K, V> settings, EngineParts parts) {
        return new TieredCache<>(Assembly.of(settings, parts));
    }

    /** What this cache is made of, for tests. */
    Assembly<K, V> assembly() {
        return assembly;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public @Nullable V getIfPresent(K key) {
        Entry<V> entry = reads.fresh(Objects.requireNonNull(key, "key"));
        return entry == null ? reads.delivered(peeked(key)) : reads.value(entry);
    }

    @Override
    public V get(K key) {
        Entry<V> entry = reads.fresh(Objects.requireNonNull(key, "key"));
        return entry == null ? fetched(key, reads.ownSource()) : reads.value(entry);
    }

    @Override
    public V get(K key, Loader<? super K, ? extends V> loader) {
        return get(key, loader, EntryOptions.DEFAULT);
    }

    @Override
    public V get(K key, Loader<? super K, ? extends V> loader, EntryOptions options) {
        Objects.requireNonNull(loader, "loader");
        Objects.requireNonNull(options, "options");
        Entry<V> entry = reads.fresh(Objects.requireNonNull(key, "key"));
        return entry == null ? fetched(key, LoadSource.ofOne(loader, options)) : reads.value(entry);
    }

    private Answer<V> peeked(K key) {
        Caller caller = caller(0);
        return waiting.waitFor(reads.peek(key, runner(caller)).answer(), caller);
    }

    private V fetched(K key, LoadSource<K, V> source) {
        Caller here = caller(1);
        ReadPath.Requested<K, V> requested = reads.get(key, source, runner(here));
        try {
            return reads.delivered(waiting.waitFor(requested.answer(), here));
        } catch (CallerInterruptedException | LoadTimeoutException e) {
            reads.abandon(requested);
            throw e;
        }
    }

    /** Loads run on this thread if the cache is told so, or if it is a load itself that must not wait for a second thread. */
    private @Nullable Caller caller(int loads) {
        if (loadOnCaller || LoadScope.isLoadThread()) {
            return new CallerRunner(loads, loadThreads);
        }
        // A virtual thread may find no carrier while others, that wait for its flight, hold them all.
        return hasFar && !VirtualThreads.isHere() ? new CallerSteps(loadThreads) : null;
    }

    private LoadRunner runner(@Nullable Caller here) {
        return here == null ? loadThreads : here;
    }

    @Override
    public Map<K, V> getAll(Iterable<? extends K> keys) {
        return fetchedAll(keys, reads.ownSource());
    }

    @Override
    public Map<K, V> getAll(Iterable<? extends K> keys, BulkLoader<K, V> loader) {
        return getAll(keys, loader, EntryOptions.DEFAULT);
    }

    @Override
    public Map<K, V> getAll(Iterable<? extends K> keys, BulkLoader<K, V> loader, EntryOptions options) {
        return fetchedAll(keys, TieredAsyncCache.many(loader, options));
    }

    private Map<K, V> fetchedAll(Iterable<? extends K> keys, LoadSource<K, V> source) {
        Set<K> distinct = TieredAsyncCache.distinct(keys);
        Map<K, V> values = new LinkedHashMap<>(distinct.size() * 2);
        for (List<K> portion : reads.portions(distinct, source)) {
            Caller here = caller(portion.size());
            collect(reads.getAll(portion, source, runner(here)), here, values);
        }
        return Collections.unmodifiableMap(values);
    }

    @Override
    public Map<K, V> getAllPresent(Iterable<? extends K> keys) {
        Set<K> distinct = TieredAsyncCache.distinct(keys);
        Map<K, V> values = new LinkedHashMap<>(distinct.size() * 2);
        for (List<K> portion : reads.portions(distinct)) {
            Caller here = caller(0);
            collect(reads.peekAll(portion, runner(here)), here, values);
        }
        return Collections.unmodifiableMap(values);
    }

    private void collect(List<ReadPath.Requested<K, V>> requested, @Nullable Caller here, Map<K, V> values) {
        try {
            waiting.waitFor(ReadPath.allEnded(requested), here);
        } catch (CallerInterruptedException | LoadTimeoutException e) {
            requested.forEach(reads::abandon);
            throw e;
        }
        reads.collect(requested, answer -> waiting.waitFor(answer, null), values);
    }

    @Override
    public Lookup<V> lookup(K key) {
        Objects.requireNonNull(key, "key");
        return lookups.described(peeked(key));
    }

    @Override
    public void put(K key, V value) {
        waitForWrite(direct.put(key, value));
    }

    @Override
    public void put(K key, V value, EntryOptions options) {
        waitForWrite(direct.put(key, value, options));
    }

    @Override
    public void putAll(Map<? extends K, ? extends V> values) {
        waitForWrite(direct.putAll(values));
    }

    @Override
    public boolean putIfAbsent(K key, V value) {
        return putIfAbsent(key, value, EntryOptions.DEFAULT);
    }

    @Override
    public boolean putIfAbsent(K key, V value, EntryOptions options) {
        return Boolean.TRUE.equals(waitForWrite(direct.putIfAbsent(key, value, options)));
    }

    @Override
    public void invalidate(K key) {
        waitForWrite(direct.invalidate(key));
    }

    @Override
    public void invalidateAll(Iterable<? extends K> keys) {
        waitForWrite(direct.invalidateAll(keys));
    }

    @Override
    public void invalidateTag(String tag) {
        waitForWrite(direct.invalidateTag(tag));
    }

    @Override
    public void expire(K key) {
        waitForWrite(direct.expire(key));
    }

    @Override
    public V refresh(K key) {
        Objects.requireNonNull(key, "key");
        return refreshed(key, reads.ownSource());
    }

    @Override
    public V refresh(K key, Loader<? super K, ? extends V> loader) {
        Objects.requireNonNull(key, "key");
        return refreshed(key, TieredAsyncCache.one(loader, EntryOptions.DEFAULT));
    }

    private V refreshed(K key, LoadSource<K, V> source) {
        Caller here = caller(1);
        return reads.delivered(waiting.waitFor(reads.refresh(key, source, runner(here)), here));
    }

    @Override
    public void clear() {
        waitForWrite(direct.clear());
    }

    @Override
    public Changes<K, V> changes() {
        return new PendingChanges<>(assembly.writes(), this::waitForWrite);
    }

    /** @return the result; null where the far tier did not acknowledge and the cache is told to go on */
    private <T> @Nullable T waitForWrite(CompletableFuture<T> write) {
        try {
            return waiting.waitFor(write, null);
        } catch (FarWriteException unacknowledged) {
            if (whenFarFails == WhenFarFails.THROW) {
                throw unacknowledged;
            }
            // Counted, reported and queued for repair where it happened.
            return null;
        }
    }

    @Override
    public CacheStats stats() {
        return assembly.stats();
    }

    @Override
    public AsyncCache<K, V> async() {
        return assembly.async();
    }

    Switches switches() {
        return assembly.engine().tiers();
    }

    /** Runs this at each close, once nothing of this cache goes on. */
    void whenClosed(Runnable task) {
        whenClosed = task;
    }

    /** Tells the listeners that it is there. */
    void tellOpen() {
        assembly.listener().onOpen(this);
    }

    /** Tells this one too from now on. */
    void listen(CacheListener listener) {
        assembly.listener().add(listener, this);
    }

    @Override
    public void close() {
        try {
            assembly.close();
        } finally {
            whenClosed.run();
        }
        assembly.listener().onClose(this);
    }

    @Override
    public String toString() {
        return assembly.engine().settings().toString();
    }
}
