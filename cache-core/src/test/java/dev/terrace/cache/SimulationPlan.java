package dev.terrace.cache;

import java.time.Duration;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** What a simulation is like: nodes, keys, settings of the caches, and what goes wrong. Drawn from a seed. */
record SimulationPlan(
        int nodes, int keys, int operations, Life life, Bounds bounds, Loading loading, Faults faults, boolean linked) {

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

    static final Duration BUDGET = Duration.ofMillis(100);

    static SimulationPlan drawn(Random random, int operations) {
        return new SimulationPlan(
                1 + random.nextInt(3),
                2 + random.nextInt(4),
                operations,
                life(random),
                bounds(random),
                loading(random),
                faults(random),
                random.nextInt(4) != 0);
    }

    /** Whether every change is told at once: there is a link, and nothing goes wrong. */
    boolean isToldAtOnce() {
        return linked && faults.isNone();
    }

    /**
     * Whether no key is ever loaded by two nodes at once: nothing goes wrong, and nobody waits too long for another's load. A
     * load that finds nothing, where that is not kept, ends the lease of whoever has it by then.
     */
    boolean isWithoutDoubleLoads() {
        return faults.isNone() && bounds.leaseWait().compareTo(Duration.ofSeconds(1)) > 0 && life.negative() != null;
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

    private static Duration millis(Random random, int... choices) {
        return Duration.ofMillis(choices[random.nextInt(choices.length)]);
    }
}
