package dev.terrace.cache.examples.observability;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Prometheus' own tool says what raises the alerts, over minutes that nobody waits for. */
final class AlertsTest {

    private static final Path DASHBOARDS =
            Path.of("../../docs/dashboards").toAbsolutePath().normalize();

    @TempDir
    private Path directory;

    private static String cases() throws IOException {
        try (InputStream in = AlertsTest.class.getResourceAsStream("/alerts.test.yml")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static Set<String> names(String text, String pattern) {
        Set<String> found = new TreeSet<>();
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        while (matcher.find()) {
            found.add(matcher.group(1));
        }
        return found;
    }

    private static Process promtool(String... arguments) {
        try {
            return new ProcessBuilder(Stream.concat(Stream.of("promtool"), Stream.of(arguments))
                            .toList())
                    .redirectErrorStream(true)
                    .start();
        } catch (IOException e) {
            throw new AssertionError(
                    "promtool is missing. Debian, Ubuntu: apt-get install prometheus; macOS: brew install prometheus",
                    e);
        }
    }

    @Test
    void eachIsRaisedByWhatItIsForAndByNothingLess() throws Exception {
        Path file =
                Files.writeString(directory.resolve("cases.yml"), cases().replace("DASHBOARDS", DASHBOARDS.toString()));
        Process promtool = promtool("test", "rules", file.toString());
        String said = new String(promtool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(promtool.waitFor(1, TimeUnit.MINUTES)).isTrue();
        assertThat(promtool.exitValue()).as(said).isZero();
        assertThat(said).contains("SUCCESS");
    }

    @Test
    void thoseThatAreNotTestedHereAreRaisedByTheService() throws IOException {
        String service =
                Files.readString(Path.of("src/test/java/dev/terrace/cache/examples/observability/PrometheusTest.java"));
        Set<String> tested = Stream.concat(
                        names(cases(), "alertname: (\\w+)").stream(), names(service, "\"(Cache[A-Z]\\w+)\"").stream())
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(tested).isEqualTo(names(Files.readString(DASHBOARDS.resolve("alerts.rules.yml")), "alert: (\\w+)"));
    }
}
