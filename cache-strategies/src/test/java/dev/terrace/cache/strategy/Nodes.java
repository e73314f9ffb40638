package dev.terrace.cache.strategy;

import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheBuilder;
import dev.terrace.cache.Near;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.testkit.InMemoryFarTier;
import dev.terrace.cache.testkit.InMemoryServer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;

/** Caches of nodes that share a far tier, closed together. */
final class Nodes {

    final InMemoryServer server = new InMemoryServer(() -> TimeUnit.NANOSECONDS.toMicros(System.nanoTime()));
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    /** A cache in process. */
    Cache<String, String> nearOnly() {
        return opened(Cache.<String, String>builder("near")
                .near(Near.maximumSize(100_000))
                .freshFor(Duration.ofMinutes(10))
                .build());
    }

    /** A node of its own on the shared far tier. */
    Cache<String, String> node() {
        return opened(builder().build());
    }

    CacheBuilder<String, String> builder() {
        return Cache.<String, String>builder("shared")
                .near(Near.maximumSize(100_000))
                .far(new InMemoryFarTier(server), StringCodec.utf8())
                .farBudget(Duration.ofSeconds(10))
                .freshFor(Duration.ofMinutes(10));
    }

    <T extends AutoCloseable> T opened(T closeable) {
        opened.push(closeable);
        return closeable;
    }

    void close() throws Exception {
        while (!opened.isEmpty()) {
            opened.pop().close();
        }
    }
}
