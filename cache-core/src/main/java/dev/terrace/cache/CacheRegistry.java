package dev.terrace.cache;

import dev.terrace.cache.codec.Codec;
import dev.terrace.cache.spi.FarTier;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.NonNull;
import org.jspecify.annotations.Nullable;

/** See {@link Caches}. */
final class CacheRegistry implements Caches {

    private final @Nullable FarTier far;
    private final boolean closeFar;
    private final Consumer<? super CacheBuilder<?, ?>> defaults;

    private final ReentrantLock lock = new ReentrantLock();
    private final List<CacheListener> listeners; // guarded by lock
    private final Map<String, Cache<?, ?>> caches = new LinkedHashMap<>();
    private boolean closed;

    CacheRegistry(
            @Nullable FarTier far,
            boolean closeFar,
            List<CacheListener> listeners,
            Consumer<? super CacheBuilder<?, ?>> defaults) {
        this.far = far;
        this.closeFar = closeFar;
        this.listeners = new ArrayList<>(listeners);
        this.defaults = defaults;
    }

    @Override
    public <K, V extends @Nullable Object> CacheBuilder<K, V> cache(String name) {
        CacheBuilder<K, V> builder = new CacheBuilder<>(name);
        defaults.accept(builder);
        builder.inherited();
        return builder.whenBuilt(cache -> register(name, cache));
    }

    @Override
    public <K, V extends @Nullable Object> CacheBuilder<K, V> cache(String name, Codec<@NonNull V> codec) {
        if (far == null) {
            throw new IllegalStateException(
                    "cache \"" + name + "\": this registry has no far tier: set far(…) on Caches.builder()");
        }
        return this.<K, V>cache(name).far(far, codec);
    }

    private void register(String name, Cache<?, ?> cache) {
        List<CacheListener> told;
        lock.lock();
        try {
            if (closed) {
                throw new IllegalStateException("the registry of cache \"" + name + "\" is closed");
            }
            if (caches.putIfAbsent(name, cache) != null) {
                throw new IllegalStateException("cache \"" + name + "\": the registry has a cache of this name");
            }
            told = List.copyOf(listeners);
        } finally {
            lock.unlock();
        }
        TieredCache<?, ?> tiered = (TieredCache<?, ?>) cache;
        tiered.whenClosed(() -> forget(name, cache));
        told.forEach(tiered::listen);
    }

    private void forget(String name, Cache<?, ?> cache) {
        lock.lock();
        try {
            caches.remove(name, cache);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void listen(CacheListener listener) {
        Objects.requireNonNull(listener, "listener");
        List<Cache<?, ?>> present;
        lock.lock();
        try {
            listeners.add(listener);
            present = List.copyOf(caches.values());
        } finally {
            lock.unlock();
        }
        present.forEach(cache -> ((TieredCache<?, ?>) cache).listen(listener));
    }

    @Override
    @SuppressWarnings("unchecked")
    public <K, V> Optional<Cache<K, V>> find(String name) {
        return Optional.ofNullable((Cache<K, V>) registered(name));
    }

    private @Nullable Cache<?, ?> registered(String name) {
        lock.lock();
        try {
            return caches.get(name);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Collection<String> names() {
        lock.lock();
        try {
            return List.copyOf(caches.keySet());
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Switches switches(String name) {
        Cache<?, ?> cache = registered(name);
        if (cache == null) {
            throw new IllegalArgumentException("no cache \"" + name + "\"; there are " + names());
        }
        return ((TieredCache<?, ?>) cache).switches();
    }

    @Override
    public void close() {
        List<Cache<?, ?>> open;
        lock.lock();
        try {
            closed = true;
            open = List.copyOf(caches.values());
            caches.clear();
        } finally {
            lock.unlock();
        }
        open.forEach(Cache::close);
        if (closeFar && far != null) {
            far.close();
        }
    }
}
