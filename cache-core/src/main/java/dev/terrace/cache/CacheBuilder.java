package dev.terrace.cache;

import dev.terrace.cache.codec.Codec;
import dev.terrace.cache.codec.KeyCodec;
import dev.terrace.cache.spi.FarTier;
import dev.terrace.cache.spi.InvalidationBus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.NonNull;
import org.jspecify.annotations.Nullable;

/**
 * Configures a {@link Cache}. Only {@link #freshFor} and a tier ({@link #near}, {@link #far} or both) must be set; all other
 * defaults are safe and bounded, and listed in {@code docs/defaults.md}. Not thread-safe; used once.
 */
public final class CacheBuilder<K, V extends @Nullable Object> {

    private final String name;
    private final EngineParts parts = new EngineParts();
    private Consumer<? super Cache<K, V>> whenBuilt = cache -> {};
    private boolean built;

    private @Nullable Near<? super K, ? super V> near;
    private @Nullable Duration maxIdle;
    private @Nullable UnaryOperator<@NonNull V> copyOnRead;

    private @Nullable FarTier far;
    private @Nullable Codec<@NonNull V> codec;
    private @Nullable KeyCodec<? super K> keyCodec;
    private int maxValueBytes = Defaults.MAX_VALUE_BYTES;
    private Duration maxStaleness = Defaults.MAX_STALENESS;
    private Duration serveWhileCutOff = Defaults.SERVE_WHILE_CUT_OFF;
    private @Nullable InvalidationBus bus;
    private Duration farBudget = Defaults.FAR_BUDGET;
    private int maxConcurrentFarCalls = Defaults.MAX_CONCURRENT_FAR_CALLS;
    private Duration leaseWait = Defaults.LEASE_WAIT;
    private int recoveryCapacity = Defaults.RECOVERY_CAPACITY;
    private WhenFarFails whenFarFails = Defaults.WHEN_FAR_FAILS;

    /** What was set that only a far tier can give a meaning. */
    private final Set<String> farOnly = new LinkedHashSet<>();

    private @Nullable Duration freshFor;
    private Duration staleFor = Defaults.STALE_FOR;
    private @Nullable Duration negativeFor;
    private double jitter = Defaults.JITTER;
    private EarlyRefresh earlyRefresh = Defaults.EARLY_REFRESH;
    private Duration retryAfter = Defaults.RETRY_AFTER;

    private @Nullable ContextualLoader<K, V> loader;
    private @Nullable BulkLoader<K, V> bulkLoader;
    private Duration softDeadline = Defaults.SOFT_DEADLINE;
    private Duration loadDeadline = Defaults.LOAD_DEADLINE;
    private LoadOn loadOn = Defaults.LOAD_ON;
    private int maxConcurrentLoads = Defaults.MAX_CONCURRENT_LOADS;
    private int maxWaitingLoads = Defaults.MAX_WAITING_LOADS;
    private @Nullable Executor executor;
    private @Nullable ContextHook contextHook;
    private boolean completeAbandonedLoads = Defaults.COMPLETE_ABANDONED_LOADS;

    private final List<CacheListener> listeners = new ArrayList<>();

    private @Nullable CacheTracer tracer;

    CacheBuilder(String name) {
        this.name = Checks.name(Objects.requireNonNull(name, "name"));
    }

    /** Keeps values in this process, within this bound. */
    public CacheBuilder<K, V> near(Near<? super K, ? super V> bound) {
        near = Objects.requireNonNull(bound, "near");
        return this;
    }

    /**
     * Gives entries up that nobody has used for this long, in both tiers; the far tier is told of uses at most once per
     * quarter of it. Default: not before their life ends.
     */
    public CacheBuilder<K, V> maxIdle(Duration idle) {
        maxIdle = Checks.positive("maxIdle", idle);
        return this;
    }

    /**
     * Copies every value that a caller is given, for mutable values. Default: values are shared by reference. What goes into
     * the near tier is copied too.
     */
    public CacheBuilder<K, V> copyOnRead(UnaryOperator<@NonNull V> copier) {
        copyOnRead = Objects.requireNonNull(copier, "copyOnRead");
        return this;
    }

