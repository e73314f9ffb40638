package dev.terrace.cache;

import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.spi.FarReading;
import dev.terrace.cache.spi.FarStore;
import dev.terrace.cache.testkit.FaultyFarTier;
import dev.terrace.cache.testkit.InMemoryFarTier;
import dev.terrace.cache.testkit.InMemoryServer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * Nodes with a cache each over one far server in memory, on the test's own thread: time moves when the test moves it, a load
 * runs when the test runs it, and all else happens at once.
 */
final class Fleet implements AutoCloseable {

    static final String CACHE = "fleet";
    static final Duration BUDGET = Duration.ofMillis(100);
    static final Duration MAX_STALENESS = Duration.ofSeconds(1);
    static final Duration FRESH = Duration.ofMinutes(1);

    final ManualTime time = new ManualTime();
    final InMemoryServer server = new InMemoryServer(this::serverMicros);
    /** What loaders read, at the moment at which a load runs. A key without a row loads null. */
    final Map<Integer, String> rows = new HashMap<>();

    /** By how much the server's clock was set forward, in µs. */
    long clockSet;

    private final List<Node> nodes = new ArrayList<>();

    Fleet() {
        time.advance(Duration.ofHours(1));
    }

    private long serverMicros() {
        return 1_700_000_000_000_000L + time.nanos() / 1_000 + clockSet;
    }

    Node node() {
        return node(builder -> {});
    }

    Node node(Consumer<CacheBuilder<Integer, String>> settings) {
        Node node = new Node(settings);
        nodes.add(node);
        return node;
    }

    /** What the far tier has of a key, as one who does not belong to the fleet reads it. */
    FarReading stored(int key) {
        FarStore store = new InMemoryFarTier(server, time::nanos).open(CACHE, BUDGET);
        return store.read(List.of(String.valueOf(key)))
                .toCompletableFuture()
                .join()
                .get(0);
    }

    /** The store of one more node, which has no cache. */
    FarStore stranger() {
        return new InMemoryFarTier(server, time::nanos).open(CACHE, BUDGET);
    }

    @Override
    public void close() {
        nodes.forEach(node -> node.cache.close());
    }

    /** One node. */
    final class Node {

        final FaultyFarTier far = FaultyFarTier.around(new InMemoryFarTier(server, time::nanos));
        final Cache<Integer, String> cache;
        /** Loads that were started and have not run. */
        final Deque<Runnable> loads = new ArrayDeque<>();

        int loaded;

        private Node(Consumer<CacheBuilder<Integer, String>> settings) {
            CacheBuilder<Integer, String> builder = Cache.<Integer, String>builder(CACHE)
                    .near(Near.maximumSize(1_000))
                    .far(far, StringCodec.utf8())
                    .freshFor(FRESH)
                    .jitter(0)
                    .maxStaleness(MAX_STALENESS)
                    .farBudget(BUDGET)
                    .loader(this::load);
            EngineParts parts = builder.parts();
            parts.ticker = time;
            parts.scheduler = time;
            parts.callbacks = Runnable::run;
            parts.loads = load -> {
                loads.add(load);
                return () -> loads.remove(load);
            };
            parts.chance = () -> 0;
            settings.accept(builder);
            cache = builder.build();
        }

        private String load(int key) {
            loaded++;
            return rows.get(key);
        }

        AsyncCache<Integer, String> async() {
            return cache.async();
        }

        Engine<Integer, String> engine() {
            return ((TieredCache<Integer, String>) cache).assembly().engine();
        }

        Switches switches() {
            return ((TieredCache<Integer, String>) cache).switches();
        }

        /** Reads a key, and runs its load if it needs one. */
        String read(int key) {
            CompletableFuture<String> value = async().get(key);
            runLoads();
            return value.join();
        }

        /** Runs the loads that were started, and those that are started meanwhile. */
        void runLoads() {
            while (!loads.isEmpty()) {
                loads.remove().run();
            }
        }

        /** What the near tier holds, or null; says nothing of whether it may be served. */
        Entry<String> copy(int key) {
            return engine().tiers().near().get(key);
        }
    }
}
