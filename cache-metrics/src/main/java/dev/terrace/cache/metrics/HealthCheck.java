package dev.terrace.cache.metrics;

import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheListener;
import dev.terrace.cache.CacheListener.BreakerState;
import dev.terrace.cache.CacheStats;
import dev.terrace.cache.Caches;
import dev.terrace.cache.Lookup;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Looks at caches when it is asked to, and at what happened since it was asked before. Reads counters only: never blocks, never
 * asks a server. Thread-safe.
 *
 * <table>
 * <caption>What it finds</caption>
 * <tr><th>finding</th><th>status</th></tr>
 * <tr><td>the far tier's breaker is not closed</td><td>{@code DEGRADED}</td></tr>
 * <tr><td>changes wait to be repaired in the far tier</td><td>{@code DEGRADED}</td></tr>
 * <tr><td>the last loads all failed, {@value #ENOUGH_LOADS} or more, one of them since the last check</td><td>{@code DEGRADED}</td></tr>
 * <tr><td>the same, and there is no far tier or its breaker is not closed</td><td>{@code DOWN}</td></tr>
 * </table>
 *
 * <p>A probe that takes an application out of service because its database is down everywhere may do more harm than good:
 * {@link Health#isReady} is meant for readiness, not for liveness.
 */
public final class HealthCheck {

    private static final int ENOUGH_LOADS = 5;

    private final Map<Cache<?, ?>, Loads> seen = new ConcurrentHashMap<>();

    /**
     * Loads that all failed.
     *
     * @param successes of the cache when they began
     * @param failures of the cache when they began
     * @param checked failures of the cache at the last check
     */
    private record Loads(long successes, long failures, long checked) {
        static final Loads NONE = new Loads(0, 0, 0);
    }

    private HealthCheck() {}

    /** Of these caches. */
    public static HealthCheck of(Cache<?, ?>... caches) {
        HealthCheck check = new HealthCheck();
        for (Cache<?, ?> cache : caches) {
            check.seen.put(cache, Loads.NONE);
        }
        return check;
    }

    /** Of all open caches of a registry, those built later too. To be kept: the registry does as long as it lives. */
    public static HealthCheck of(Caches caches) {
        HealthCheck check = new HealthCheck();
        caches.listen(new CacheListener() {
            @Override
            public void onOpen(Cache<?, ?> cache) {
                check.seen.put(cache, Loads.NONE);
            }

            @Override
            public void onClose(Cache<?, ?> cache) {
                check.seen.remove(cache);
            }
        });
        return check;
    }

    /** How they are now. Each call begins the time that the next one judges; loads that go on failing are counted on. */
    public Health check() {
        List<String> reasons = new ArrayList<>();
        Health.Status worst = Health.Status.UP;
        for (Cache<?, ?> cache : seen.keySet()) {
            Health.Status status = judge(cache, reasons);
            worst = status.compareTo(worst) > 0 ? status : worst;
        }
        reasons.sort(null);
        return new Health(worst, reasons);
    }

    private Health.Status judge(Cache<?, ?> cache, List<String> reasons) {
        CacheStats stats = cache.stats();
        int before = reasons.size();
        boolean hasFar = stats.tiers().contains(Lookup.Tier.FAR);
        boolean farAnswers = hasFar && stats.far().breaker() == BreakerState.CLOSED;
        if (hasFar && !farAnswers) {
            reasons.add("cache " + cache.name() + ": the far tier fails, its breaker is "
                    + CacheMeters.text(stats.far().breaker()));
        }
        if (stats.far().recoveryQueued() > 0) {
            reasons.add("cache " + cache.name() + ": " + stats.far().recoveryQueued()
                    + " changes wait to be repaired in the far tier, the oldest for "
                    + stats.far().recoveryAge().toSeconds() + " s");
        }
        long failed = failedLoadsAlone(cache, stats);
        if (failed >= ENOUGH_LOADS) {
            reasons.add("cache " + cache.name() + ": the last " + failed + " loads all failed");
            return farAnswers ? Health.Status.DEGRADED : Health.Status.DOWN;
        }
        return reasons.size() > before ? Health.Status.DEGRADED : Health.Status.UP;
    }

    /** How many loads have failed and none succeeded; zero where none did either since the last check: nothing is known then. */
    private long failedLoadsAlone(Cache<?, ?> cache, CacheStats stats) {
        long failures = stats.loads().failures();
        @Nullable Loads known = seen.get(cache);
        Loads last = known == null ? Loads.NONE : known;
        boolean failing = stats.loads().successes() == last.successes() && failures > last.checked();
        long began = failing ? last.failures() : failures;
        seen.replace(cache, new Loads(stats.loads().successes(), began, failures));
        return failures - began;
    }
}
