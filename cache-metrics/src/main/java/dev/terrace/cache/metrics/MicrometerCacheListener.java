package dev.terrace.cache.metrics;

import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheListener;
import dev.terrace.cache.FailureKind;
import dev.terrace.cache.FarOperation;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Meters of caches in a Micrometer registry: of each cache that is built with this listener, or of all caches of a
 * {@link dev.terrace.cache.Caches registry}, those built later too.
 *
 * <pre>{@code
 * Cache.builder("products").listener(new MicrometerCacheListener(registry))…;      // one cache
 * caches.listen(new MicrometerCacheListener(registry));                            // all of them
 * }</pre>
 *
 * <p>A write-behind queue around a cache, and invalidation by events, tell the listener that they are given, which is to be the same.
 *
 * <p>What a cache counts is read when the registry asks, so that reads of the near tier cost nothing more. Closing a cache
 * removes its meters. Tags are names of caches and a few words; no key, value or tag of the application is ever one. Each
 * name has the tag {@code cache}, and {@code tier} ({@code near}, {@code far}) where it is of a tier.
 *
 * <table>
 * <caption>Meters</caption>
 * <tr><th>name</th><th>type</th><th>tags</th><th>what</th></tr>
 * <tr><td>{@code cache.size}</td><td>gauge</td><td>cache, tier</td>
 *     <td>Entries in the tier now, an estimate.</td></tr>
 * <tr><td>{@code cache.weight}</td><td>gauge</td><td>cache, tier</td>
 *     <td>What the near tier's entries weigh now, by the cache's own weigher; only where it has one.</td></tr>
 * <tr><td>{@code cache.gets}</td><td>counter</td><td>cache, tier, result</td>
 *     <td>Keys that the tier was asked for, by {@code result}: {@code hit}, {@code miss}. The far tier is asked for what the
 *     near tier misses.</td></tr>
 * <tr><td>{@code cache.puts}</td><td>counter</td><td>cache, tier</td>
 *     <td>Values stored in the tier, loaded or put.</td></tr>
 * <tr><td>{@code cache.puts.refused}</td><td>counter</td><td>cache, tier</td>
 *     <td>Values not stored in the tier because their key changed while they were loaded or read.</td></tr>
 * <tr><td>{@code cache.evictions}</td><td>counter</td><td>cache, tier</td>
 *     <td>Entries that the near tier gave up, for want of room or at the end of their life.</td></tr>
 * <tr><td>{@code cache.expirations}</td><td>counter</td><td>cache, tier</td>
 *     <td>Of those, the ones at the end of their life.</td></tr>
 * <tr><td>{@code cache.removals}</td><td>counter</td><td>cache</td>
 *     <td>Keys, tags and clears that were invalidated here.</td></tr>
 * <tr><td>{@code cache.load.duration}</td><td>timer</td><td>cache, result</td>
 *     <td>Calls of the loader, by {@code result}: {@code success}, {@code failure}. A bulk load counts once.</td></tr>
 * <tr><td>{@code cache.loads.running}</td><td>gauge</td><td>cache</td>
 *     <td>Loads running now.</td></tr>
 * <tr><td>{@code cache.coalesced}</td><td>counter</td><td>cache</td>
 *     <td>Callers that waited for a load started by another.</td></tr>
 * <tr><td>{@code cache.stale.serves}</td><td>counter</td><td>cache, reason</td>
 *     <td>Values served that may not be the newest, by {@code reason}: {@code revalidating}, {@code load_failed}, {@code
 *     load_slow}, {@code load_rejected}, or {@code cut_off} where the far tier could not be reached.</td></tr>
 * <tr><td>{@code cache.validations}</td><td>counter</td><td>cache</td>
 *     <td>Near copies compared with the far tier after their trust had ended.</td></tr>
 * <tr><td>{@code cache.entry.age}</td><td>timer</td><td>cache, tier</td>
 *     <td>Age of values when they are served by the tier; of a sample of hits, a hundred a second at most.</td></tr>
 * <tr><td>{@code cache.leases}</td><td>counter</td><td>cache, result</td>
 *     <td>Requests for the right to load a key, by {@code result}: {@code granted}, {@code busy} where another node had
 *     it.</td></tr>
 * <tr><td>{@code cache.far.duration}</td><td>timer</td><td>cache, operation, result</td>
 *     <td>Calls of the far tier, by {@code operation} and {@code result}: {@code success}, {@code failure}. Calls that an open
 *     breaker prevented are not counted.</td></tr>
 * <tr><td>{@code cache.far.bytes}</td><td>counter</td><td>cache, direction</td>
 *     <td>Bytes of values as the codec makes them, by {@code direction}: {@code read}, {@code written}.</td></tr>
 * <tr><td>{@code cache.compression.ratio}</td><td>gauge</td><td>cache</td>
 *     <td>How many times smaller the codec has made values so far; 1 where it does not compress.</td></tr>
 * <tr><td>{@code cache.failures}</td><td>counter</td><td>cache, kind</td>
 *     <td>Failures that no caller was told of, by {@code kind}, such as {@code far_read}, {@code decode}, {@code encode},
 *     {@code listener}. Those of {@code redis_call} are of what shares a far tier's connection; {@code cache} is then
 *     what it is, such as {@code lock}.</td></tr>
 * <tr><td>{@code cache.breaker.state}</td><td>gauge</td><td>cache, state</td>
 *     <td>1 for the {@code state} that the far tier's breaker is in: {@code closed}, {@code open}, {@code half_open}; 0 for
 *     the others.</td></tr>
 * <tr><td>{@code cache.trust.age}</td><td>gauge</td><td>cache</td>
 *     <td>How long ago the far tier last answered anything.</td></tr>
 * <tr><td>{@code cache.link.up}</td><td>gauge</td><td>cache</td>
 *     <td>1 while the far tier tells this node of changes; 0 while near copies are compared instead.</td></tr>
 * <tr><td>{@code cache.invalidations}</td><td>counter</td><td>cache, direction</td>
 *     <td>Changes, by {@code direction}: {@code sent} to other nodes through the far tier, {@code received} from the far tier
 *     by whomever.</td></tr>
 * <tr><td>{@code cache.recovery.queued}</td><td>gauge</td><td>cache</td>
 *     <td>Changes that the far tier did not acknowledge and that wait to be repaired there.</td></tr>
 * <tr><td>{@code cache.recovery.age}</td><td>gauge</td><td>cache</td>
 *     <td>How long the oldest of them has waited.</td></tr>
 * <tr><td>{@code cache.write.behind.pending}</td><td>gauge</td><td>cache</td>
 *     <td>Keys whose last put or remove is not in the store yet; as of when a batch last began or ended.</td></tr>
 * <tr><td>{@code cache.write.behind.age}</td><td>gauge</td><td>cache</td>
 *     <td>How long the oldest of them has waited.</td></tr>
 * <tr><td>{@code cache.write.behind.duration}</td><td>timer</td><td>cache, result</td>
 *     <td>Batches written to the store, by {@code result}: {@code success}, {@code failure} where the batch is tried again.</td></tr>
 * <tr><td>{@code cache.write.behind.lag}</td><td>timer</td><td>cache</td>
 *     <td>From the oldest put or remove of a batch to when the store had it.</td></tr>
 * <tr><td>{@code cache.write.behind.dead.letters}</td><td>counter</td><td>cache</td>
 *     <td>Puts and removes that were given up.</td></tr>
 * <tr><td>{@code cache.commands}</td><td>timer</td><td>kind, operation, result</td>
 *     <td>Calls of what shares a far tier's connection, such as locks, by {@code kind}, {@code operation} and {@code
 *     result}.</td></tr>
 * </table>
 *
 * <p>What a cache counts itself is read from it when the registry asks, every 10 ms at most.
 *
 * <p>Thread-safe. A registry that throws changes nothing for callers; the cache counts it as a failure of its listener.
 */
