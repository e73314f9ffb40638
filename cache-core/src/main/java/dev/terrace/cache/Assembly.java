package dev.terrace.cache;

import dev.terrace.cache.CacheListener.BreakerState;
import dev.terrace.cache.codec.Compression;
import dev.terrace.cache.codec.KeyCodec;
import dev.terrace.cache.spi.FarStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The one place where the parts of a cache are put together, and where they are taken apart again. */
final class Assembly<K, V> {

    private static final Logger LOG = LoggerFactory.getLogger("dev.terrace.cache");

    private static final CacheStats.FarBytes NO_BYTES = new CacheStats.FarBytes(0, 0, Compression.NONE);

    private final Engine<K, V> engine;
    private final ReadPath<K, V> reads;
    private final WritePath<K, V> writes;
    private final TieredAsyncCache<K, V> async;
    private final TieredAsyncCache<K, V> direct;
    private final Lookups<K, V> lookups;
    private final Failures failures;
    private final GuardedListener listener;
    private final Tracing tracing;
    private final LoadExecutor loadThreads;
    private final CallbackThreads callbackThreads;
    private final @Nullable FarParts<K, V> far;
    private final List<AutoCloseable> holds = new ArrayList<>();
    private final Set<Lookup.Tier> kinds;

    /** What a far tier adds: its typed access, how it is called, and what keeps it known. */
    private record FarParts<K, V>(FarSide<K, V> side, FarCallStack calls, Heartbeat heartbeat) {}

    private Assembly(Settings<K, V> settings, EngineParts parts) {
        Ticker ticker =
                parts.ticker == null ? held(CoarseTicker.shared().acquire()).ticker() : parts.ticker;
        Scheduler scheduler =
                parts.scheduler == null ? held(SharedScheduler.shared().acquire()) : parts.scheduler;
        Counters counters = new Counters();
        Listeners listeners = new Listeners(settings.watchers().listeners());
        failures = new Failures(settings.name(), listeners, ticker);
        listener = new GuardedListener(listeners, failures);
        tracing = new Tracing(settings.name(), settings.watchers().tracer(), failures);
        loadThreads = new LoadExecutor(settings.name(), settings.loading().threads());
        callbackThreads = CallbackThreads.of(settings.name(), failures);
        Stripes stripes = new Stripes(parts.stripes);
        Settings.FarSettings<K, V> farSettings = settings.far();
        Markers markers = new Markers(
                farSettings == null,
                Defaults.MARKER_CACHE,
                farSettings == null ? 0 : farSettings.coherence().maxStaleness().toNanos());
        LoadRunner loads = parts.loads == null ? loadThreads : parts.loads;
        Engine.Surroundings surroundings = new Engine.Surroundings(ticker, scheduler, loads, parts.writeIds);
        Tiers<K, V> tiers =
                new Tiers<>(settings.name(), near(settings, stripes, surroundings, counters, listener), stripes);
        far = farSettings == null
                ? null
                : far(settings, farSettings, new Around<>(parts, surroundings, markers, tiers, listener));
        Engine.Rules<K> rules = new Engine.Rules<>(
                validity(farSettings, markers),
                markers,
                stripes,
                new Lives(settings.life(), parts.chance),
                new EarlyRefreshRule(
                        settings.life().earlyRefresh(),
                        settings.life().fresh().toNanos(),
                        far == null
                                ? () -> ticker.preciseNanos() / 1_000
                                : far.side().access()::nowMicros,
                        parts.chance),
                new RetryPauses<>(settings.life().retryAfter(), Defaults.RETRY_AT_MOST, parts.chance));
        engine = new Engine<>(
                settings,
                tiers,
                far == null ? null : far.side(),
                rules,
                new Engine.Reports(counters, listener, failures, tracing),
                surroundings,
                new Flights<>());
        reads = new ReadPath<>(engine);
        writes = new WritePath<>(engine);
        lookups = new Lookups<>(engine);
        async = new TieredAsyncCache<>(
                reads, writes, lookups, loads, parts.callbacks == null ? callbackThreads : parts.callbacks);
        direct = new TieredAsyncCache<>(reads, writes, lookups, loads, Runnable::run);
        kinds = settings.near() == null
                ? Set.of(Lookup.Tier.FAR)
                : far == null ? Set.of(Lookup.Tier.NEAR) : Set.of(Lookup.Tier.NEAR, Lookup.Tier.FAR);
    }

    /** Keeps what is to be closed when the cache is. */
    private <T extends AutoCloseable> T held(T hold) {
        holds.add(hold);
        return hold;
    }

