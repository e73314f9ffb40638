package dev.terrace.cache.examples.repository;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** The database is asked for what is not cached, and for nothing else. */
final class ShopTest {

    @Test
    void whatReachesTheDatabaseIsWhatIsNotCached() throws Exception {
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        Shop.run(new PrintStream(printed, true, StandardCharsets.UTF_8));
        assertThat(printed.toString(StandardCharsets.UTF_8).lines())
                .containsExactly(
                        "save three",
                        "  MERGE 1",
                        "  MERGE 2",
                        "  MERGE 3",
                        "  SELECT 9",
                        "find 1 and 9: true, false",
                        "find 9 again: false",
                        "  DELETE 2",
                        "  SELECT [2]",
                        "find 3, 2, 1: [3, 1]",
                        "  SELECT COUNT of Bern",
                        "in Bern: 1, again 1",
                        "  UPDATE 1",
                        "  SELECT COUNT of Bern",
                        "in Bern: 0");
    }
}
