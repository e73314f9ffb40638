package dev.terrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** {@code docs/defaults.md} is what the code says. {@code -Dterrace.docs.write=true} writes it anew. */
final class DefaultsTableTest {

    private static final Path SOURCE = Path.of("src/main/java/dev/terrace/cache");
    private static final Path TABLE = Path.of("../docs/defaults.md");
    private static final Pattern SETTING =
            Pattern.compile("/\\*\\*((?:(?!\\*/).)*)\\*/\\s+public CacheBuilder<K, V> (\\w+)\\(", Pattern.DOTALL);
    private static final Pattern FIXED =
            Pattern.compile("/\\*\\*((?:(?!\\*/).)*)\\*/\\s+static final \\w+ (\\w+) =", Pattern.DOTALL);

    @Test
    void theTableOfDefaultsSaysWhatTheCodeDoes() throws Exception {
        String generated = table();
        if (Boolean.getBoolean("terrace.docs.write")) {
            Files.writeString(TABLE, generated);
        }
        assertThat(TABLE).content().isEqualTo(generated);
    }

    private static String table() throws Exception {
        StringBuilder table = new StringBuilder("""
                # Defaults

                Generated from the code, and checked by a test. Settings are methods of `CacheBuilder`.

                | setting | default | what it is |
                |---|---|---|
                """);
        List<String> settings = new ArrayList<>();
        Matcher setting = SETTING.matcher(Files.readString(SOURCE.resolve("CacheBuilder.java")));
        while (setting.find()) {
            String name = setting.group(2);
            if (settings.contains(name)) {
                continue;
            }
            settings.add(name);
            table.append(row("`" + name + "`", defaultOf(name), sentence(setting.group(1))));
        }
        assertThat(settings).contains("freshFor", "farBudget", "loadDeadline");
        table.append("""

                ## Fixed bounds

                | bound | value | what it is |
                |---|---|---|
                """);
        Matcher fixed = FIXED.matcher(Files.readString(SOURCE.resolve("Defaults.java")));
        while (fixed.find()) {
            table.append(row(
                    fixed.group(2).toLowerCase(Locale.ROOT).replace('_', ' '),
                    text(Defaults.class.getDeclaredField(fixed.group(2)).get(null)),
                    sentence(fixed.group(1))));
        }
        return table.toString();
    }

    private static String row(String name, String value, String what) {
        return "| " + name + " | " + value + " | " + what + " |\n";
    }

    private static String defaultOf(String setting) throws IllegalAccessException {
        String constant = setting.replaceAll("([A-Z])", "_$1").toUpperCase(Locale.ROOT);
        for (Field field : Defaults.class.getDeclaredFields()) {
            if (field.getName().equals(constant)) {
                return text(field.get(null));
            }
        }
        return setting.equals("freshFor") ? "must be set" : "–";
    }

    private static String text(Object value) {
        if (value instanceof Duration duration) {
            return duration.toMillis() % 1_000 == 0 ? duration.toSeconds() + " s" : duration.toMillis() + " ms";
        }
        if (value instanceof Integer number) {
            return String.format(Locale.ROOT, "%,d", number);
        }
        return value instanceof EarlyRefresh.None ? "none" : value.toString();
    }

    /** Javadoc as one line of Markdown, without what it says of the default itself. */
    private static String sentence(String javadoc) {
        return javadoc.replaceAll("\\s*\\n\\s*\\*\\s?", " ")
                .replaceAll("(?<!\\{)@\\w+ .*", "")
                .replaceAll("\\{@link (?:\\w+)?#?(\\w+)(?:\\([^)]*\\))?}", "`$1`")
                .replaceAll("\\{@code ([^}]*)}", "`$1`")
                .replaceAll("<p>", "")
                .replaceAll("Default:? [^.]*?(?:\\d\\.\\d+)?[^.]*\\.", "")
                .replaceAll("\\s+", " ")
                .strip();
    }

    @Test
    void everyDefaultOfASettingIsInTheTable() throws IOException {
        String table = Files.readString(TABLE);
        for (Field field : Defaults.class.getDeclaredFields()) {
            String setting = Pattern.compile("_(\\w)")
                    .matcher(field.getName().toLowerCase(Locale.ROOT))
                    .replaceAll(match -> match.group(1).toUpperCase(Locale.ROOT));
            String bound = field.getName().toLowerCase(Locale.ROOT).replace('_', ' ');
            assertThat(table)
                    .satisfiesAnyOf(
                            text -> assertThat(text).contains("`" + setting + "`"),
                            text -> assertThat(text).contains("| " + bound + " |"));
        }
    }
}
