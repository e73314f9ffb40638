package dev.terrace.cache.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Every test that {@code docs/strategies.md} names is there. */
final class StrategiesPageTest {

    private static final Pattern TEST_NAME =
            Pattern.compile("`((?:a|an|the|who|what|X\\d\\d_)?[a-zA-Z]*[a-z][A-Z]\\w{15,})`");

    @Test
    void everyTestThatThePageNamesExists() throws IOException {
        StringBuilder sources = new StringBuilder();
        for (String module : List.of("cache-strategies", "cache-redis")) {
            try (Stream<Path> files = Files.walk(Path.of("..", module, "src/test/java"))) {
                for (Path file :
                        files.filter(path -> path.toString().endsWith(".java")).toList()) {
                    sources.append(Files.readString(file));
                }
            }
        }
        Matcher named = TEST_NAME.matcher(Files.readString(Path.of("../docs/strategies.md")));
        List<String> missing = new ArrayList<>();
        int found = 0;
        while (named.find()) {
            if (sources.indexOf("void " + named.group(1) + "(") >= 0) {
                found++;
            } else if (!Character.isUpperCase(named.group(1).charAt(0))
                    || named.group(1).startsWith("X")) {
                missing.add(named.group(1));
            }
        }
        assertThat(missing).isEmpty();
        assertThat(found).isGreaterThan(20);
    }
}
