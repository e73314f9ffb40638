package dev.terrace.cache;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.Policy;
import com.github.benmanes.caffeine.cache.RemovalCause;
import com.github.benmanes.caffeine.cache.Weigher;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The near tier over Caffeine, which bounds it, and drops entries when their life ends. */
final class CaffeineNearTier<K, V> implements NearTier<K, V> {

    private final Cache<K, Entry<V>> cache;
    private final ConcurrentMap<K, Entry<V>> map;
    private final Stripes stripes;

    CaffeineNearTier(
            Settings<K, V> settings,
            Near<? super K, ? super V> bound,
            Stripes stripes,
            Ticker ticker,
            Consumer<CacheListener.EvictionCause> evictions) {
        this.stripes = stripes;
        Duration maxIdle = settings.life().maxIdle();
        Caffeine<Object, Object> builder = Caffeine.newBuilder()
                .ticker(ticker::nanos)
                // Maintenance is short and amortized; a thread of its own would cost a hand-off per few reads.
                .executor(Runnable::run);
        this.cache = CaffeineNearTier.<K, V>bounded(builder, bound)
                .expireAfter(new LifeExpiry<K, V>(maxIdle == null ? Long.MAX_VALUE : maxIdle.toNanos()))
                .evictionListener((@Nullable K key, @Nullable Entry<V> entry, RemovalCause cause) -> evictions.accept(
                        cause == RemovalCause.EXPIRED
                                ? CacheListener.EvictionCause.EXPIRED
                                : CacheListener.EvictionCause.SIZE))
                .build();
        this.map = cache.asMap();
    }

    @SuppressWarnings("unchecked")
    private static <K, V> Caffeine<K, Entry<V>> bounded(
            Caffeine<Object, Object> builder, Near<? super K, ? super V> bound) {
        Near.Weigher<? super K, ? super V> weigher = bound.weigher();
        // Caffeine's builder narrows its types as it is told of keys and values; nothing has been told yet.
        Caffeine<K, Entry<V>> typed = (Caffeine<K, Entry<V>>) (Caffeine<?, ?>) builder;
        if (weigher == null) {
            return typed.maximumSize(bound.maximum());
        }
        Weigher<K, Entry<V>> byValue = (key, entry) -> entry.value == null ? 1 : weigher.weigh(key, entry.value);
        return typed.maximumWeight(bound.maximum()).weigher(byValue);
    }

    @Override
    public @Nullable Entry<V> get(K key) {
        return cache.getIfPresent(key);
    }

    @Override
    public boolean insert(K key, Entry<V> entry, long stamp) {
        return insertIf(key, entry, present -> stripes.unchanged(key, stamp));
    }

    @Override
    public boolean insertIf(K key, Entry<V> entry, Predicate<@Nullable Entry<V>> replaceable) {
        return map.compute(key, (k, present) -> replaceable.test(present) ? entry : present) == entry;
    }

    @Override
    public void remove(K key) {
        map.remove(key);
    }

    @Override
    public void remove(K key, Entry<V> entry) {
        map.remove(key, entry);
    }

    @Override
    public void clear() {
        cache.invalidateAll();
    }

    @Override
    public long size() {
        return cache.estimatedSize();
    }

    @Override
    public OptionalLong weight() {
        return cache.policy().eviction().map(Policy.Eviction::weightedSize).orElseGet(OptionalLong::empty);
    }

    /** The end of an entry's life, or of its idle time, whichever comes first. */
    private record LifeExpiry<K, V>(long maxIdle) implements Expiry<K, Entry<V>> {

        @Override
        public long expireAfterCreate(K key, Entry<V> entry, long now) {
            return Math.max(1, Math.min(entry.goneAt - now, maxIdle));
        }

        @Override
        public long expireAfterUpdate(K key, Entry<V> entry, long now, long remaining) {
            return expireAfterCreate(key, entry, now);
        }

        @Override
        public long expireAfterRead(K key, Entry<V> entry, long now, long remaining) {
            return maxIdle == Long.MAX_VALUE ? remaining : expireAfterCreate(key, entry, now);
        }
    }
}
