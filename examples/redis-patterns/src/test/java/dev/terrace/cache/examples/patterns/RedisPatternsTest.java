package dev.terrace.cache.examples.patterns;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.redis.SharedRedis;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class RedisPatternsTest {

    @Test
    void itPrintsWhatTheReadmeShows() throws IOException {
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        try (PrivateRedis server = PrivateRedis.start();
                SharedRedis redis = SharedRedis.connect(server.uri())) {
            new Walkthrough(redis, new PrintStream(printed, true, StandardCharsets.UTF_8)).run();
        }
        String readme = Files.readString(Path.of(System.getProperty("basedir", ""), "README.md"));
        String shown = readme.substring(readme.indexOf("\nA login queue"), readme.lastIndexOf("```"));
        assertThat(printed.toString(StandardCharsets.UTF_8)).isEqualTo(shown);
    }
}
