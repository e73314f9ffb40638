package dev.terrace.cache;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Some nodes with a cache each over one far tier, a source that changes, and callers who read and write at random while
 * things go wrong: in virtual time, on one thread, the same for the same seed. Every answer is judged by
 * {@link SimulationHistory}; in the end all goes well for a while, and then nothing may be left over and everybody must see
 * what the source has.
 */
final class Simulation {

    private static final Duration CALM = Duration.ofSeconds(20);
    private static final int TRACED = Integer.getInteger("simulation.traced", 200);

    private final long seed;
    private final SimulationPlan plan;
    private final boolean traced;
    private final SimulatedTime time = new SimulatedTime();
    private final SimulatedServer server;
    private final SimulatedSource source;
    private final SimulationHistory history;
    private final SimulatedFaults faults;
    private final SimulatedForeigner foreigner;
    private final SimulatedCallers callers;
    private final List<SimulatedNode> nodes = new ArrayList<>();
    private final Deque<String> trace = new ArrayDeque<>();

    /** How clocks differ from the true time, besides their rates: nothing may depend on it. */
    record Clocks(long serverMicros, long[] nodeNanos) {

        static Clocks drawn(long seed) {
            Random random = new Random(~seed);
            return new Clocks(
                    1_700_000_000_000_000L + random.nextLong(-36_000, 36_000) * 1_000_000,
                    random.longs(8, 0, 72_000_000)
                            .map(millis -> millis * 1_000_000)
                            .toArray());
        }
    }

    /** What a run did. */
    record Outcome(long steps, int reads, int failures, long nearHits, long nearMisses, long fingerprint) {}

    /** @param traced whether to remember what happens, to tell it with a failure */
    Simulation(long seed, int operations, Clocks clocks, boolean traced) {
        this.seed = seed;
        this.traced = traced;
        Random random = new Random(seed);
        this.plan = SimulationPlan.drawn(seed, random, operations);
        this.server = new SimulatedServer(
                time,
                new Random(random.nextLong()),
                clocks.serverMicros(),
                plan.server().longestTurn());
        this.source = new SimulatedSource(time, plan.keys());
        this.faults = new SimulatedFaults(time, new Random(random.nextLong()), plan);
        List<SimulationHistory.Rules> rules = new ArrayList<>();
        this.history = new SimulationHistory(time, rules, plan.loading().sourceVersions(), plan.isWithoutDoubleLoads());
        SimulatedNode.World world = new SimulatedNode.World(time, server, source, history);
        this.foreigner = new SimulatedForeigner(world, this::note);
        this.callers = new SimulatedCallers(plan, world, new Random(random.nextLong()), this::note);
        for (int i = 0; i < plan.nodes(); i++) {
            double rate = 1 + (random.nextDouble() - 0.5) * 2e-4;
            SimulatedClock clock = new SimulatedClock(time, clocks.nodeNanos()[i], rate);
            Random chance = new Random(random.nextLong());
            SimulatedNode node = new SimulatedNode(i, world, plan, clock, new SimulatedFarTier.Chances(faults, chance));
            nodes.add(node);
            rules.add(node);
        }
    }

    /** Runs a seed; where it fails, once more, to tell what happened before. */
    static Outcome run(long seed, int operations) {
        return run(seed, operations, Clocks.drawn(seed));
    }

    static Outcome run(long seed, int operations, Clocks clocks) {
        try {
            return new Simulation(seed, operations, clocks, false).run();
        } catch (RuntimeException | AssertionError e) {
            return new Simulation(seed, operations, clocks, true).run();
        }
    }

    /** Runs to the end, or fails with what was wrong, the seed, and what happened last. */
    Outcome run() {
        try {
            SimulatedFaults.Victims victims =
                    new SimulatedFaults.Victims(server, nodes, foreigner, plan.keys(), history::lost);
            faults.begin(victims);
            callers.begin(nodes, foreigner);
            while (!callers.areDone()) {
                step(Long.MAX_VALUE);
            }
            faults.end(victims);
            pass(CALM);
            check(callers.pending().isEmpty() ? null : "never ended: " + callers.pending());
            nodes.forEach(node -> check(leftOver(node)));
            long hits = sum(stats -> stats.near().hits());
            long misses = sum(stats -> stats.near().misses());
            checkAgreement();
            checkClose();
            return new Outcome(time.happened(), history.served(), callers.failures(), hits, misses, callers.outcomes());
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError(
                    "seed " + seed + ", " + plan + ": " + e + "\nHow it came:\n" + String.join("\n", trace), e);
        }
    }

    private long sum(java.util.function.ToLongFunction<CacheStats> count) {
        return nodes.stream()
                .mapToLong(node -> count.applyAsLong(node.cache().stats()))
                .sum();
    }

    private void note(String what) {
        if (traced) {
            trace.addLast(what);
            if (trace.size() > TRACED) {
                trace.removeFirst();
            }
        }
    }

    private void check(@Nullable String violation) {
        if (violation != null) {
            throw new AssertionError(violation);
        }
    }

    private boolean step(long end) {
        boolean happened = time.step(end);
        callers.noticeRepairs(nodes);
        callers.noticeRefusals(nodes);
        check(history.violation());
        return happened;
    }

    private void pass(Duration duration) {
        long end = time.nanos() + duration.toNanos();
        while (step(end)) {
            // What happens is in the events.
        }
    }

    private static @Nullable String leftOver(SimulatedNode node) {
        Flights<Integer, String> flights = node.engine().flights();
        CacheStats.FarStats far = node.cache().stats().far();
        if (flights.size() != 0 || far.recoveryQueued() != 0) {
            return "left over on node " + node.number() + ": flights " + flights + ", " + far.recoveryQueued()
                    + " repairs";
        }
        return far.breaker() == CacheListener.BreakerState.CLOSED ? null : "the breaker is " + far.breaker();
    }

    /** Once all is cleared and its time has passed, every node has what the source has, and keeps it near. */
    private void checkAgreement() {
        finished(nodes.get(0).async().clear());
        pass(plan.bounds().maxStaleness().plusMillis(10));
        for (int key = 0; key < plan.keys(); key++) {
            for (SimulatedNode node : nodes) {
                checkAgreement(node, key);
            }
        }
    }

    private void checkAgreement(SimulatedNode node, int key) {
        SimulatedSource.Row row = source.now(key);
        SimulationHistory.Read read = history.read(node.number(), key);
        String value = finished(node.async().get(key));
        history.answered(read, value);
        check(history.violation());
        check(history.isOf(value, row) ? null : "node " + node.number() + " has " + value + " instead of " + row);
        check(value == null || keepsNear(node, key) ? null : "node " + node.number() + " does not keep key " + key);
    }

    /**
     * A value is near as soon as the far tier has it, but may have to be compared once, after a long load, and to be loaded
     * once more, where the far tier has lost a marker.
     */
    private boolean keepsNear(SimulatedNode node, int key) {
        for (int i = 0; i < 4; i++) {
            pass(Duration.ofMillis(5));
            CompletableFuture<String> value = node.async().get(key);
            if (value.isDone()) {
                return true;
            }
            finished(value);
        }
        return false;
    }

    private <T> T finished(CompletableFuture<T> future) {
        long end = time.nanos() + Duration.ofSeconds(10).toNanos();
        while (!future.isDone() && step(end)) {
            // Until it is done.
        }
        return future.join();
    }

    private void checkClose() {
        nodes.forEach(node -> node.cache().close());
        time.run(Duration.ofMinutes(1));
        check(time.planned() == 0 ? null : time.planned() + " tasks left after the close");
    }
}
