package dev.terrace.cache;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Policy;
import com.github.benmanes.caffeine.cache.RemovalCause;
import com.github.benmanes.caffeine.cache.Weigher;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The near tier over Caffeine, which bounds it and chooses what to evict. An entry whose life has ended stays until something
 * takes its place or an {@link ExpirySweep} comes by.
 *
 * <p>Caffeine does not hear of every hit. What it knows of uses matters when it evicts, which is when something new comes: so a
 * hit is recorded if it is its entry's first, or the first since a 256th of the entries was replaced. The others cost a look into
 * a hash table. Decision 12 has what that does to hit ratios: nothing.
 */
final class CaffeineNearTier<K, V> implements NearTier<K, V> {

    private static final int MARKS_PER_TURNOVER = 256;

    private final Cache<K, Entry<V>> cache;
    private final Policy<K, Entry<V>> policy;
    private final ConcurrentMap<K, Entry<V>> map;
    private final Stripes stripes;
    /** With a far tier it is that which judges source versions; it may have lost the newer one, and then others follow it. */
    private final boolean isAlone;

    private final Ticker ticker;
    private final Consumer<CacheListener.EvictionCause> evictions;
    private final ExpirySweep<K, V> sweep;
    private final boolean recordsEveryUse;

    /** Stands for the present 256th of a turnover. It wraps around, which leaves a hit or two unrecorded. */
    private volatile char mark = 1;

    private final AtomicLong newUntilNextMark = new AtomicLong();

    CaffeineNearTier(
            Settings<K, V> settings,
            Near<? super K, ? super V> bound,
            Stripes stripes,
            Engine.Surroundings surroundings,
            Consumer<CacheListener.EvictionCause> evictions) {
        this.stripes = stripes;
        this.ticker = surroundings.ticker();
        this.evictions = evictions;
        this.isAlone = settings.far() == null;
        Caffeine<Object, Object> builder = Caffeine.newBuilder()
                // Maintenance is short and amortized; a thread of its own would cost a hand-off per few reads.
                .executor(Runnable::run);
        Duration maxIdle = settings.life().maxIdle();
        if (maxIdle != null) {
            builder.ticker(ticker::nanos).expireAfterAccess(maxIdle);
        }
        this.recordsEveryUse = maxIdle != null;
        this.cache = CaffeineNearTier.<K, V>bounded(builder, bound)
                .evictionListener((@Nullable K key, @Nullable Entry<V> entry, RemovalCause cause) -> evictions.accept(
                        cause == RemovalCause.EXPIRED
                                ? CacheListener.EvictionCause.EXPIRED
                                : CacheListener.EvictionCause.SIZE))
                .build();
        this.policy = cache.policy();
        this.map = cache.asMap();
        this.sweep = new ExpirySweep<>(
                map,
                () -> evictions.accept(CacheListener.EvictionCause.EXPIRED),
                settings.life().fresh().plus(settings.life().stale()),
                surroundings.ticker(),
                surroundings.scheduler());
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
        if (recordsEveryUse) {
            return cache.getIfPresent(key);
        }
        Entry<V> entry = policy.getIfPresentQuietly(key);
        if (entry == null || entry.useRecorded == mark) {
            return entry;
        }
        entry.useRecorded = mark;
        return cache.getIfPresent(key);
    }

    @Override
    public boolean insert(K key, Entry<V> entry, long stamp) {
        return insertIf(key, entry, present -> stripes.unchanged(key, stamp));
    }

    @Override
    public boolean insertIf(K key, Entry<V> entry, Predicate<@Nullable Entry<V>> replaceable) {
        Insertion insertion = new Insertion(entry, replaceable);
        if (map.compute(key, insertion) != entry) {
            return false;
        }
        inserted(entry, insertion.replaced);
        return true;
    }

    private boolean isSuperseded(Entry<V> entry, @Nullable Entry<V> present) {
        return isAlone && present != null && entry.isOfOlderSourceThan(present) && ticker.nanos() < present.goneAt();
    }

    private void inserted(Entry<V> entry, @Nullable Entry<V> replaced) {
        if (replaced == null) {
            if (newUntilNextMark.decrementAndGet() < 0) {
                newUntilNextMark.set(cache.estimatedSize() / MARKS_PER_TURNOVER);
                mark = (char) (mark + 1);
            }
        } else if (ticker.nanos() >= replaced.goneAt()) {
            evictions.accept(CacheListener.EvictionCause.EXPIRED);
        }
        sweep.inserted(entry);
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
        return policy.eviction().map(Policy.Eviction::weightedSize).orElseGet(OptionalLong::empty);
    }

    /** What happens to a key atomically, and what it found. */
    private final class Insertion implements BiFunction<K, @Nullable Entry<V>, @Nullable Entry<V>> {

        private final Entry<V> entry;
        private final Predicate<@Nullable Entry<V>> replaceable;

        @Nullable
        Entry<V> replaced;

        Insertion(Entry<V> entry, Predicate<@Nullable Entry<V>> replaceable) {
            this.entry = entry;
            this.replaceable = replaceable;
        }

        @Override
        public @Nullable Entry<V> apply(K key, @Nullable Entry<V> present) {
            if (isSuperseded(entry, present) || !replaceable.test(present)) {
                return present;
            }
            replaced = present;
            entry.useRecorded = present == null ? (char) (mark - 1) : present.useRecorded;
            return entry;
        }
    }
}
