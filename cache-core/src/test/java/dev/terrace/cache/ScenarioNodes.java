package dev.terrace.cache;

import java.time.Duration;
import java.util.Deque;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;

/** The nodes of scenarios. A test class extends it, or one of those that have scenarios already, per combination of tiers. */
@Tag("scenario")
public abstract class ScenarioNodes {

    /** What two busy cores may add to a measured time before it says something about the cache. */
    static final Duration SLACK = Duration.ofSeconds(2);

    private final Deque<AutoCloseable> opened = new ConcurrentLinkedDeque<>();

    /** What it runs on, for the report. */
    protected abstract String variant();

    /** A builder of a cache with its tiers set, each time on a node of its own. */
    protected abstract CacheBuilder<String, String> tiers(String cache);

    /** As {@link #tiers}, without a near tier where there is another one. */
    protected abstract CacheBuilder<String, String> tiersWithoutNear(String cache);

    /** Closed after the test, the last first. */
    protected final <T extends AutoCloseable> T opened(T closeable) {
        opened.push(closeable);
        return closeable;
    }

    protected final Cache<String, String> node(String cache, UnaryOperator<CacheBuilder<String, String>> settings) {
        return opened(settings.apply(patient(tiers(cache))).build());
    }

    protected final Cache<String, String> nodeWithoutNear(String cache) {
        return opened(patient(tiersWithoutNear(cache)).build());
    }

    /**
     * A busy machine may answer later than the far budget, and then a cache is right to go on without: where that is not the
     * subject, it waits, and says so if that was not enough.
     */
    static <V> CacheBuilder<String, V> patient(CacheBuilder<String, V> builder) {
        builder.freshFor(Duration.ofMinutes(10))
                .farBudget(Duration.ofSeconds(10))
                .whenFarFails(WhenFarFails.THROW);
        // Some have no far tier.
        builder.inherited();
        return builder;
    }

    @AfterEach
    final void closeAll() throws Exception {
        for (AutoCloseable each = opened.poll(); each != null; each = opened.poll()) {
            each.close();
        }
    }

    /** Waits for what other threads do, within a bound. */
    public static void holds(String what, BooleanSupplier condition) {
        Eventually.holds(what, condition);
    }

    static <T> T soon(CompletableFuture<T> future) {
        return future.orTimeout(20, TimeUnit.SECONDS).join();
    }

    static String millis(Duration duration) {
        return String.format(Locale.ROOT, "%.0f", duration.toNanos() / 1e6);
    }

    /** A cache that keeps nothing near passes nothing. */
    static String nearHealth(Cache<?, ?> cache) {
        CacheStats.NearStats near = cache.stats().near();
        long offered = near.inserts() + near.refusedInserts();
        return String.format(
                Locale.ROOT,
                "near hit ratio %.2f, %d of %d inserts refused",
                near.hitRatio(),
                near.refusedInserts(),
                offered);
    }
}
