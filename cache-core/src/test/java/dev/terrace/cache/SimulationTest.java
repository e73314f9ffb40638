package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.testkit.ScenarioReport;
import java.time.Duration;
import java.util.Locale;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Seeds of {@link Simulation}. A failure names its seed; {@code -Dsimulation.seed=N -Dsimulation.seeds=1} runs it again, and
 * {@code -Dsimulation.seconds=N} runs as many seeds as there is time for.
 */
final class SimulationTest {

    private static final int OPERATIONS = 2_000;
    private static final long FIRST = Long.getLong("simulation.seed", 1);
    private static final int SEEDS = Integer.getInteger("simulation.seeds", 60);

    @Test
    @Timeout(600)
    void noSeedBreaksAGuarantee() {
        long hits = 0;
        long misses = 0;
        for (long seed = FIRST; seed < FIRST + SEEDS; seed++) {
            Simulation.Outcome outcome = Simulation.run(seed, OPERATIONS);
            hits += outcome.nearHits();
            misses += outcome.nearMisses();
        }
        // A cache that keeps nothing breaks nothing. Copies whose changes are told at once are served less.
        assertThat((double) hits / (hits + misses)).as("near hit ratio").isGreaterThan(0.15);
    }

    /** G11: the clocks of nodes and of the server may show anything. */
    @Test
    void nothingChangesWithClocksApart() {
        for (long seed = FIRST; seed < FIRST + SEEDS / 10; seed++) {
            Simulation.Clocks together = new Simulation.Clocks(1_700_000_000_000_000L, new long[8]);
            assertThat(Simulation.run(seed, OPERATIONS)).isEqualTo(Simulation.run(seed, OPERATIONS, together));
        }
    }

    @Test
    @Tag("scenario")
    @Timeout(3_600)
    void simulation() {
        long end = System.nanoTime()
                + Duration.ofSeconds(Integer.getInteger("simulation.seconds", 5))
                        .toNanos();
        long begin = System.nanoTime();
        long seed = FIRST + SEEDS;
        long steps = 0;
        long reads = 0;
        for (; System.nanoTime() < end; seed++) {
            Simulation.Outcome outcome = Simulation.run(seed, OPERATIONS);
            steps += outcome.steps();
            reads += outcome.reads();
        }
        ScenarioReport.figure(
                "simulation",
                "simulated",
                String.format(
                        Locale.ROOT,
                        "%d seeds, %d steps (%.0f a second), %d reads judged, none broke a guarantee",
                        seed - FIRST - SEEDS,
                        steps,
                        steps / ((System.nanoTime() - begin) / 1e9),
                        reads));
    }
}
