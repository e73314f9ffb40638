package dev.terrace.cache.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.testkit.RedisServer;
import dev.terrace.cache.testkit.ScenarioReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process whose acknowledged puts are in a journal that processes share is killed with SIGKILL at a random moment: while it owned
 * the streams and another process was running that takes them over, while that one owned them, and with nobody else there, so
 * that it is one that starts later. {@code -Dterrace.x20.rounds} sets how often, {@code -Dterrace.x20.seed} which moments.
 */
@Tag("scenario")
final class KilledOwnerTest {

    private static final Duration BOUND = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    private int acknowledged;
    private int left;
    private int written;
    private int duplicates;

    /** Who writes what the killed process has left. */
    private enum Survivor {
        TAKES_OVER,
        OWNS_ALREADY,
        STARTS_LATER
    }

    @Test
    @Timeout(value = 15, unit = TimeUnit.MINUTES)
    void X20_acknowledgedWritesSurviveTheKillOfTheOwnerOfTheirStreams() throws Exception {
        int rounds = Integer.getInteger("terrace.x20.rounds", 3);
        long seed = Long.getLong("terrace.x20.seed", System.nanoTime());
        Random random = new Random(seed);
        for (int round = 0; round < rounds; round++) {
            Survivor survivor = Survivor.values()[round % Survivor.values().length];
            round(
                    "seed " + seed + " round " + round + " " + survivor,
                    random,
                    directory.resolve("r" + round),
                    survivor);
        }
        ScenarioReport.figure(
                "X20",
                "Redis Streams",
                "0 of " + acknowledged + " acknowledged writes lost in " + rounds + " kills, " + left
                        + " left to another process; order kept; " + duplicates + " of " + written + " written twice");
    }

    private void round(String name, Random random, Path place, Survivor survivor) throws Exception {
        Path store = Files.createDirectories(place).resolve("store");
        Files.createFile(store);
        try (RedisServer server = RedisServer.start();
                SharedRedis redis = SharedRedis.connect(server.uri());
                Running running = new Running(redis, store)) {
            if (survivor == Survivor.OWNS_ALREADY) {
                running.start();
                // Alone, it owns everything once it has written something of each stream.
                for (int i = 0; i < 20; i++) {
                    running.cache().put("first" + i, "0");
                }
                assertThat(running.cache().flush(BOUND)).isTrue();
            }
            KilledProcess killed = KilledProcess.run(
                    random,
                    () -> {
                        if (survivor == Survivor.TAKES_OVER) {
                            running.start();
                        }
                    },
                    place.resolve("errors"),
                    server.uri(),
                    store.toString());
            assertThat(killed.last)
                    .as(name + ": " + Files.readString(place.resolve("errors")))
                    .isNotEmpty();
            acknowledged += killed.acknowledged;
            left += length(server);
            running.start();
            long end = System.nanoTime() + BOUND.toNanos();
            while (length(server) > 0) {
                assertThat(System.nanoTime() - end)
                        .as(name + ": all is written")
                        .isNegative();
                LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
            }
            assertThat(running.cache().pendingWrites().deadLetters()).isZero();
            check(name, killed, store);
        }
    }

    private static int length(RedisServer server) {
        int length = 0;
        for (int i = 0; i < KilledWriter.STREAMS; i++) {
            length += Integer.parseInt(String.valueOf(server.command("XLEN", "journal:{orders:" + i + "}")));
        }
        return length;
    }

    /** The process put one after the other, so at most the one after the last that returned may be there, too. */
    private void check(String name, KilledProcess killed, Path store) throws IOException {
        Map<String, Long> numbers = new HashMap<>();
        Map<String, Integer> puts = new HashMap<>();
        Map<String, String> rows = new HashMap<>();
        for (String line : Files.readAllLines(store)) {
            String[] words = line.split(" ", -1);
            if (words.length != 4 || !words[3].equals(".")) {
                continue;
            }
            written++;
            long number = Long.parseLong(words[1]);
            Long before = numbers.put(words[0], number);
            duplicates += before != null && before == number ? 1 : 0;
            assertThat(before == null || before <= number)
                    .as(name + ": order of " + words[0])
                    .isTrue();
            if (!words[2].equals("-")) {
                Integer put = puts.put(words[0], Integer.valueOf(words[2]));
                assertThat(put == null || put <= Integer.parseInt(words[2]))
                        .as(name + ": order of the puts of " + words[0])
                        .isTrue();
            }
            rows.put(words[0], words[2]);
        }
        int unanswered = killed.acknowledged + 1;
        killed.last.forEach((key, last) -> {
            String row = rows.get(key);
            if (KilledWriter.key(unanswered).equals(key) && row(unanswered).equals(row)) {
                return;
            }
            assertThat(row).as(name + ": " + key + " was acknowledged").isEqualTo(row(last));
        });
    }

    private static String row(int number) {
        return KilledWriter.isRemove(number) ? "-" : Integer.toString(number);
    }

    /** The process that survives: this one. */
    private static final class Running implements AutoCloseable {

        private final SharedRedis redis;
        private final Path store;
        private WriteBehind<String, String> cache;

        Running(SharedRedis redis, Path store) {
            this.redis = redis;
            this.store = store;
        }

        void start() {
            if (cache == null) {
                cache = KilledWriter.queue(redis, store);
            }
        }

        WriteBehind<String, String> cache() {
            return cache;
        }

        @Override
        public void close() {
            if (cache != null) {
                cache.close();
            }
        }
    }
}
