package dev.terrace.cache.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A {@link KilledWriter} that is killed with SIGKILL at a random moment, and what it had said by then. */
final class KilledProcess {

    /** Of each key, which put or remove was the last that returned. */
    final Map<String, Integer> last = new HashMap<>();
    /** How many puts and removes returned: they are numbered from 1. */
    int acknowledged;

    private KilledProcess() {}

    /** Runs one until it is dead. */
    static KilledProcess run(Random random, Runnable once, Path errors, String... arguments)
            throws IOException, InterruptedException {
        String[] command = {
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            KilledWriter.class.getName()
        };
        String[] all = new String[command.length + arguments.length];
        System.arraycopy(command, 0, all, 0, command.length);
        System.arraycopy(arguments, 0, all, command.length, arguments.length);
        Process writer = new ProcessBuilder(all).redirectError(errors.toFile()).start();
        KilledProcess killed = new KilledProcess();
        try {
            killed.listen(random, once, writer);
        } finally {
            writer.destroyForcibly();
        }
        assertThat(writer.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return killed;
    }

    private void listen(Random random, Runnable once, Process writer) throws IOException {
        int killAfter = 1 + random.nextInt(KilledWriter.PUTS + KilledWriter.PUTS / 5);
        try (BufferedReader said =
                new BufferedReader(new InputStreamReader(writer.getInputStream(), StandardCharsets.UTF_8))) {
            boolean killed = false;
            String line = said.readLine();
            while (line != null) {
                String[] words = line.split(" ", -1);
                if (words.length == 2 && !words[1].isEmpty()) {
                    last.put(words[0], Integer.valueOf(words[1]));
                    acknowledged++;
                }
                if (acknowledged == 1) {
                    once.run();
                }
                if (!killed && (acknowledged >= killAfter || acknowledged == KilledWriter.PUTS)) {
                    if (killAfter > KilledWriter.PUTS) {
                        LockSupport.parkNanos(
                                Duration.ofMillis(random.nextInt(200)).toNanos());
                    }
                    // By its handle: what it has said before stays readable.
                    writer.toHandle().destroyForcibly();
                    killed = true;
                }
                line = said.readLine();
            }
        }
    }
}