    /**
     * Keeps values in a shared tier, encoded by this codec. The tier stays open when the cache is closed.
     */
    public CacheBuilder<K, V> far(FarTier tier, Codec<@NonNull V> valueCodec) {
        far = Objects.requireNonNull(tier, "far");
        codec = Objects.requireNonNull(valueCodec, "codec: a far tier needs one");
        return this;
    }

    /**
     * How keys are written in the far tier. Default: numbers, strings, UUIDs, enums and records of those; other keys need
     * this.
     */
    public CacheBuilder<K, V> keyCodec(KeyCodec<? super K> codec) {
        keyCodec = Objects.requireNonNull(codec, "keyCodec");
        return this;
    }

    /** Values that encode to more bytes stay out of the far tier. Default 1 MiB. */
    public CacheBuilder<K, V> maxValueBytes(int bytes) {
        farOnly("maxValueBytes");
        maxValueBytes = Checks.positive("maxValueBytes", bytes);
        return this;
    }

    /**
     * The longest time after which a change that the far tier acknowledged is seen by every near tier, whatever happens to
     * messages. Default 1 s.
     */
    public CacheBuilder<K, V> maxStaleness(Duration bound) {
        farOnly("maxStaleness");
        maxStaleness = Checks.positive("maxStaleness", bound);
        return this;
    }

    /**
     * How much longer near copies are served while this node cannot reach the far tier at all; zero for strict. Default 30 s.
     */
    public CacheBuilder<K, V> serveWhileCutOff(Duration extra) {
        farOnly("serveWhileCutOff");
        serveWhileCutOff = Checks.notNegative("serveWhileCutOff", extra);
        return this;
    }

    /**
     * Tells changes to other nodes on this bus, so that they see them at once where the far tier itself does not tell, as
     * Memcached does not. Every node that changes anything must have it. Default: none, and changes are seen within
     * {@link #maxStaleness}, which holds with a bus too, whatever becomes of its messages. The bus stays open when the cache is
     * closed.
     */
    public CacheBuilder<K, V> bus(InvalidationBus shared) {
        bus = Objects.requireNonNull(shared, "bus");
        return this;
    }

    /** How long one operation of the far tier may take. Default 100 ms. */
    public CacheBuilder<K, V> farBudget(Duration budget) {
        farOnly("farBudget");
        farBudget = Checks.positive("farBudget", budget);
        return this;
    }

    /** How many operations of the far tier may be under way; more fail at once. Default 4,096. */
    public CacheBuilder<K, V> maxConcurrentFarCalls(int calls) {
        farOnly("maxConcurrentFarCalls");
        maxConcurrentFarCalls = Checks.positive("maxConcurrentFarCalls", calls);
        return this;
    }

    /**
     * How long to wait for another node that is loading the same key, before loading it without storing it. Default 3 s.
     */
    public CacheBuilder<K, V> leaseWait(Duration wait) {
        farOnly("leaseWait");
        leaseWait = Checks.positive("leaseWait", wait);
        return this;
    }

    /** How many repairs may wait for a far tier that fails; more become one clear. Default 10,000. */
    public CacheBuilder<K, V> recoveryCapacity(int keys) {
        farOnly("recoveryCapacity");
        recoveryCapacity = Checks.positive("recoveryCapacity", keys);
        return this;
    }

    /** What a blocking write does when the far tier does not acknowledge it. Default {@link WhenFarFails#DEGRADE}. */
    public CacheBuilder<K, V> whenFarFails(WhenFarFails policy) {
        farOnly("whenFarFails");
        whenFarFails = Objects.requireNonNull(policy, "whenFarFails");
        return this;
    }

    /** How long a value is served as it is. Must be set. */
    public CacheBuilder<K, V> freshFor(Duration fresh) {
        freshFor = Checks.positive("freshFor", fresh);
        return this;
    }

    /**
     * How long after that a value may be served while it is revalidated, or when its load fails or is slow. Needs a loader.
     * Default zero.
     */
    public CacheBuilder<K, V> staleFor(Duration stale) {
        staleFor = Checks.positive("staleFor", stale);
        return this;
    }

    /** Caches the fact that the loader found nothing, for this long. Default: not cached. */
    public CacheBuilder<K, V> negativeFor(Duration negative) {
        negativeFor = Checks.positive("negativeFor", negative);
        return this;
    }

