package dev.terrace.cache.benchmarks;

import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheListener.LinkState;
import dev.terrace.cache.Near;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.redis.RedisCoherence;
import dev.terrace.cache.redis.RedisFarTier;
import dev.terrace.cache.spi.FarStore;
import dev.terrace.cache.testkit.RedisServer;
import io.lettuce.core.resource.DefaultClientResources;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.IntFunction;

/**
 * What it costs a server to tell nodes of changes: its own processor time, which other processes do not disturb much, and the
 * bytes that it sends, for each put and each fill by one node, with so many nodes listening.
 */
final class CoherenceSet implements BenchSet {

    private static final String CACHE = "coherence";
    private static final String PUT = "put";
    private static final String COMPARED = "comparison";
    private static final Duration BOUND = Duration.ofSeconds(5);
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration BUDGET = Duration.ofSeconds(10);
    /** How many are under way at a time, as with some threads. */
    private static final int TOGETHER = 10;

    private static final int KEYS = 1_000;
    private static final String VALUE = "value of a hundred bytes ".repeat(4);

    /** @param nodes that listen, the one that writes among them */
    private record Case(String what, RedisCoherence mode, int nodes) {
        /** What it is a multiple of; itself where it is of nothing. */
        Case against() {
            boolean isAsked = what.equals(COMPARED);
            return isAsked && mode != RedisCoherence.COMPARISON
                    ? this
                    : new Case(isAsked ? PUT : what, RedisCoherence.COMPARISON, nodes);
        }
    }

    /** What one operation cost the server. */
    private record Cost(double micros, double bytes) {}

    @Override
    public String name() {
        return "coherence";
    }

    @Override
    public String measures() {
        return "processor time and bytes of the server for each put and fill by one node, against the same with nobody told; and for"
                + " the comparison of a copy, against a put";
    }

    @Override
    public Report run(Effort effort, PrintStream progress) {
        int operations = effort.forked() ? 10_000 : 100;
        int rounds = effort.rounds();
        List<Integer> fleets = effort.forked() ? List.of(1, 10, 50) : List.of(1, 2);
        Map<Case, List<Cost>> costs = new LinkedHashMap<>();
        for (int round = 1; round <= rounds; round++) {
            for (int nodes : fleets) {
                for (RedisCoherence mode : RedisCoherence.values()) {
                    try (Fleet fleet = new Fleet(mode, nodes)) {
                        for (Map.Entry<String, Cost> cost :
                                fleet.measure(operations).entrySet()) {
                            costs.computeIfAbsent(new Case(cost.getKey(), mode, nodes), first -> new ArrayList<>())
                                    .add(cost.getValue());
                            progress.printf(
                                    Locale.ROOT,
                                    "round %d/%d  %-10s %2d nodes  %-10s %6.1f µs  %,7.0f B%n",
                                    round,
                                    rounds,
                                    cost.getKey(),
                                    nodes,
                                    words(mode),
                                    cost.getValue().micros(),
                                    cost.getValue().bytes());
                        }
                    }
                }
            }
        }
        List<Figure> figures = new ArrayList<>();
        Map<String, Object> raw = new LinkedHashMap<>();
        costs.forEach((what, measured) -> {
            raw.put(what.what() + ", " + what.nodes() + " nodes, " + words(what.mode()), measured);
            Case untold = what.against();
            if (!untold.equals(what)) {
                figures.add(figure(what, measured, costs.getOrDefault(untold, List.of())));
            }
        });
        return new Report(name(), measures(), figures, Map.of("costs", raw, "operations", operations));
    }

    private static Figure figure(Case what, List<Cost> told, List<Cost> untold) {
        List<Double> micros = told.stream().map(Cost::micros).toList();
        List<Double> without = untold.stream().map(Cost::micros).toList();
        return new Figure(
                "%s, %d nodes, %s".formatted(what.what(), what.nodes(), words(what.mode())),
                cell(micros, told),
                cell(without, untold),
                new Figure.Value(Rounds.multiple(micros, without), Figure.Unit.MULTIPLE),
                null);
    }

