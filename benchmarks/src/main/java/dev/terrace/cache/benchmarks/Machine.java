package dev.terrace.cache.benchmarks;

import io.lettuce.core.RedisClient;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Properties;
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
                lettuceVersion());
    }

    String describe() {
        return "%s, %s, Redis %s, Lettuce %s, %s".formatted(hardware, jdk, redis, lettuce, when);
    }

    /** From what Maven leaves in a jar: a manifest does not outlive the making of one runnable jar. */
    private static String lettuceVersion() {
        try (InputStream file =
                RedisClient.class.getResourceAsStream("/META-INF/maven/io.lettuce/lettuce-core/pom.properties")) {
            Properties properties = new Properties();
            if (file != null) {
                properties.load(file);
            }
            return properties.getProperty("version", "(unknown)");
        } catch (IOException e) {
            return "(unknown)";
        }
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
