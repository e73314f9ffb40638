package dev.terrace.cache.examples.storefront;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class OptionsTest {

    @Test
    void withoutArgumentsEverythingHasADefault() {
        Options options = Options.parse();

        assertThat(options.help()).isFalse();
        assertThat(options.trace()).isNull();
        assertThat(options.redis()).isFalse();
        assertThat(options.threads()).isEqualTo(8);
        assertThat(options.time()).isEqualTo(Duration.ofSeconds(12));
        assertThat(options.databaseLatency()).isEqualTo(Duration.ofMillis(1));
        assertThat(options.report().getFileName()).hasToString("storefront-report.html");
    }

    @Test
    void aValueFollowsItsOptionAsAnArgumentOrAfterAnEqualsSign(@TempDir Path directory) throws Exception {
        Path trace = Files.createFile(directory.resolve("some.xz"));

        Options options = Options.parse(
                "--threads", "2", "--requests=1_000", "--db-latency", "0.25", "--trace=" + trace, "--near-size", "5");

        assertThat(options.threads()).isEqualTo(2);
        assertThat(options.requests()).isEqualTo(1_000);
        assertThat(options.databaseLatency()).isEqualTo(Duration.ofNanos(250_000));
        assertThat(options.trace()).isEqualTo(trace);
        assertThat(options.nearSize()).isEqualTo(5);
    }

    @Test
    void aWholeTraceMayTakeLongerThanMadeUpTraffic(@TempDir Path directory) throws Exception {
        String trace = Files.createFile(directory.resolve("some.xz")).toString();

        assertThat(Options.parse("--trace", trace).time()).isEqualTo(Duration.ofMinutes(2));
        assertThat(Options.parse("--trace", trace, "--seconds", "3").time()).isEqualTo(Duration.ofSeconds(3));
    }

    @Test
    void redisMayBeNamedOrLeftToTheDemo() {
        assertThat(Options.parse("--redis", "--threads", "3").redisUri()).isNull();
        assertThat(Options.parse("--redis", "--threads", "3").redis()).isTrue();
        assertThat(Options.parse("--redis", "redis://localhost:7000").redisUri())
                .isEqualTo("redis://localhost:7000");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--speed|--speed: there is no such option; --help lists them",
                "fast|fast: there is no such option; --help lists them",
                "--threads|--threads: needs a value",
                "--threads=many|--threads: not a whole number: many",
                "--threads=0|--threads: must be between 1 and 512, not 0",
                "--requests=-1|--requests: must be at least 1, not -1",
                "--products=10|--products: must be between 2000 and 5000000, not 10",
                "--db-latency=slow|--db-latency: not a number of milliseconds: slow",
                "--db-latency=-1|--db-latency: must be between 0 and 10000 milliseconds, not -1",
                "--redis=localhost|--redis: not a URI such as redis://127.0.0.1:6379",
                "--trace=missing.xz|--trace: there is no file missing.xz",
            })
    void anErrorNamesItsArgument(String argument, String message) {
        assertThatThrownBy(() -> Options.parse(argument))
                .isInstanceOf(BadArgumentException.class)
                .hasMessage(message);
    }
}