    private static String cell(List<Double> micros, List<Cost> costs) {
        double bytes = Spread.of(costs.stream().map(Cost::bytes).toList()).median();
        return String.format(Locale.ROOT, "%.1f µs %,.0f B", Spread.of(micros).median(), bytes);
    }

    private static String words(RedisCoherence mode) {
        return mode.name().toLowerCase(Locale.ROOT);
    }

    /** Some nodes and a server of their own. */
    private static final class Fleet implements AutoCloseable {

        private final RedisServer server = RedisServer.start();
        private final DefaultClientResources resources = DefaultClientResources.create();
        private final List<RedisFarTier> tiers = new ArrayList<>();
        private final List<Cache<String, String>> nodes = new ArrayList<>();
        private final boolean told;

        Fleet(RedisCoherence mode, int size) {
            told = mode != RedisCoherence.COMPARISON;
            for (int i = 0; i < size; i++) {
                RedisFarTier tier = RedisFarTier.builder()
                        .uri(server.uri())
                        .resources(resources)
                        .coherence(mode)
                        .build();
                tiers.add(tier);
                nodes.add(Cache.<String, String>builder(CACHE)
                        .near(Near.maximumSize(10L * KEYS))
                        .far(tier, StringCodec.utf8())
                        .freshFor(Duration.ofHours(1))
                        .maxStaleness(BOUND)
                        .farBudget(BUDGET)
                        .loader(key -> VALUE)
                        .build());
            }
            await(() ->
                    !told || nodes.stream().allMatch(node -> node.stats().link().state() == LinkState.ARMED));
        }

        Map<String, Cost> measure(int operations) {
            Cache<String, String> writer = nodes.get(0);
            run(operations, i -> put(writer, i));
            Map<String, Cost> costs = new LinkedHashMap<>();
            costs.put(PUT, cost(operations, i -> put(writer, i)));
            costs.put("fill", cost(operations, i -> writer.async().get("new " + i)));
            FarStore store = tiers.get(0).open("compared", BUDGET);
            costs.put(
                    COMPARED,
                    cost(operations, i -> store.readHeaders(List.of("k" + i)).toCompletableFuture()));
            store.close();
            return costs;
        }

        private static CompletableFuture<?> put(Cache<String, String> writer, int number) {
            return writer.async().put("k" + number % KEYS, VALUE);
        }

        private Cost cost(int operations, IntFunction<CompletableFuture<?>> operation) {
            confirmed();
            double seconds = seconds();
            long bytes = Long.parseLong(server.info("stats", "total_net_output_bytes"));
            run(operations, operation);
            confirmed();
            return new Cost(
                    (seconds() - seconds) * 1e6 / operations,
                    (double) (Long.parseLong(server.info("stats", "total_net_output_bytes")) - bytes) / operations);
        }

        private static void run(int operations, IntFunction<CompletableFuture<?>> operation) {
            for (int from = 0; from < operations; from += TOGETHER) {
                CompletableFuture<?>[] under = new CompletableFuture<?>[Math.min(TOGETHER, operations - from)];
                for (int i = 0; i < under.length; i++) {
                    under[i] = operation.apply(from + i);
                }
                CompletableFuture.allOf(under).join();
            }
        }

        /** Waits until every node has heard of all that was done before. */
        private void confirmed() {
            long called = System.nanoTime();
            await(() -> !told
                    || nodes.stream()
                            .allMatch(node -> node.stats().link().trustAge().toNanos() < System.nanoTime() - called));
        }

        private double seconds() {
            return Double.parseDouble(server.info("cpu", "used_cpu_user"))
                    + Double.parseDouble(server.info("cpu", "used_cpu_sys"));
        }

        private static void await(BooleanSupplier condition) {
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (!condition.getAsBoolean()) {
                if (System.nanoTime() > deadline) {
                    throw new IllegalStateException("the nodes are not told of changes");
                }
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
            }
        }

        @Override
        public void close() {
            nodes.forEach(Cache::close);
            tiers.forEach(RedisFarTier::close);
            resources.shutdown(0, 2, TimeUnit.SECONDS).awaitUninterruptibly(2_000);
            server.close();
        }
    }
}