public final class MicrometerCacheListener implements CacheListener {

    private final MeterRegistry registry;
    private final Tags tags;
    private final LongSupplier nanoTime;
    private final ConcurrentHashMap<String, CacheMeters> bound = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<Command, Timer> commands = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<String, Counter> untold = new ConcurrentHashMap<>();

    private record Command(String kind, String operation, boolean failed) {}

    /** Meters with no tags but their own. */
    public MicrometerCacheListener(MeterRegistry registry) {
        this(registry, Tags.empty());
    }

    /** Meters that have these tags too, as caches of one name in one registry must to be told apart. */
    public MicrometerCacheListener(MeterRegistry registry, Iterable<Tag> tags) {
        this(registry, tags, System::nanoTime);
    }

    MicrometerCacheListener(MeterRegistry registry, Iterable<Tag> tags, LongSupplier nanoTime) {
        this.registry = Objects.requireNonNull(registry, "registry");
        this.tags = Tags.of(tags);
        this.nanoTime = nanoTime;
    }

    /**
     * @throws IllegalStateException if the registry has meters of an open cache of this name already, from this listener or
     *     from another with the same tags; this one gets none then
     */
    @Override
    public void onOpen(Cache<?, ?> cache) {
        CacheMeters meters = new CacheMeters(registry, tags, cache, nanoTime);
        if (!meters.claimTags()) {
            throw new IllegalStateException("cache \"" + cache.name()
                    + "\" gets no meters: the registry has some of an open cache of this name; give a cache one listener, and"
                    + " two caches of one name listeners with tags of their own");
        }
        bound.put(cache.name(), meters);
        try {
            meters.bind(tags);
        } catch (RuntimeException | Error e) {
            bound.remove(cache.name(), meters);
            try {
                meters.remove();
            } catch (RuntimeException | Error left) {
                e.addSuppressed(left);
            }
            throw e;
        }
    }