    /**
     * Shortens each freshness by a random share of up to this, so that entries written together do not end together. Default
     * 0.05.
     */
    public CacheBuilder<K, V> jitter(double share) {
        if (!(share >= 0 && share < 1)) {
            throw new IllegalArgumentException("jitter: must be at least 0 and less than 1, not " + share);
        }
        jitter = share;
        return this;
    }

    /** When a read revalidates a fresh entry ahead of time. Default: never. */
    public CacheBuilder<K, V> earlyRefresh(EarlyRefresh policy) {
        earlyRefresh = Objects.requireNonNull(policy, "earlyRefresh");
        return this;
    }

    /**
     * How long no new load is tried after one failed while there was a value to serve, be it stale by {@link #staleFor}, by a
     * life of its own or by {@link Cache#expire}, or fresh and refreshed early; grows to 30 s with further failures. Default 1 s.
     */
    public CacheBuilder<K, V> retryAfter(Duration pause) {
        retryAfter = Checks.positive("retryAfter", pause);
        return this;
    }

    /** The slow source. */
    public CacheBuilder<K, V> loader(Loader<? super K, ? extends V> source) {
        Objects.requireNonNull(source, "loader");
        loader = (key, context) -> source.load(key);
        return this;
    }

    /** The slow source, as a loader that sees the previous entry and shapes the new one. */
    public CacheBuilder<K, V> loader(ContextualLoader<K, V> source) {
        loader = Objects.requireNonNull(source, "loader");
        return this;
    }

    /** The slow source of many values, used by {@link Cache#getAll(Iterable)}. Needs a loader too, for single reads. */
    public CacheBuilder<K, V> bulkLoader(BulkLoader<K, V> source) {
        bulkLoader = Objects.requireNonNull(source, "bulkLoader");
        return this;
    }

    /**
     * How long a caller waits for a load when a stale value could be served. Default zero: the stale value is served at once
     * and revalidated in the background.
     */
    public CacheBuilder<K, V> softDeadline(Duration deadline) {
        softDeadline = Checks.notNegative("softDeadline", deadline);
        return this;
    }

    /** How long a load may run, and any caller wait for it. Default 10 s. */
    public CacheBuilder<K, V> loadDeadline(Duration deadline) {
        loadDeadline = Checks.positive("loadDeadline", deadline);
        return this;
    }

    /** Which thread runs loads. Default {@link LoadOn#EXECUTOR}. */
    public CacheBuilder<K, V> loadOn(LoadOn where) {
        loadOn = Objects.requireNonNull(where, "loadOn");
        return this;
    }

    /** How many loads may run at once. Default 64. */
    public CacheBuilder<K, V> maxConcurrentLoads(int loads) {
        maxConcurrentLoads = Checks.positive("maxConcurrentLoads", loads);
        return this;
    }

    /** How many more loads may wait for room; more are rejected. Default 4,096. */
    public CacheBuilder<K, V> maxWaitingLoads(int loads) {
        maxWaitingLoads = Checks.positive("maxWaitingLoads", loads);
        return this;
    }

    /**
     * Runs loads on this executor, which stays the caller's to close; with {@link LoadOn#CALLER} those that have no caller to
     * run on, which are asynchronous ones and those in the background. Default: threads of the cache.
     */
    public CacheBuilder<K, V> executor(Executor loads) {
        executor = Objects.requireNonNull(loads, "executor");
        return this;
    }

    /** Carries context over to the threads that run loads. */
    public CacheBuilder<K, V> contextHook(ContextHook hook) {
        contextHook = Objects.requireNonNull(hook, "contextHook");
        return this;
    }

    /**
     * Whether a load goes on, and is stored, when every caller has stopped waiting for it. Default true; with false it is
     * interrupted.
     */
    public CacheBuilder<K, V> completeAbandonedLoads(boolean complete) {
        completeAbandonedLoads = complete;
        return this;
    }

    /** Is told what the cache does; each that was given here is. */
    public CacheBuilder<K, V> listener(CacheListener events) {
        listeners.add(Objects.requireNonNull(events, "listener"));
        return this;
    }

    /** Follows the loads and far calls that callers cause. Default: nobody does, which costs nothing. */
    public CacheBuilder<K, V> tracer(CacheTracer follower) {
        tracer = Objects.requireNonNull(follower, "tracer");
        return this;
    }

