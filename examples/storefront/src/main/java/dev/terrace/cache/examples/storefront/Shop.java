package dev.terrace.cache.examples.storefront;

import dev.terrace.cache.CacheStats;
import dev.terrace.cache.FailureKind;
import dev.terrace.cache.spi.FarTier;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;

/** The nodes of the shop: each with a cache of its own, all with one database. */
final class Shop implements AutoCloseable {

    private static final Duration LONGEST_CONNECT = Duration.ofSeconds(5);

    private final List<CachedProducts> nodes = new ArrayList<>();

    /**
     * Opens one node for each connection to the shared tier, or one alone if there is none.
     */
    Shop(ProductRepository source, CachedProducts.Settings settings, List<? extends FarTier> connections) {
        if (connections.isEmpty()) {
            nodes.add(CachedProducts.inFrontOf(source, settings, null));
        }
        for (FarTier connection : connections) {
            nodes.add(CachedProducts.inFrontOf(source, settings, connection));
        }
    }

    List<CachedProducts> nodes() {
        return nodes;
    }

    /** The node that serves this caller: callers are dealt out to the nodes in turn. */
    CachedProducts nodeFor(int caller) {
        return nodes.get(caller % nodes.size());
    }

    /**
     * Empties the caches, also the shared tier's part of them.
     *
     * @throws CompletionException if the shared tier does not answer, also when asked again and again
     */
    void forgetEverything() {
        nodes.forEach(Shop::clear);
    }

    private static void clear(CachedProducts node) {
        long deadline = System.nanoTime() + LONGEST_CONNECT.toNanos();
        while (true) {
            try {
                node.cache().async().clear().join();
                return;
            } catch (CompletionException notConnected) {
                if (System.nanoTime() - deadline > 0) {
                    throw notConnected;
                }
                Pause.of(Duration.ofMillis(50));
            }
        }
    }

    List<CacheStats> stats() {
        return nodes.stream().map(node -> node.cache().stats()).toList();
    }

    /** Failures of which no caller was told, by kind. */
    Map<FailureKind, Long> failures() {
        Map<FailureKind, Long> sum = new EnumMap<>(FailureKind.class);
        stats().forEach(cache -> cache.failures().forEach((kind, count) -> sum.merge(kind, count, Long::sum)));
        sum.values().removeIf(count -> count == 0);
        return sum;
    }

    @Override
    public void close() {
        nodes.forEach(CachedProducts::close);
    }
}
