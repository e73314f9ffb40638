package dev.terrace.cache.benchmarks;

import io.lettuce.core.LettuceVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.stream.Stream;

/** Where the figures are from. */
record Machine(String when, String hardware, String jdk, String redis, String lettuce) {

    static Machine here() {
        return new Machine(
                Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
                "%s × %d, %s %s"
                        .formatted(
                                processorName(),
                                Runtime.getRuntime().availableProcessors(),
                                System.getProperty("os.name"),
                                System.getProperty("os.version")),
                System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version"),
                RawRedis.serverVersion(),
                LettuceVersion.getVersion());
    }

    String describe() {
        return "%s, %s, Redis %s, Lettuce %s, %s".formatted(hardware, jdk, redis, lettuce, when);
    }

    private static String processorName() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse(System.getProperty("os.arch"));
        } catch (IOException e) {
            return System.getProperty("os.arch");
        }
    }
}