    private void farOnly(String setting) {
        farOnly.add(setting);
    }

    /** What was set until now holds for many caches, and so may mean nothing for this one. */
    void inherited() {
        farOnly.clear();
    }

    /** Replaces time, threads and chance, for tests. */
    EngineParts parts() {
        return parts;
    }

    /** Called with the cache when it is built, before it is returned. */
    CacheBuilder<K, V> whenBuilt(Consumer<? super Cache<K, V>> registration) {
        whenBuilt = registration;
        return this;
    }

    /**
     * Builds the cache. Does not need the far tier to be reachable.
     *
     * @throws IllegalStateException if a setting is missing, or settings do not work together; the message names them
     */
    public Cache<K, V> build() {
        if (built) {
            throw new IllegalStateException("build: this builder has built its cache");
        }
        TieredCache<K, V> cache = TieredCache.create(settings(), parts);
        built = true;
        cache.tellOpen();
        try {
            whenBuilt.accept(cache);
        } catch (RuntimeException e) {
            cache.close();
            throw e;
        }
        return cache;
    }

    Settings<K, V> settings() {
        if (near == null && far == null) {
            throw new IllegalStateException(describe("has no tier: set near(…), far(…) or both"));
        }
        Duration fresh = freshFor;
        if (fresh == null) {
            throw new IllegalStateException(describe("freshFor is not set: how long is a value served as it is?"));
        }
        if (near == null) {
            refuse(copyOnRead != null, "copyOnRead needs a near tier: set near(…)");
        }
        if (far == null) {
            refuse(!farOnly.isEmpty(), String.join(", ", farOnly) + ": mean nothing without a far tier: set far(…)");
            refuse(keyCodec != null, "keyCodec needs a far tier: set far(…)");
            refuse(bus != null, "bus needs a far tier whose changes it tells: set far(…)");
        }
        if (loader == null) {
            refuse(bulkLoader != null, "bulkLoader needs a loader for single reads: set loader(…)");
            refuse(!staleFor.isZero(), "staleFor needs a loader to revalidate with: set loader(…)");
            refuse(!(earlyRefresh instanceof EarlyRefresh.None), "earlyRefresh needs a loader: set loader(…)");
        }
        refuse(
                softDeadline.compareTo(loadDeadline) > 0,
                "softDeadline " + softDeadline + " is longer than loadDeadline " + loadDeadline);
        refuse(
                !softDeadline.isZero() && staleFor.isZero(),
                "softDeadline has no stale value to fall back to: set staleFor(…)");
        return new Settings<>(name, nearSettings(), farSettings(), lifeSettings(fresh), loadSettings(), watchers());
    }

    private Settings.@Nullable NearSettings<K, V> nearSettings() {
        return near == null ? null : new Settings.NearSettings<>(near, copyOnRead);
    }

    private Settings.@Nullable FarSettings<K, V> farSettings() {
        if (far == null || codec == null) {
            return null;
        }
        return new Settings.FarSettings<>(
                far,
                codec,
                keyCodec,
                maxValueBytes,
                new Settings.Coherence(maxStaleness, serveWhileCutOff, bus),
                new Settings.FarBounds(farBudget, maxConcurrentFarCalls, leaseWait, recoveryCapacity, whenFarFails));
    }

    private Settings.LifeSettings lifeSettings(Duration fresh) {
        return new Settings.LifeSettings(fresh, staleFor, negativeFor, maxIdle, jitter, earlyRefresh, retryAfter);
    }

    private Settings.LoadSettings<K, V> loadSettings() {
        return new Settings.LoadSettings<>(
                loader,
                bulkLoader,
                new Settings.Deadlines(softDeadline, loadDeadline),
                new Settings.LoadThreads(loadOn, maxConcurrentLoads, maxWaitingLoads, executor, contextHook),
                completeAbandonedLoads);
    }

    private Settings.Watchers watchers() {
        return new Settings.Watchers(List.copyOf(listeners), tracer);
    }

    private void refuse(boolean wrong, String message) {
        if (wrong) {
            throw new IllegalStateException(describe(message));
        }
    }

    private String describe(String message) {
        return "cache \"" + name + "\": " + message;
    }
}
