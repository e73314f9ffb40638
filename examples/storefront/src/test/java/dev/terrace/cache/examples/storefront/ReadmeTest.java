package dev.terrace.cache.examples.storefront;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

final class ReadmeTest {

    private static final Path MODULE = Path.of(System.getProperty("basedir", ""));

    @Test
    void theReadmeShowsTheCodeThatRuns() throws IOException {
        String readme = Files.readString(MODULE.resolve("README.md"));
        String code = Files.readString(
                MODULE.resolve("src/main/java/dev/terrace/cache/examples/storefront/CachedProducts.java"));

        List<String> examples = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL)
                .matcher(readme)
                .results()
                .map((MatchResult result) -> withoutSpace(result.group(1)))
                .toList();

        assertThat(examples)
                .hasSize(2)
                .allSatisfy(example -> assertThat(withoutSpace(code)).contains(example));
    }

    private static String withoutSpace(String text) {
        return text.replaceAll("\\s", "");
    }
}