    static <K, V> Assembly<K, V> of(Settings<K, V> settings, EngineParts parts) {
        Assembly<K, V> assembly = new Assembly<>(settings, parts);
        if (assembly.far != null) {
            FarAccess<V> access = assembly.far.side().access();
            assembly.far.heartbeat().start();
            access.link().start(access::refreshMarkers);
        }
        LOG.info("{}; coherence: {}", settings, assembly.coherence());
        return assembly;
    }

    private String coherence() {
        if (far == null) {
            return "in process";
        }
        Link link = far.side().access().link();
        return (link.isThere() ? link + (link.isComplete() ? "; while it does not tell, " : "; ") : "")
                + "near copies are compared with the far tier after maxStaleness, and changes by others, expiry and eviction"
                + " there are seen then";
    }

    /** About one for each near copy, so that few of them share one. */
    private static int watchCells(Settings.@Nullable NearSettings<?, ?> near) {
        if (near == null) {
            return Defaults.FEWEST_WATCHES;
        }
        long wanted = near.bound().weigher() == null ? near.bound().maximum() : Defaults.MOST_WATCHES;
        int bounded = (int) Math.max(Defaults.FEWEST_WATCHES, Math.min(wanted, Defaults.MOST_WATCHES));
        return Integer.highestOneBit(bounded * 2 - 1);
    }

    private static <K, V> NearTier<K, V> near(
            Settings<K, V> settings,
            Stripes stripes,
            Engine.Surroundings surroundings,
            Counters counters,
            CacheListener listener) {
        return settings.near() == null
                ? NearTier.none()
                : new CaffeineNearTier<>(settings, settings.near().bound(), stripes, surroundings, cause -> {
                    counters.evictions.increment();
                    listener.onEviction(settings.name(), cause);
                });
    }

    private Validity validity(Settings.@Nullable FarSettings<K, V> settings, Markers markers) {
        if (settings == null || far == null) {
            return new Validity(markers, () -> false, 0, false);
        }
        FarCallStack calls = far.calls();
        FarSide<K, V> side = far.side();
        long staleness = settings.coherence().maxStaleness().toNanos();
        BooleanSupplier cutOff =
                () -> calls.isCutOff(staleness) && side.switches().isFarOn();
        return new Validity(
                markers,
                cutOff,
                settings.coherence().serveWhileCutOff().toNanos(),
                side.access().link().isThere());
    }

    private record Around<K, V>(
            EngineParts parts,
            Engine.Surroundings surroundings,
            Markers markers,
            Tiers<K, V> tiers,
            CacheListener listener) {}

    private FarParts<K, V> far(Settings<K, V> settings, Settings.FarSettings<K, V> farSettings, Around<K, V> around) {
        Ticker ticker = around.surroundings().ticker();
        Scheduler scheduler = around.surroundings().scheduler();
        Settings.FarBounds bounds = farSettings.bounds();
        CacheListener listener = around.listener();
        Breaker breaker = new Breaker(ticker, around.parts().chance, breakerLog(settings.name(), listener));
        FarCallStack calls = new FarCallStack(
                settings.name(),
                bounds,
                breaker,
                new FarCallStack.Time(ticker, scheduler),
                new FarCallStack.Told(listener, failures));
        FarStore store = opened(settings.name(), farSettings);
        Link link = new Link(
                settings.near() == null ? null : store.changeFeed(),
                ticker,
                new Link.Bounds(farSettings.coherence().maxStaleness().toNanos(), watchCells(settings.near())),
                state -> listener.onLink(settings.name(), state));
        FarAccess<V> access = new FarAccess<>(
                new FarAccess.Parts<>(store, tracing.around(calls), link, farSettings.codec(), loadThreads),
                times(settings, farSettings),
                around.markers(),
                ticker,
                failures);
        RecoveryQueue recovery = new RecoveryQueue(
                access,
                new RecoveryQueue.Bounds(bounds.recoveryCapacity(), bounds.budget()),
                ticker,
                scheduler,
                new RecoveryQueue.Watch(
                        queued -> listener.onRecovery(settings.name(), queued), failures, around.tiers()::isFarOn));
        Duration maxIdle = settings.life().maxIdle();
        KeyCodec<? super K> keys = farSettings.keyCodec() == null ? KeyCodec.standard() : farSettings.keyCodec();
        FarSide<K, V> side = new FarSide<>(
                settings.name(),
                keys,
                access,
                recovery,
                maxIdle == null ? null : new IdleTouches<>(access, maxIdle, ticker),
                around.tiers());
        return new FarParts<>(
                side,
                calls,
                new Heartbeat(access, calls, farSettings.coherence().maxStaleness(), ticker, scheduler));
    }

