package dev.terrace.cache;

import dev.terrace.cache.spi.RecordDraft.Lifetime;
import java.time.Duration;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The parts that the paths of one cache share. {@link TieredCache#create} puts them together. */
record Engine<K, V>(
        Settings<K, V> settings,
        Tiers<K, V> tiers,
        @Nullable FarSide<K, V> far,
        Rules<K> rules,
        Reports reports,
        Surroundings surroundings,
        Flights<K, V> flights) {

    /** What decides. */
    record Rules<K>(
            Validity validity,
            Markers markers,
            Stripes stripes,
            Lives lives,
            EarlyRefreshRule earlyRefresh,
            RetryPauses<K> pauses) {}

    /** Where it is told what happened. */
    record Reports(Counters counters, CacheListener listener, FailureReports failures, Tracing tracing) {}

    /** Time, threads and chance. */
    record Surroundings(Ticker ticker, Scheduler scheduler, LoadRunner loadThreads, LongSupplier writeIds) {}

    /** The time for all but near hits. */
    long now() {
        return surroundings.ticker().preciseNanos();
    }

    /** The time of a write as entries carry it until the far tier gives a version: µs of the far clock, or of the ticker. */
    long writtenAt() {
        return far == null ? now() / 1_000 : far.access().nowMicros();
    }

    /** How long ago an entry was written, about; zero where the server's clock was set back since. */
    Duration age(Entry<V> entry) {
        if (versionsAreTimes()) {
            return Duration.ofNanos(entry.age(writtenAt()));
        }
        int own = entry.extra.ownFreshMillis();
        Duration fresh = own == 0 ? settings.life().fresh() : Duration.ofMillis(own);
        return Duration.ofNanos(Math.max(0, fresh.toNanos() - (entry.freshUntil - now())));
    }

    private boolean versionsAreTimes() {
        return far == null || far.access().versionsAreTimes();
    }

    /** What a new entry that lives so has beside its value: also its freshness, where that is its own and nothing else tells. */
    Entry.Extra extra(Entry.Extra extra, Lifetime lifetime) {
        if (versionsAreTimes()) {
            return extra;
        }
        Settings.LifeSettings life = settings.life();
        boolean own = lifetime.fresh().toNanos() < life.fresh().toNanos() * (1 - life.jitter());
        return own ? extra.freshFor(Math.max(1, lifetime.fresh().toMillis())) : extra;
    }

    Validity.Verdict judge(Entry<V> entry) {
        return rules.validity().judge(entry, now());
    }

    /** Until when a value is trusted that rests on nothing but a load begun at this time. */
    long trustedFrom(long loadStartedAt) {
        Settings.FarSettings<K, V> farSettings = settings.far();
        return farSettings == null
                ? Long.MAX_VALUE
                : loadStartedAt + farSettings.coherence().maxStaleness().toNanos();
    }

    Counters counters() {
        return reports.counters();
    }

    /** A value as one holder keeps it: a copy where values are mutable, else the value itself. */
    @Nullable
    V copied(@Nullable V value) {
        Settings.NearSettings<K, V> near = settings.near();
        UnaryOperator<V> copier = near == null ? null : near.copyOnRead();
        return copier == null || value == null ? value : copier.apply(value);
    }

    /** A watch on a key, to be taken before its load begins. */
    Watch watch(@Nullable FarKey key) {
        return far == null || key == null ? Watch.NONE : far.access().link().watch(key.text());
    }

    /** Stores near what is still the newest for its key. */
    void keepNear(K key, Entry<V> entry, long stamp) {
        if (!tiers.isNearOn()) {
            return;
        }
        if (!entry.watch.isChanged() && tiers.near().insert(key, entry, stamp)) {
            counters().inserts.increment();
        } else {
            counters().refusedInserts.increment();
        }
    }

    /** Stores near what is still the newest for its key, in place of this copy alone. */
    void replaceNear(K key, @Nullable Entry<V> copy, Entry<V> entry, long stamp) {
        if (!tiers.isNearOn()) {
            return;
        }
        if (tiers.near()
                .insertIf(
                        key,
                        entry,
                        present -> present == copy && rules.stripes().unchanged(key, stamp))) {
            counters().inserts.increment();
        } else {
            counters().refusedInserts.increment();
        }
    }

    /** A change of a key begins or ends: what was read or loaded before is not stored, served or joined any more. */
    void forget(K key) {
        tiers.removeNear(key);
        flights.detach(key);
    }

    /** As {@link #forget}, for every key. */
    void forgetAll() {
        tiers.clearNear();
        flights.detachAll();
    }
}
