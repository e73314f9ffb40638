package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.testkit.ScenarioReport;
import java.time.Duration;
import java.util.Locale;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Seeds of {@link Simulation}. A failure names its seed; {@code -Dsimulation.seed=N -Dsimulation.seeds=1} runs it again. The
 * scenario runs seeds until they have taken {@code -Dsimulation.steps=N} steps together, or for {@code -Dsimulation.seconds=N}.
 */
final class SimulationTest {

    private static final int OPERATIONS = 2_000;
    private static final long FIRST = Long.getLong("simulation.seed", 1);
    private static final int SEEDS = Integer.getInteger("simulation.seeds", 60);
    private static final boolean FULL = Boolean.getBoolean("scenarios.full");
    private static final long STEPS = Long.getLong("simulation.steps", FULL ? 10_000_000 : 200_000);
    private static final Duration SECONDS = Duration.ofSeconds(Long.getLong("simulation.seconds", 3_000));

    /** Those in which something was wrong once, of the code or of what was simulated then. */
    @ParameterizedTest
    @ValueSource(longs = {300, 564, 717, 1026})
    void noSeedThatDidOnceBreaksAGuarantee(long seed) {
        assertThat(Simulation.run(seed, OPERATIONS).reads()).isPositive();
    }

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
        long begin = System.nanoTime();
        long end = begin + SECONDS.toNanos();
        long seed = FIRST + SEEDS;
        long steps = 0;
        long reads = 0;
        for (; steps < STEPS && System.nanoTime() < end; seed++) {
            Simulation.Outcome outcome = Simulation.run(seed, OPERATIONS);
            steps += outcome.steps();
            reads += outcome.reads();
        }
        ScenarioReport.figure(
                "simulation",
                "simulated",
                String.format(
                        Locale.ROOT,
                        "seeds %d to %d, %d steps (%.0f a second), %d reads judged, none broke a guarantee",
                        FIRST + SEEDS,
                        seed - 1,
                        steps,
                        steps / ((System.nanoTime() - begin) / 1e9),
                        reads));
    }
}