    private FarStore opened(String name, Settings.FarSettings<K, V> settings) {
        try {
            FarStore store = settings.tier().open(name, settings.bounds().budget());
            try {
                return TellingFarStore.around(
                        store,
                        name,
                        settings.coherence().bus(),
                        failure -> failures.report(FailureKind.INVALIDATION_BUS, failure));
            } catch (RuntimeException e) {
                store.close();
                throw e;
            }
        } catch (RuntimeException e) {
            loadThreads.close(Duration.ZERO);
            holds.forEach(Assembly::closed);
            throw e;
        }
    }

    private static <K, V> FarAccess.FarTimes times(Settings<K, V> settings, Settings.FarSettings<K, V> farSettings) {
        Duration slack = farSettings.bounds().budget().multipliedBy(2).plusSeconds(1);
        Duration lease = settings.loading().deadlines().hard().plus(slack);
        Duration life = settings.life().fresh().plus(settings.life().stale());
        return new FarAccess.FarTimes(
                lease,
                lease.plus(slack),
                life.multipliedBy(2).plus(Duration.ofDays(1)),
                farSettings.coherence().maxStaleness().toNanos());
    }

    /** Logs the two ends of an outage; of the probes in between there are several a second. Told one change at a time. */
    private static Consumer<BreakerState> breakerLog(String name, CacheListener listener) {
        AtomicBoolean outage = new AtomicBoolean();
        return state -> {
            if (outage.getAndSet(state != BreakerState.CLOSED) != (state != BreakerState.CLOSED)) {
                LOG.info("cache {}: the breaker of the far tier is {}", name, state);
            } else {
                LOG.debug("cache {}: the breaker of the far tier is {}", name, state);
            }
            listener.onBreaker(name, state);
        };
    }

    Engine<K, V> engine() {
        return engine;
    }

    ReadPath<K, V> reads() {
        return reads;
    }

    WritePath<K, V> writes() {
        return writes;
    }

    TieredAsyncCache<K, V> async() {
        return async;
    }

    /** As {@link #async}, for one who waits for what it returns and does nothing else with it. */
    TieredAsyncCache<K, V> direct() {
        return direct;
    }

    Lookups<K, V> lookups() {
        return lookups;
    }

    GuardedListener listener() {
        return listener;
    }

    CacheStats stats() {
        Counters counted = engine.counters();
        return new CacheStats(
                new CacheStats.NearStats(
                        counted.nearHits.sum(),
                        counted.nearMisses.sum(),
                        engine.tiers().nearSize(),
                        engine.tiers().nearWeight(),
                        counted.evictions.sum(),
                        counted.inserts.sum(),
                        counted.refusedInserts.sum(),
                        counted.validations.sum(),
                        counted.cutOffServes.sum()),
                new CacheStats.FarStats(
                        counted.farHits.sum(),
                        counted.farMisses.sum(),
                        counted.fills.sum(),
                        counted.refusedFills.sum(),
                        counted.leasesGranted.sum(),
                        counted.leasesBusy.sum(),
                        counted.puts.sum(),
                        counted.invalidations.sum(),
                        far == null ? BreakerState.CLOSED : far.calls().breakerState(),
                        far == null ? 0 : far.side().recovery().size(),
                        far == null ? Duration.ZERO : far.side().recovery().age(),
                        far == null ? Duration.ZERO : far.calls().silence(),
                        far == null ? NO_BYTES : far.side().access().bytes()),
                new CacheStats.LoadStats(
                        counted.loadSuccesses.sum(),
                        counted.loadFailures.sum(),
                        Duration.ofNanos(counted.loadNanos.sum()),
                        counted.coalesced.sum(),
                        counted.staleServes.sum(),
                        counted.loadsRunning.get()),
                linkStats(),
                failures.counts(),
                kinds);
    }

    private CacheStats.LinkStats linkStats() {
        if (far == null) {
            return CacheStats.LinkStats.NONE;
        }
        Link link = far.side().access().link();
        return new CacheStats.LinkStats(
                link.state(), Duration.ofNanos(link.trustAge()), link.changes(), link.armings());
    }

    void close() {
        if (!engine.tiers().close()) {
            return;
        }
        CacheClosedException closed =
                new CacheClosedException("cache \"" + engine.settings().name() + "\" is closed");
        engine.flights().close(closed);
        loadThreads.close(Defaults.CLOSE_DEADLINE);
        if (far != null) {
            far.heartbeat().stop();
            far.calls().close(closed);
            int unrepaired = far.side().recovery().close();
            if (unrepaired > 0) {
                failures.report(
                        FailureKind.FAR_WRITE,
                        new IllegalStateException(
                                unrepaired + " changes were not repaired in the far tier before the close"));
            }
            far.side().access().close();
        }
        callbackThreads.close();
        holds.forEach(Assembly::closed);
    }

    private static void closed(AutoCloseable hold) {
        try {
            hold.close();
        } catch (Exception e) {
            LOG.warn("Closing failed: {}", hold, e);
        }
    }
}
