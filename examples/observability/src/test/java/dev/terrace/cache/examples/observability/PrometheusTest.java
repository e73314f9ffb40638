package dev.terrace.cache.examples.observability;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.terrace.cache.testkit.RedisServer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;

/** A real Prometheus scrapes the service, under the rules that we ship, and answers every query that we ship. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class PrometheusTest {

    private static final Path DASHBOARDS =
            Path.of("../../docs/dashboards").toAbsolutePath().normalize();
    private static final Path TABLE = Path.of("../../docs/metrics.md");
    private static final Path README = Path.of("README.md");
    private static final int KEYS = 50;
    private static final int READS_OF_EACH = 4;

    /** A rate guesses what was counted before its first sample and after its last. */
    private static final double TOLERANCE = 0.05;

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    private RedisServer redis;
    private Service service;
    private LocalServer prometheus;

    @BeforeAll
    void start() throws IOException {
        redis = RedisServer.start("--maxmemory", "64mb");
        service = Service.start(
                new Service.Settings(0, redis.uri(), Duration.ofMinutes(5), Duration.ofSeconds(1)),
                new PrometheusMeterRegistry(PrometheusConfig.DEFAULT));
        // Timers appear when they are first used.
        read(1_000);
        putCart(1);
        prometheus = LocalServer.start(
                "prometheus",
                "Debian, Ubuntu: apt-get install prometheus; macOS: brew install prometheus",
                this::arguments,
                "/-/ready");
        // What is counted before the first scrape is in no rate.
        eventually(
                "two scrapes",
                () -> value("count_over_time(cache_gets_total{cache=\"products\",tier=\"near\",result=\"hit\"}[1h])")
                                .orElse(0)
                        >= 2);
        eventually(
                "the cart is written",
                () -> value("cache_write_behind_lag_seconds_count").orElse(0) >= 1);
        putCart(2);
        for (int round = 0; round < READS_OF_EACH; round++) {
            for (int id = 1; id <= KEYS; id++) {
                read(id);
            }
        }
    }

    private List<String> arguments(LocalServer.Place place) {
        Path file = place.directory().resolve("prometheus.yml");
        try {
            Files.writeString(file, """
                    global: {scrape_interval: 1s, evaluation_interval: 1s}
                    rule_files: ["%s/*.rules.yml"]
                    scrape_configs:
                      - job_name: shop
                        static_configs: [{targets: ["127.0.0.1:%d"]}]
                    """.formatted(DASHBOARDS, service.port()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return List.of(
                "--config.file=" + file,
                "--storage.tsdb.path=" + place.directory().resolve("data"),
                "--web.listen-address=127.0.0.1:" + place.port());
    }

    @AfterAll
    void stop() {
        if (prometheus != null) {
            prometheus.close();
        }
        if (service != null) {
            service.close();
        }
        if (redis != null) {
            redis.close();
        }
    }

    private int read(long id) throws IOException {
        return get("/products/" + id).statusCode();
    }

    private void read(long from, long to) throws IOException {
        for (long id = from; id < to; id++) {
            read(id);
        }
    }

    private void putCart(long id) throws IOException {
        HttpResponse<String> answer = sent(request("/carts/" + id).PUT(BodyPublishers.ofString("product 7")));
        assertThat(answer.body()).contains("product 7");
    }

    private HttpResponse<String> get(String path) throws IOException {
        return sent(request(path));
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + service.port() + path));
    }

    private static HttpResponse<String> sent(HttpRequest.Builder request) throws IOException {
        try {
            return CLIENT.send(request.build(), BodyHandlers.ofString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static void eventually(String what, java.util.function.BooleanSupplier condition) {
        LocalServer.eventually(what, condition);
    }

    private JsonNode result(String query) {
        try {
            return JSON.readTree(prometheus.get("/api/v1/query?query=" + LocalServer.encoded(query)))
                    .path("data")
                    .path("result");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private OptionalDouble value(String query) {
        JsonNode result = result(query);
        return result.isEmpty()
                ? OptionalDouble.empty()
                : OptionalDouble.of(result.get(0).path("value").get(1).asDouble());
    }

    @Test
    @Order(1)
    void theRecordingRulesSayWhatTheServiceDid() {
        int reads = KEYS * READS_OF_EACH;
        eventually(
                "all reads are scraped",
                () -> value("sum(cache_gets_total{cache=\"products\",tier=\"near\"})")
                                .orElse(0)
                        == reads + 1);
        // Of each key, the first read loads, the second compares what was just written with the far tier.
        double expected = 1 - 2.0 / READS_OF_EACH;
        eventually(
                "the hit ratio is that of the reads",
                () -> Math.abs(value("cache_tier:cache_gets_hit:ratio_rate5m{cache=\"products\",tier=\"near\"}")
                                        .orElse(0)
                                - expected)
                        < TOLERANCE);
        assertThat(value("cache_tier:cache_gets_hit:ratio_rate5m{cache=\"products\",tier=\"far\"}"))
                .hasValueCloseTo(0.5, within(TOLERANCE));
        assertThat(value("cache:cache_loads:rate5m{cache=\"products\"} / cache:cache_reads:rate5m")
                        .orElseThrow())
                .isCloseTo(1.0 / READS_OF_EACH, within(TOLERANCE));
        assertThat(value("cache:cache_loads_failed:ratio_rate5m{cache=\"products\"}"))
                .hasValue(0);
        // A load takes 5 ms and what the machine adds.
        assertThat(value("cache:cache_load_duration_seconds:p99_5m{cache=\"products\"}")
                        .orElseThrow())
                .isBetween(0.005, 10.0);
        // A put waits 200 ms for others to be written with.
        eventually(
                "the lag",
                () -> value("cache:cache_write_behind_lag_seconds:p99_5m{cache=\"carts\"}")
                                .orElse(0)
                        >= 0.2);
        assertThat(result("cache_operation:cache_far_duration_seconds:p99_5m").findValuesAsText("operation"))
                .contains("read", "lease", "fill");
        assertThat(value("sum(cache_reason:cache_stale_serves:ratio_rate5m{cache=\"products\"})"))
                .hasValue(0);
        eventually(
                "the server's ratio",
                () -> value("node:cache_server_hits:ratio_rate5m").isPresent());
    }

    @Test
    @Order(2)
    void everyMeterOfTheDocumentationIsExposedAndTheOtherWayRound() throws IOException {
        eventually("servers are asked", () -> value("cache_server_keys").isPresent());
        Set<String> exposed = new TreeSet<>();
        Matcher type = Pattern.compile("(?m)^# TYPE (cache_\\w+) ")
                .matcher(get("/metrics").body());
        while (type.find()) {
            exposed.add(type.group(1));
        }
        // Micrometer adds the longest time of late to each timer.
        exposed.removeIf(name -> name.endsWith("_seconds_max"));
        Set<String> documented = new TreeSet<>();
        Matcher row =
                Pattern.compile("(?m)^\\| `cache\\.[\\w.]+` \\| `(\\w+)` \\|").matcher(Files.readString(TABLE));
        while (row.find()) {
            documented.add(row.group(1));
        }
        assertThat(documented).hasSizeGreaterThan(30).isEqualTo(exposed);
    }

    @Test
    @Order(3)
    void everyQueryOfTheDashboardFindsSomething() throws IOException {
        List<String> queries = new ArrayList<>();
        JsonNode dashboard = JSON.readTree(DASHBOARDS.resolve("terrace.json").toFile());
        dashboard
                .path("panels")
                .forEach(panel -> panel.path("targets")
                        .forEach(target -> queries.add(target.path("expr").asText())));
        assertThat(queries).hasSizeGreaterThan(20);
        for (String query : queries) {
            String asked = query.replace("$__rate_interval", "1m").replace("$cache", ".*");
            eventually(asked, () -> !result(asked).isEmpty());
        }
    }

    @Test
    @Order(4)
    void everyQueryOfTheReadmeIsUnderstoodAndItsMetricsExist() throws IOException {
        Set<String> queries = new TreeSet<>();
        for (String line : Files.readAllLines(README)) {
            if (line.startsWith("|")) {
                Matcher query = Pattern.compile("`([^`]+)`").matcher(line);
                while (query.find()) {
                    queries.add(query.group(1));
                }
            }
        }
        assertThat(queries).hasSizeGreaterThan(10);
        for (String query : queries) {
            // Throws if it is not understood.
            prometheus.get("/api/v1/query?query=" + LocalServer.encoded(query));
            assertSelectorsFindSomething(query);
        }
    }

    /** What a query compares and sums up may be nothing at the moment; what it begins with is there. */
    private void assertSelectorsFindSomething(String query) {
        Matcher selector = Pattern.compile("\\b(?:\\w+:\\w+:\\w+|cache_\\w+)(?:\\{[^}]*})?")
                .matcher(query);
        int found = 0;
        while (selector.find()) {
            String one = selector.group();
            eventually(one, () -> !result(one).isEmpty());
            found++;
        }
        assertThat(found).as("selectors of %s", query).isPositive();
    }

    @Test
    @Order(5)
    void everySelectorOfTheAlertsFindsSomethingAndNoneIsRaisedWhileAllIsWell() throws IOException {
        List<String> expressions = expressions(Files.readString(DASHBOARDS.resolve("alerts.rules.yml")));
        assertThat(expressions).hasSizeGreaterThan(10);
        expressions.forEach(this::assertSelectorsFindSomething);
        JsonNode groups =
                JSON.readTree(prometheus.get("/api/v1/rules")).path("data").path("groups");
        assertThat(groups.findValuesAsText("health")).hasSizeGreaterThan(15).containsOnly("ok");
        assertThat(raised()).isEmpty();
    }

    private static List<String> expressions(String rules) {
        List<String> expressions = new ArrayList<>();
        Matcher expression = Pattern.compile("(?m)^ +expr: (?:>-)?((?:.|\n)*?)\n +(?:for|labels|annotations):")
                .matcher(rules);
        while (expression.find()) {
            expressions.add(expression.group(1).strip());
        }
        return expressions;
    }

    /** Those that hold, or have begun to. */
    private List<String> raised() {
        try {
            return JSON.readTree(prometheus.get("/api/v1/alerts"))
                    .path("data")
                    .path("alerts")
                    .findValuesAsText("alertname");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    @Order(6)
    void readsThatFindLittleRaiseTheAlertOfTheHitRatio() throws IOException {
        read(2_000, 2_500);
        eventually("the alert of the hit ratio", () -> raised().contains("CacheHitRatioDrop"));
    }

    @Test
    @Order(7)
    void anOutageOfTheDatabaseRaisesTheAlertsOfStaleValuesAndOfWritesThatLagBehind() throws IOException {
        service.databaseDown(true);
        putCart(3);
        for (long id = 1; id <= KEYS; id++) {
            service.products().expire(id);
        }
        eventually("the alert of stale values", () -> {
            try {
                read(1, KEYS + 1);
                return raised().contains("CacheServesStale");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        eventually("the alert of writes", () -> raised().contains("CacheWriteBehindLags"));
        assertThat(value("cache_failures_total{cache=\"carts\",kind=\"store_write\"}")
                        .orElseThrow())
                .isPositive();
        service.databaseDown(false);
        eventually("the alert of writes ends", () -> !raised().contains("CacheWriteBehindLags"));
    }

    @Test
    @Order(8)
    void anOutageOfBothRaisesItsAlertsAndHealthTellsOfIt() throws IOException {
        assertThat(get("/health").statusCode()).isEqualTo(200);
        redis.freeze();
        service.databaseDown(true);
        read(500, 700);
        service.products().invalidate(1L);
        eventually(
                "the breaker's alert and that of the loads",
                () -> raised().containsAll(List.of("CacheBreakerOpen", "CacheLoadsFail")));
        read(700, 710);
        HttpResponse<String> health = get("/health");
        assertThat(health.statusCode()).isEqualTo(503);
        assertThat(health.body()).startsWith("DOWN").contains("the far tier fails", "loads all failed");

        redis.thaw();
        service.databaseDown(false);
        eventually("the breaker's alert ends", () -> !raised().contains("CacheBreakerOpen"));
        eventually("reads are answered", () -> {
            try {
                return read(720) == 200 && get("/health").statusCode() == 200;
            } catch (IOException e) {
                return false;
            }
        });
    }
}
