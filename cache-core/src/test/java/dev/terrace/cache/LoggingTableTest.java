package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** {@code docs/logging.md} has every message that any module logs, and every kind of failure. */
final class LoggingTableTest {

    private static final Path TABLE = Path.of("../docs/logging.md");
    private static final Pattern MESSAGE =
            Pattern.compile("LOG\\s*\\.(\\w+)\\(\\s*\"([^\"]*)\"((?:\\s*\\+\\s*\"[^\"]*\")*)");
    /** However it is called. */
    private static final Pattern CALL = Pattern.compile("\\bLOG\\s*\\.\\s*(?!is\\w+Enabled)\\w+\\(");

    private static final Pattern LOGGER = Pattern.compile("(?<!import org\\.slf4j\\.)\\bLogger\\s+(\\w+)\\b");
    private static final Pattern ROW = Pattern.compile("(?m)^\\| (\\w+) \\| `([^`]+)` \\|");

    @Test
    void everyMessageIsInTheTableAndTheOtherWayRound() throws IOException {
        Set<String> logged = new TreeSet<>();
        try (Stream<Path> modules = Files.list(Path.of(".."))) {
            modules.map(module -> module.resolve("src/main/java"))
                    .filter(sources -> sources.getParent()
                            .getParent()
                            .getParent()
                            .getFileName()
                            .toString()
                            .startsWith("cache-"))
                    .filter(Files::isDirectory)
                    .forEach(sources -> addMessages(sources, logged));
        }
        assertThat(logged).hasSizeGreaterThan(15);

        Set<String> documented = new TreeSet<>();
        Matcher row = ROW.matcher(Files.readString(TABLE));
        while (row.find()) {
            documented.add(row.group(1) + " " + row.group(2).replaceAll("\\{\\w+}", "{}"));
        }
        assertThat(documented).as("rows of docs/logging.md").isEqualTo(logged);
    }

    private static void addMessages(Path sources, Set<String> messages) {
        try (Stream<Path> files = Files.walk(sources)) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".java")).toList()) {
                String source = Files.readString(file);
                Matcher message = MESSAGE.matcher(source);
                long found = MESSAGE.matcher(source).results().count();
                assertThat(CALL.matcher(source).results().count())
                        .as("calls of the logger in %s, each with a literal message", file)
                        .isEqualTo(found);
                assertThat(LOGGER.matcher(source).results().map(logger -> logger.group(1)))
                        .as("loggers in %s", file)
                        .allMatch("LOG"::equals);
                while (message.find()) {
                    String more = message.group(3).replaceAll("\\s*\\+\\s*\"([^\"]*)\"", "$1");
                    messages.add(message.group(1) + " " + message.group(2) + more);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void everyKindOfFailureIsInTheTable() throws IOException {
        String table = Files.readString(TABLE);
        for (FailureKind kind : FailureKind.values()) {
            assertThat(table).contains("`" + kind + "`");
        }
    }

    @Test
    void nothingIsLoggedAboveTraceForAnOperation() {
        try (LogCapture log = new LogCapture(Level.DEBUG);
                Cache<Integer, String> cache = Cache.<Integer, String>builder("quiet")
                        .near(Near.maximumSize(10))
                        .freshFor(Duration.ofMinutes(1))
                        .loader(key -> "v" + key)
                        .build()) {
            assertThat(log.lines())
                    .hasSize(1)
                    .first()
                    .asString()
                    .startsWith("INFO cache quiet: near[")
                    .contains("; coherence: in process");
            for (int key = 0; key < 100; key++) {
                cache.get(key);
                cache.put(key, "mine");
                cache.invalidate(key);
            }
            assertThat(log.lines()).hasSize(1);
        }
    }
}
