package dev.terrace.cache.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.testkit.ScenarioReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process with acknowledged puts in its queue is killed with SIGKILL at a random moment, and another one opens its journal.
 * {@code -Dterrace.x20.rounds} sets how often, {@code -Dterrace.x20.seed} which moments.
 */
@Tag("scenario")
final class KilledProcessTest {

    private static final long FIRST_NUMBER = 1L << 32;

    @TempDir
    Path directory;

    private int acknowledged;
    private int recovered;
    private int written;
    private int duplicates;

    @Test
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void X20_acknowledgedWritesSurviveTheKillOfTheirProcess() throws Exception {
        int rounds = Integer.getInteger("terrace.x20.rounds", 3);
        long seed = Long.getLong("terrace.x20.seed", System.nanoTime());
        Random random = new Random(seed);
        for (int round = 0; round < rounds; round++) {
            round("seed " + seed + " round " + round, random, directory.resolve("round" + round), round % 3 == 2);
        }
        ScenarioReport.figure(
                "X20",
                "file journal",
                "0 of " + acknowledged + " acknowledged writes lost in " + rounds + " kills, " + recovered
                        + " recovered; order kept; " + duplicates + " of " + written + " written twice");
    }

    private void round(String name, Random random, Path place, boolean syncEachWrite) throws Exception {
        Path journal = place.resolve("journal");
        Path store = Files.createDirectories(place).resolve("store");
        Files.createFile(store);
        KilledProcess killed = KilledProcess.run(
                random,
                () -> {},
                place.resolve("errors"),
                journal.toString(),
                store.toString(),
                Boolean.toString(syncEachWrite));
        Map<String, Integer> last = killed.last;
        acknowledged += killed.acknowledged;
        assertThat(last)
                .as(name + ": " + Files.readString(place.resolve("errors")))
                .isNotEmpty();
        try (WriteBehind<String, String> cache = KilledWriter.queue(journal, store, false)) {
            recovered += cache.pendingWrites().pending();
            assertThat(cache.flush(Duration.ofSeconds(60))).isTrue();
        }
        check(name, last, store);
        try (WriteBehind<String, String> cache = KilledWriter.queue(journal, store, false)) {
            assertThat(cache.pendingWrites().pending()).isZero();
        }
    }

    /** The process put one after the other, so that the numbers of a new journal say which put an operation was. */
    private void check(String name, Map<String, Integer> last, Path store) throws IOException {
        Map<String, Long> numbers = new HashMap<>();
        for (String line : Files.readAllLines(store)) {
            String[] words = line.split(" ", -1);
            if (words.length != 4 || !words[3].equals(".")) {
                continue;
            }
            written++;
            long number = Long.parseLong(words[1]) - FIRST_NUMBER;
            assertThat(words[2]).isEqualTo(number % 10 == 0 ? "-" : Long.toString(number));
            Long before = numbers.put(words[0], number);
            duplicates += before != null && before == number ? 1 : 0;
            assertThat(before == null || before <= number)
                    .as(name + ": order of " + words[0])
                    .isTrue();
        }
        last.forEach((key, put) -> assertThat(numbers.getOrDefault(key, 0L))
                .as(name + ": " + key + " was acknowledged")
                .isGreaterThanOrEqualTo(put));
    }
}