    @Override
    public void onClose(Cache<?, ?> cache) {
        CacheMeters meters = bound.get(cache.name());
        if (meters != null && meters.areOf(cache) && bound.remove(cache.name(), meters)) {
            meters.remove();
        }
    }

    @Override
    public void onLoad(String cache, Duration took, @Nullable Throwable failure) {
        CacheMeters meters = bound.get(cache);
        if (meters != null) {
            meters.loaded(took, failure != null);
        }
    }

    @Override
    public void onFarOperation(String cache, FarOperation operation, Duration took, @Nullable Throwable failure) {
        CacheMeters meters = bound.get(cache);
        if (meters != null) {
            meters.farCalled(operation, took, failure != null);
        }
    }

    @Override
    public void onStaleServed(String cache, StaleReason reason) {
        CacheMeters meters = bound.get(cache);
        if (meters != null) {
            meters.servedStale(reason);
        }
    }

    @Override
    public void onHit(String cache, Duration age) {
        CacheMeters meters = bound.get(cache);
        if (meters != null) {
            meters.hit(age);
        }
    }

    @Override
    public void onEviction(String cache, EvictionCause cause) {
        CacheMeters meters = bound.get(cache);
        if (meters != null && cause == EvictionCause.EXPIRED) {
            meters.expired();
        }
    }

    /** What shares a far tier's connection has no cache; its failures stay, under its own name. */
    @Override
    public void onFailure(String cache, FailureKind kind, Throwable failure) {
        if (kind == FailureKind.REDIS_CALL) {
            untold.computeIfAbsent(cache, this::untoldOf).increment();
            return;
        }
        CacheMeters meters = bound.get(cache);
        if (meters != null) {
            meters.failed(kind);
        }
    }

    @Override
    public void onStoreWrite(String cache, int operations, Duration took, Duration lag, @Nullable Throwable failure) {
        CacheMeters meters = bound.get(cache);
        if (meters != null) {
            meters.writeBehind().wrote(took, lag, failure != null);
        }
    }

    @Override
    public void onPendingWrites(String cache, int pending, Duration oldest) {
        CacheMeters meters = bound.get(cache);
        if (meters != null) {
            meters.writeBehind().pending(pending, oldest);
        }
    }

    @Override
    public void onDeadLetter(String cache, Throwable cause) {
        CacheMeters meters = bound.get(cache);
        if (meters != null) {
            meters.writeBehind().gaveUp();
        }
    }

    @Override
    public void onCommand(String kind, String operation, Duration took, @Nullable Throwable failure) {
        commands.computeIfAbsent(new Command(kind, operation, failure != null), this::timer)
                .record(took);
    }

    private Counter untoldOf(String what) {
        return new MeterScope(registry, tags)
                .counter(CacheMeter.FAILURES, Tags.of("cache", what, "kind", CacheMeters.text(FailureKind.REDIS_CALL)));
    }

    /** Of few, and of no cache: it stays. */
    private Timer timer(Command command) {
        return new MeterScope(registry, tags)
                .timer(
                        CacheMeter.COMMANDS,
                        Tags.of("kind", command.kind(), "operation", command.operation())
                                .and(CacheMeters.result(command.failed())),
                        CacheMeters.FAR_BUCKETS);
    }
}
