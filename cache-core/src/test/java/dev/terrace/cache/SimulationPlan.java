package dev.terrace.cache;

import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** What a simulation is like: nodes, keys, settings of the caches, and what goes wrong. Drawn from a seed. */
record SimulationPlan(Usage usage, Life life, Bounds bounds, Loading loading, Faults faults, Server server) {

    /**
     * @param writing the share of writes that are made; the others are reads instead
     * @param firstOnlyReads whether nobody writes on the first node
     */
    record Usage(int nodes, int keys, int operations, double writing, boolean firstOnlyReads) {}

    record Life(Duration fresh, Duration stale, @Nullable Duration negative, double jitter, EarlyRefresh early) {}

    record Bounds(
            Duration maxStaleness, Duration serveWhileCutOff, Duration leaseWait, int recoveryCapacity, int stripes) {}

    /** @param padding characters that make values large enough to be decoded elsewhere */
    record Loading(
            Duration usual,
            Duration soft,
            boolean completeAbandoned,
            boolean sourceVersions,
            int padding,
            double failing) {

        static final Duration DEADLINE = Duration.ofSeconds(2);
    }

    /**
     * @param messages the share of messages that are late, lost or cut
     * @param often how often something bad happens to a server or a node; zero for never
     * @param clockSteps whether the server's clock is turned
     * @param switched whether operators turn tiers off and on
     */
    record Faults(double messages, Duration often, boolean clockSteps, boolean switched) {
        static final Faults NONE = new Faults(0, Duration.ZERO, false, false);

        boolean isNone() {
            return equals(NONE);
        }
    }

    /**
     * The far tier's server, and its links to nodes.
     *
     * @param linked whether it tells of changes
     * @param longestTurn for how long what arrives there may have to wait for what is done
     * @param blinks how often a link is lost that is made anew within moments; zero for never
     * @param foreigners whether others than caches change what it holds
     */
    record Server(boolean linked, Duration longestTurn, Duration blinks, boolean foreigners) {}

    static final Duration BUDGET = Duration.ofMillis(100);

    static SimulationPlan drawn(Random random, int operations) {
        return new SimulationPlan(
                usage(random, operations),
                life(random),
                bounds(random),
                loading(random),
                faults(random),
                server(random));
    }

    /** Whether every change is told at once while the link tells: nothing goes wrong but that it is made anew at times. */
    boolean isToldAtOnce() {
        return server.linked() && faults.isNone();
    }

    /**
     * Whether no key is ever loaded by two nodes at once: nothing goes wrong, and nobody waits too long for another's load. A
     * load that finds nothing, where that is not kept, ends the lease of whoever has it by then.
     */
    boolean isWithoutDoubleLoads() {
        return faults.isNone() && bounds.leaseWait().compareTo(Duration.ofSeconds(1)) > 0 && life.negative() != null;
    }

    int nodes() {
        return usage.nodes();
    }

    int keys() {
        return usage.keys();
    }

    int operations() {
        return usage.operations();
    }

    private static Usage usage(Random random, int operations) {
        return new Usage(
                1 + random.nextInt(3),
                2 + random.nextInt(4),
                operations,
                List.of(1.0, 0.3, 0.05).get(random.nextInt(3)),
                random.nextInt(3) == 0);
    }

    private static Life life(Random random) {
        return new Life(
                millis(random, 200, 2_000, 60_000),
                millis(random, 0, 0, 1_000, 30_000),
                random.nextBoolean() ? millis(random, 300) : null,
                random.nextBoolean() ? 0 : 0.05,
                switch (random.nextInt(4)) {
                    case 0 -> EarlyRefresh.threshold(0.5);
                    case 1 -> EarlyRefresh.xfetch();
                    default -> EarlyRefresh.none();
                });
    }

    private static Bounds bounds(Random random) {
        return new Bounds(
                millis(random, 50, 200, 1_000),
                millis(random, 0, 0, 5_000),
                millis(random, 100, 3_000),
                random.nextInt(4) == 0 ? 3 : 10_000,
                random.nextBoolean() ? 1 : 64);
    }

    private static Loading loading(Random random) {
        return new Loading(
                millis(random, 2, 20, 200, 1_000),
                millis(random, 0, 50),
                random.nextInt(4) != 0,
                random.nextInt(4) == 0,
                random.nextInt(6) == 0 ? 17_000 : 0,
                random.nextInt(3) == 0 ? 0.2 : 0);
    }

    private static Faults faults(Random random) {
        return switch (random.nextInt(4)) {
            case 0 -> Faults.NONE;
            case 1 -> new Faults(0.02, Duration.ZERO, false, random.nextBoolean());
            case 2 -> new Faults(0.01, Duration.ofSeconds(2), false, random.nextBoolean());
            default -> new Faults(0.05, Duration.ofMillis(700), random.nextBoolean(), random.nextBoolean());
        };
    }

    private static Server server(Random random) {
        return new Server(
                random.nextInt(4) != 0, millis(random, 0, 1, 2), millis(random, 0, 100, 1_000), random.nextBoolean());
    }

    private static Duration millis(Random random, int... choices) {
        return Duration.ofMillis(choices[random.nextInt(choices.length)]);
    }
}
