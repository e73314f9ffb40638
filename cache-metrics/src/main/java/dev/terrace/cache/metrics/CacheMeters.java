package dev.terrace.cache.metrics;

import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheListener.BreakerState;
import dev.terrace.cache.CacheListener.LinkState;
import dev.terrace.cache.CacheListener.StaleReason;
import dev.terrace.cache.CacheStats;
import dev.terrace.cache.FailureKind;
import dev.terrace.cache.FarOperation;
import dev.terrace.cache.Lookup;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** The meters of one cache: what it counts is read when a registry asks; durations are recorded when they are told. */
final class CacheMeters {

    static final Duration[] FAR_BUCKETS = millis(0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 1_000);
    static final Duration[] LOAD_BUCKETS = millis(1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000);

    private static final Duration[] AGE_BUCKETS = seconds(1, 10, 60, 300, 900, 3_600, 6 * 3_600, 24 * 3_600);

    /** Of what is around a cache, which the cache does not count; the last is of both, and told by both. */
    private static final Set<FailureKind> TOLD = EnumSet.of(
            FailureKind.STORE_WRITE,
            FailureKind.DEAD_LETTER,
            FailureKind.JOURNAL,
            FailureKind.INVALIDATION_SOURCE,
            FailureKind.APPLICATION);

    /** Tags of open caches, whichever listener has them. */
    private static final Map<MeterRegistry, Set<Tags>> CLAIMED = Collections.synchronizedMap(new WeakHashMap<>());

    private final Cache<?, ?> cache;
    private final MeterRegistry registry;
    private final Tags tags;
    private final MeterScope scope;
    private final Map<FailureKind, LongAdder> toldFailures = new EnumMap<>(FailureKind.class);
    private final Map<StaleReason, Counter> staleServes = new EnumMap<>(StaleReason.class);
    private final ConcurrentHashMap<FarCall, Timer> farCalls = new ConcurrentHashMap<>();
    private @Nullable Counter expirations;
    private @Nullable Timer ages;
    private @Nullable Timer loads;
    private @Nullable Timer failedLoads;
    /** Of one or none. */
    private final ConcurrentHashMap<MeterScope, WriteBehindMeters> writeBehind = new ConcurrentHashMap<>();

    private final LongSupplier nanoTime;
    private final long boundAt;

    private final SharedStats shared;

    /** Until then there may be events already, of a cache in use, and some meters are not there yet. */
    private volatile boolean complete;

    private record FarCall(FarOperation operation, boolean failed) {}

    CacheMeters(MeterRegistry registry, Tags tags, Cache<?, ?> cache, LongSupplier nanoTime) {
        this.cache = cache;
        this.nanoTime = nanoTime;
        this.boundAt = nanoTime.getAsLong();
        this.shared = new SharedStats(nanoTime);
        this.registry = registry;
        this.tags = tags.and("cache", cache.name());
        this.scope = new MeterScope(registry, this.tags);
        TOLD.forEach(kind -> toldFailures.put(kind, new LongAdder()));
    }

    boolean areOf(Cache<?, ?> other) {
        return cache == other;
    }

    private static Duration[] millis(double... millis) {
        Duration[] durations = new Duration[millis.length];
        for (int i = 0; i < millis.length; i++) {
            durations[i] = Duration.ofNanos((long) (millis[i] * 1_000_000));
        }
        return durations;
    }

    private static Duration[] seconds(int... seconds) {
        return Arrays.stream(seconds).mapToObj(Duration::ofSeconds).toArray(Duration[]::new);
    }

