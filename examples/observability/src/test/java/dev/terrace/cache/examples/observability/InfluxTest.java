package dev.terrace.cache.examples.observability;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.terrace.cache.Cache;
import dev.terrace.cache.Near;
import dev.terrace.cache.metrics.MicrometerCacheListener;
import io.micrometer.core.instrument.Clock;
import io.micrometer.influx.InfluxMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A real InfluxDB takes what Micrometer sends of a cache in its line protocol. */
final class InfluxTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    @Test
    void whatACacheCountsArrivesInAnInfluxDb() {
        try (LocalServer influx = LocalServer.start(
                "influxd",
                "Debian, Ubuntu: apt-get install influxdb; macOS: brew install influxdb@1",
                InfluxTest::arguments,
                "/ping")) {
            InfluxMeterRegistry registry = new InfluxMeterRegistry(
                    key -> switch (key) {
                        case "influx.uri" -> influx.uri("").toString();
                        case "influx.db" -> "shop";
                        case "influx.step" -> "PT1S";
                        default -> null;
                    },
                    Clock.SYSTEM);
            try (Cache<Long, String> cache = Cache.<Long, String>builder("products")
                    .near(Near.maximumSize(100))
                    .freshFor(Duration.ofMinutes(5))
                    .loader(id -> "product " + id)
                    .listener(new MicrometerCacheListener(registry))
                    .build()) {
                for (int round = 0; round < 4; round++) {
                    for (long id = 0; id < 10; id++) {
                        cache.get(id);
                    }
                }
                LocalServer.eventually("hits arrive", () -> sum(influx, "cache_gets", "hit") == 30);
                LocalServer.eventually("misses arrive", () -> sum(influx, "cache_gets", "miss") == 10);
                LocalServer.eventually("sizes arrive", () -> last(influx, "cache_size") == 10);
                assertThat(measurements(influx))
                        .contains("cache_load_duration", "cache_failures", "cache_stale_serves", "cache_evictions");
            } finally {
                registry.close();
            }
        }
    }

    private static List<String> arguments(LocalServer.Place place) {
        Path file = place.directory().resolve("influxdb.conf");
        Path data = place.directory();
        try {
            Files.writeString(file, """
                    reporting-disabled = true
                    bind-address = "127.0.0.1:%d"
                    [meta]
                      dir = "%s/meta"
                    [data]
                      dir = "%s/data"
                      wal-dir = "%s/wal"
                    [http]
                      bind-address = "127.0.0.1:%d"
                    [monitor]
                      store-enabled = false
                    """.formatted(LocalServer.freePort(), data, data, data, place.port()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return List.of("-config", file.toString());
    }

    private static JsonNode series(LocalServer influx, String query) {
        try {
            return JSON.readTree(influx.get("/query?db=shop&q=" + LocalServer.encoded(query)))
                    .path("results")
                    .path(0)
                    .path("series");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A counter is sent as what was added in each step. */
    private static double sum(LocalServer influx, String measurement, String result) {
        return series(
                        influx,
                        "SELECT SUM(value) FROM " + measurement
                                + " WHERE cache = 'products' AND tier = 'near' AND \"result\" = '" + result + "'")
                .path(0)
                .path("values")
                .path(0)
                .path(1)
                .asDouble();
    }

    private static double last(LocalServer influx, String measurement) {
        return series(influx, "SELECT LAST(value) FROM " + measurement + " WHERE cache = 'products'")
                .path(0)
                .path("values")
                .path(0)
                .path(1)
                .asDouble();
    }

    private static List<String> measurements(LocalServer influx) {
        return series(influx, "SHOW MEASUREMENTS").findValues("values").stream()
                .flatMap(values -> java.util.stream.StreamSupport.stream(values.spliterator(), false))
                .map(row -> row.path(0).asText())
                .toList();
    }
}
