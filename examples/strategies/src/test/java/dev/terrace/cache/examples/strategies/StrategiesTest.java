package dev.terrace.cache.examples.strategies;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the example prints is what its page says. */
final class StrategiesTest {

    @Test
    void eachStrategyDoesWhatItIsNamedFor() throws Exception {
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        Strategies.run(new PrintStream(printed, true, StandardCharsets.UTF_8));
        String all = printed.toString(StandardCharsets.UTF_8);

        assertThat(lines(all, "CacheAside"))
                .containsSubsequence(
                        "store MERGE 7 = open",
                        "store SELECT 7",
                        "caller get: open",
                        "caller get: open",
                        "store MERGE 7 = paid",
                        "cache holds null",
                        "caller get: paid",
                        "caller change to sent: the database is down",
                        "cache holds null");
        assertThat(lines(all, "ReadThrough"))
                .containsSubsequence(
                        "store SELECT 7",
                        "caller get: open",
                        "caller get: open",
                        "caller get: open",
                        "caller get of another: the database is down");
        assertThat(lines(all, "WriteThrough"))
                .containsSubsequence(
                        "store MERGE 7 = open",
                        "cache holds open",
                        "caller put paid: the database is down",
                        "cache holds open");
        assertThat(lines(all, "WriteAround"))
                .containsSubsequence(
                        "store MERGE 7 = open",
                        "cache holds null",
                        "caller get: open",
                        "cache holds open",
                        "caller put paid: the database is down",
                        "cache holds null");
        assertThat(lines(all, "WriteBehind"))
                .containsSubsequence(
                        "caller put sent: accepted",
                        "caller get: sent",
                        "store MERGE 7 = sent: fails",
                        "store is up again",
                        "store MERGE 7 = sent",
                        "caller flush: all is stored",
                        "caller row in the store is: sent")
                .doesNotContain("store MERGE 7 = open", "store MERGE 7 = paid");
        assertThat(lines(all, "RefreshAhead")).contains("caller get: open").contains("store SELECT 7");
        assertThat(lines(all, "StampedeProtection"))
                .containsSubsequence("store SELECT 7", "caller 50 callers have open")
                .containsOnlyOnce("store SELECT 7");
    }

    private static List<String> lines(String all, String strategy) {
        int start = all.indexOf("== " + strategy);
        int end = all.indexOf("==", start + 3);
        return all.substring(start, end < 0 ? all.length() : end)
                .lines()
                .skip(1)
                .filter(line -> !line.isBlank())
                .map(line -> line.replaceFirst("^ *\\d+ ms ", "").strip().replaceAll(" +", " "))
                .toList();
    }
}