    static String text(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    static Tags result(boolean failed) {
        return Tags.of("result", failed ? "failure" : "success");
    }

    void bind(Tags tags) {
        CacheStats stats = cache.stats();
        for (Lookup.Tier tier : stats.tiers()) {
            new TierMeters(cache, tier, tags, shared).bindTo(scope);
        }
        if (stats.tiers().contains(Lookup.Tier.NEAR)) {
            bindNear(stats);
        }
        bindLoads();
        bindFailures();
        if (stats.tiers().contains(Lookup.Tier.FAR)) {
            bindFar();
        }
        complete = true;
    }

    private void counter(CacheMeter meter, Tags more, ToDoubleFunction<CacheStats> count) {
        scope.counter(meter, more, () -> count.applyAsDouble(shared.of(cache)));
    }

    private void gauge(CacheMeter meter, Tags more, ToDoubleFunction<CacheStats> value) {
        scope.gauge(meter, more, () -> value.applyAsDouble(shared.of(cache)));
    }

    private void bindNear(CacheStats stats) {
        Tags near = TierMeters.tag(Lookup.Tier.NEAR);
        if (stats.near().weight().isPresent()) {
            gauge(CacheMeter.WEIGHT, near, now -> now.near().weight().orElse(0));
        }
        counter(CacheMeter.PUTS_REFUSED, near, now -> now.near().refusedInserts());
        ages = scope.timer(CacheMeter.ENTRY_AGE, near, AGE_BUCKETS);
        expirations = scope.counter(CacheMeter.EXPIRATIONS, near);
    }

    private void bindLoads() {
        loads = scope.timer(CacheMeter.LOAD_DURATION, result(false), LOAD_BUCKETS);
        failedLoads = scope.timer(CacheMeter.LOAD_DURATION, result(true), LOAD_BUCKETS);
        gauge(CacheMeter.LOADS_RUNNING, Tags.empty(), now -> now.loads().running());
        counter(CacheMeter.COALESCED, Tags.empty(), now -> now.loads().coalesced());
        counter(CacheMeter.REMOVALS, Tags.empty(), now -> now.far().invalidations());
        for (StaleReason reason : StaleReason.values()) {
            staleServes.put(reason, scope.counter(CacheMeter.STALE_SERVES, Tags.of("reason", text(reason))));
        }
    }

    private void bindFailures() {
        for (FailureKind kind : EnumSet.complementOf(EnumSet.of(FailureKind.REDIS_CALL))) {
            LongAdder told = toldFailures.get(kind);
            counter(
                    CacheMeter.FAILURES,
                    Tags.of("kind", text(kind)),
                    now -> told == null ? now.failures().getOrDefault(kind, 0L) : told.sum());
        }
    }

    private void bindFar() {
        counter(
                CacheMeter.STALE_SERVES,
                Tags.of("reason", "cut_off"),
                now -> now.near().cutOffServes());
        counter(CacheMeter.VALIDATIONS, Tags.empty(), now -> now.near().validations());
        counter(
                CacheMeter.PUTS_REFUSED,
                TierMeters.tag(Lookup.Tier.FAR),
                now -> now.far().refusedFills());
        counter(
                CacheMeter.LEASES,
                Tags.of("result", "granted"),
                now -> now.far().leasesGranted());
        counter(CacheMeter.LEASES, Tags.of("result", "busy"), now -> now.far().leasesBusy());
        counter(
                CacheMeter.FAR_BYTES,
                Tags.of("direction", "read"),
                now -> now.far().bytes().read());
        counter(
                CacheMeter.FAR_BYTES,
                Tags.of("direction", "written"),
                now -> now.far().bytes().written());
        gauge(
                CacheMeter.COMPRESSION,
                Tags.empty(),
                now -> now.far().bytes().compression().ratio());
        for (BreakerState state : BreakerState.values()) {
            gauge(
                    CacheMeter.BREAKER,
                    Tags.of("state", text(state)),
                    now -> now.far().breaker() == state ? 1 : 0);
        }
        gauge(CacheMeter.TRUST_AGE, Tags.empty(), this::trustAge);
        counter(
                CacheMeter.INVALIDATIONS,
                Tags.of("direction", "sent"),
                now -> now.far().puts() + now.far().invalidations());
        counter(
                CacheMeter.INVALIDATIONS,
                Tags.of("direction", "received"),
                now -> now.link().changes());
        gauge(CacheMeter.LINK, Tags.empty(), now -> now.link().state() == LinkState.ARMED ? 1 : 0);
        gauge(CacheMeter.RECOVERY_QUEUED, Tags.empty(), now -> now.far().recoveryQueued());
        gauge(CacheMeter.RECOVERY_AGE, Tags.empty(), now -> seconds(now.far().recoveryAge()));
    }

    /** As long as the meters are there at most: a far tier that has never answered says no more. */
    private double trustAge(CacheStats stats) {
        return Math.min(seconds(stats.far().silence()), (nanoTime.getAsLong() - boundAt) / 1e9);
    }

    static double seconds(Duration duration) {
        return duration.toNanos() / 1e9;
    }

    void loaded(Duration took, boolean failed) {
        Timer timer = failed ? failedLoads : loads;
        if (complete && timer != null) {
            timer.record(took);
        }
    }

    void farCalled(FarOperation operation, Duration took, boolean failed) {
        farCalls.computeIfAbsent(new FarCall(operation, failed), this::farTimer).record(took);
    }

    private Timer farTimer(FarCall call) {
        return scope.timer(
                CacheMeter.FAR_DURATION,
                Tags.of("operation", text(call.operation())).and(result(call.failed())),
                FAR_BUCKETS);
    }

    /** Made when it is first needed: most caches write nothing behind. */
    WriteBehindMeters writeBehind() {
        return writeBehind.computeIfAbsent(scope, WriteBehindMeters::new);
    }

    /** Of what is around the cache; what it counts itself is not counted again. */
    void failed(FailureKind kind) {
        LongAdder told = toldFailures.get(kind);
        if (told != null) {
            told.increment();
        }
    }

    void servedStale(StaleReason reason) {
        if (complete) {
            Objects.requireNonNull(staleServes.get(reason)).increment();
        }
    }

    void hit(Duration age) {
        if (complete && ages != null) {
            ages.record(age);
        }
    }

    void expired() {
        if (complete && expirations != null) {
            expirations.increment();
        }
    }

    /** @return whether the registry had no meters with the same tags, which these would be mixed up with */
    boolean claimTags() {
        return CLAIMED.computeIfAbsent(registry, none -> ConcurrentHashMap.newKeySet())
                .add(tags);
    }

    void remove() {
        try {
            scope.remove();
        } finally {
            CLAIMED.getOrDefault(registry, Set.of()).remove(tags);
        }
    }
}
