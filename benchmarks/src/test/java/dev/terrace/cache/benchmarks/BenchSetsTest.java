package dev.terrace.cache.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.terrace.cache.testkit.MemcachedServer;
import dev.terrace.cache.testkit.RedisServer;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Calls every contender once, so that none of them rots; what it measures means nothing. */
final class BenchSetsTest {

    private static RedisServer server;
    private static MemcachedServer memcached;

    @BeforeAll
    static void start() {
        server = RedisServer.start();
        RedisAddress.set(server.uri());
        memcached = MemcachedServer.start();
        MemcachedAddress.set(memcached.port());
    }

    @AfterAll
    static void stop() {
        server.close();
        memcached.close();
    }

    static List<BenchSet> sets() {
        return BenchSets.ALL;
    }

    @ParameterizedTest
    @MethodSource("sets")
    void everySetRunsAndWritesItsFigures(BenchSet set, @TempDir Path directory) throws Exception {
        Report report =
                set.run(Effort.SMOKE, new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8));

        assertThat(report.figures())
                .isNotEmpty()
                .allSatisfy(
                        figure -> assertThat(figure.value().spread().median()).isFinite());
        assertThat(report.table()).contains(report.figures().get(0).what());
        JsonNode json = new ObjectMapper()
                .readTree(report.write(directory, Machine.here(), Effort.SMOKE).toFile());
        assertThat(json.get("figures")).hasSameSizeAs(report.figures());
        assertThat(json.at("/machine/redis").asText()).isNotEmpty();
    }

    @Test
    void aSetIsFoundByItsName() {
        assertThat(BenchSets.named("far")).isPresent();
        assertThat(BenchSets.named("fra")).isEmpty();
    }
}
