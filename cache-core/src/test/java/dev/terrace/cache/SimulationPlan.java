package dev.terrace.cache;

import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** What a simulation is like: nodes, keys, settings of the caches, and what goes wrong. Drawn from a seed. */
record SimulationPlan(
        Usage usage, Life life, Bounds bounds, Loading loading, Faults faults, Server server, Rarities rarities) {

    /**
     * @param writing the share of writes that are made; the others are reads instead
     * @param firstOnlyReads whether nobody writes on the first node
     */
    record Usage(int nodes, int keys, int operations, double writing, boolean firstOnlyReads) {}

    record Life(Duration fresh, Duration stale, @Nullable Duration negative, double jitter, EarlyRefresh early) {

        Life longer(Random random) {
            return new Life(millis(random, 2_000, 60_000), stale, negative, jitter, early);
        }
    }

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

    /**
     * What is rare on most seeds, and frequent on some.
     *
     * @param slowReplies for how long at most the far tier's answers travel, while callers do what such an answer overtakes and
     *     the server forgets markers; zero for no such thing
     * @param isolation how often a node is cut off from the server and from its link together, or loses a connection whose
     *     writes arrive all the same; zero for never
     * @param slowLink for how long at most what a link tells travels then
     */
    record Rarities(Duration slowReplies, Duration isolation, Duration slowLink) {
        static final Rarities NONE = new Rarities(Duration.ZERO, Duration.ZERO, Duration.ZERO);

        boolean isCrowded() {
            return !slowReplies.isZero();
        }

        boolean isolates() {
            return !isolation.isZero();
        }
    }

    static final Duration BUDGET = Duration.ofMillis(100);

    /** Two seeds of ten are of what is rare. That is drawn apart: all others have the history that they had without. */
    static SimulationPlan drawn(long seed, Random random, int operations) {
        SimulationPlan usual = new SimulationPlan(
                usage(random, operations),
                life(random),
                bounds(random),
                loading(random),
                faults(random),
                server(random),
                Rarities.NONE);
        Random apart = new Random(31 * seed + 17);
        return switch ((int) Math.floorMod(seed, 10L)) {
            case 5 -> usual.crowded(apart);
            case 6 -> usual.isolating(apart);
            default -> usual;
        };
    }

    /** Nothing goes wrong, but answers are overtaken by what others are told. */
    private SimulationPlan crowded(Random random) {
        return new SimulationPlan(
                new Usage(
                        2 + random.nextInt(2),
                        usage.keys(),
                        usage.operations(),
                        random.nextBoolean() ? 1.0 : 0.3,
                        usage.firstOnlyReads()),
                life.longer(random),
                bounds,
                loading,
                Faults.NONE,
                new Server(true, server.longestTurn(), millis(random, 50, 200), server.foreigners()),
                new Rarities(millis(random, 5, 20), Duration.ZERO, Duration.ZERO));
    }

    /** Nodes are alone for longer than they may serve what they have. */
    private SimulationPlan isolating(Random random) {
        Bounds tight = new Bounds(
                millis(random, 50, 200),
                millis(random, 600, 1_000),
                bounds.leaseWait(),
                bounds.recoveryCapacity(),
                bounds.stripes());
        return new SimulationPlan(
                new Usage(
                        2 + random.nextInt(2),
                        usage.keys(),
                        usage.operations(),
                        List.of(1.0, 0.3, 0.05).get(random.nextInt(3)),
                        false),
                life.longer(random),
                tight,
                loading,
                Faults.NONE,
                new Server(true, server.longestTurn(), Duration.ZERO, server.foreigners()),
                new Rarities(
                        Duration.ZERO,
                        Duration.ofMillis(400),
                        tight.maxStaleness().multipliedBy(2).dividedBy(5)));
    }

    /** Whether every operation finds the far tier, and every load ends in time. */
    boolean isFaultless() {
        return faults.isNone() && !rarities.isolates();
    }

    /** Whether every change is told at once while the link tells: nothing goes wrong but that it is made anew at times. */
    boolean isToldAtOnce() {
        return server.linked() && isFaultless();
    }

    /**
     * Whether no key is ever loaded by two nodes at once: nothing goes wrong, and nobody waits too long for another's load. A
     * load that finds nothing, where that is not kept, ends the lease of whoever has it by then.
     */
    boolean isWithoutDoubleLoads() {
        return isFaultless() && bounds.leaseWait().compareTo(Duration.ofSeconds(1)) > 0 && life.negative() != null;
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
