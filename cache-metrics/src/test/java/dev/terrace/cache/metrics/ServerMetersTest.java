package dev.terrace.cache.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrace.cache.redis.RedisStatistics;
import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.spi.ServerStatistics;
import dev.terrace.cache.testkit.MemcachedServer;
import dev.terrace.cache.testkit.RedisServer;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class ServerMetersTest {

    private static final Duration SECOND = Duration.ofSeconds(1);
    private final MeterRegistry registry = new SimpleMeterRegistry();

    private static void eventually(String what, BooleanSupplier condition) {
        long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - start)
                    .as(what)
                    .isLessThan(Duration.ofSeconds(30).toNanos());
            LockSupport.parkNanos(5_000_000);
        }
    }

    private double counted(String name) {
        return registry.find(name).functionCounters().stream()
                .mapToDouble(counter -> counter.count())
                .sum();
    }

    private double gauged(String name) {
        return registry.find(name).gauges().stream()
                .mapToDouble(gauge -> gauge.value())
                .sum();
    }

    @Test
    void redisTellsTheSevenKeyMetrics() {
        try (RedisServer server = RedisServer.start("--maxmemory", "64mb");
                SharedRedis redis = SharedRedis.connect(server.uri())) {
            server.command("SET", "a", "1");
            server.command("SET", "b", "1", "PX", "1");
            server.command("GET", "a");
            server.command("GET", "nothing");
            eventually(
                    "b expires",
                    () -> "1".equals(server.info("stats", "expired_keys")) || server.command("GET", "b") == null);
            try (ServerMeters meters = ServerMeters.start(registry, RedisStatistics.of(redis), SECOND)) {
                eventually("the first answer", () -> counted("cache.server.hits") >= 1);
                assertThat(counted("cache.server.misses")).isGreaterThanOrEqualTo(1);
                assertThat(counted("cache.server.expired")).isEqualTo(1);
                assertThat(counted("cache.server.evictions")).isZero();
                assertThat(counted("cache.server.commands")).isGreaterThan(3);
                assertThat(gauged("cache.server.keys")).isEqualTo(1);
                assertThat(gauged("cache.server.connections")).isGreaterThanOrEqualTo(1);
                assertThat(gauged("cache.server.memory.used")).isGreaterThan(100_000);
                assertThat(gauged("cache.server.memory.max")).isEqualTo(64 << 20);
                assertThat(registry.get("cache.server.keys").gauge().getId().getTag("node"))
                        .isEqualTo("127.0.0.1:" + server.port());
                assertThat(meters).isNotNull();
            }
            eventually("its meters are gone", () -> registry.getMeters().isEmpty());
        }
    }

    @Test
    void memcachedTellsTheSevenKeyMetrics() throws Exception {
        try (MemcachedServer server = MemcachedServer.start("-m", "16")) {
            say(server.port(), "set a 0 0 1\r\n1\r\nget a\r\nget nothing\r\nset b 0 -1 1\r\n1\r\nquit\r\n");
            InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port());
            try (ServerMeters meters = ServerMeters.start(registry, MemcachedStatistics.of(address), SECOND)) {
                eventually("the first answer", () -> counted("cache.server.hits") == 1);
                assertThat(counted("cache.server.misses")).isEqualTo(1);
                assertThat(counted("cache.server.commands")).isGreaterThanOrEqualTo(4);
                assertThat(gauged("cache.server.keys")).isBetween(1.0, 2.0);
                assertThat(gauged("cache.server.connections")).isGreaterThanOrEqualTo(1);
                assertThat(gauged("cache.server.memory.used")).isBetween(10.0, 1_000.0);
                assertThat(gauged("cache.server.memory.max")).isEqualTo(16 << 20);
                assertThat(meters).isNotNull();
            }
        }
    }

    private static void say(int port, String text) throws Exception {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
            socket.getInputStream().readAllBytes();
        }
    }

    @Test
    void aMemcachedThatAnswersNothingCostsASecond() throws Exception {
        try (MemcachedServer server = MemcachedServer.start()) {
            server.freeze();
            long start = System.nanoTime();
            MemcachedStatistics source =
                    MemcachedStatistics.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
            assertThatThrownBy(source::read).isInstanceOf(java.io.IOException.class);
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
            server.thaw();
            assertThat(source.read()).hasSize(1);
        }
    }

    @Test
    void aNodeThatIsGoneLosesItsMetersAndAFailureLeavesThem() {
        AtomicReference<@Nullable List<ServerStatistics>> answer =
                new AtomicReference<>(List.of(statistics("one", 1), statistics("two", 2)));
        ServerStatistics.Source source = () -> {
            List<ServerStatistics> statistics = answer.get();
            if (statistics == null) {
                throw new IllegalStateException("as told");
            }
            return statistics;
        };
        try (ServerMeters meters = ServerMeters.start(registry, source, SECOND)) {
            eventually(
                    "two nodes",
                    () -> registry.find("cache.server.keys").gauges().size() == 2);
            assertThat(registry.get("cache.server.memory.max")
                            .tag("node", "one")
                            .gauge()
                            .value())
                    .isNaN();
            answer.set(null);
            eventually(
                    "a failure",
                    () -> registry.get("cache.server.polls")
                                    .tag("result", "failure")
                                    .counter()
                                    .count()
                            > 0);
            assertThat(registry.find("cache.server.keys").gauges()).hasSize(2);
            answer.set(List.of(statistics("two", 3)));
            eventually(
                    "one node",
                    () -> registry.find("cache.server.keys").gauges().size() == 1);
            assertThat(gauged("cache.server.keys")).isEqualTo(3);
            assertThat(meters).isNotNull();
        }
    }

    @Test
    void anIntervalBelowASecondIsRefused() {
        assertThatThrownBy(() -> ServerMeters.start(registry, List::of, Duration.ofMillis(999)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("interval");
    }

    private static ServerStatistics statistics(String node, long keys) {
        return new ServerStatistics(
                node,
                new ServerStatistics.Lookups(1, 1),
                new ServerStatistics.Keys(keys, 0, 0),
                new ServerStatistics.Memory(1, 0),
                1,
                1);
    }

    @Test
    void aServerThatBeginsAgainFromZeroTurnsNoCounterBack() {
        AtomicReference<List<ServerStatistics>> answer = new AtomicReference<>(List.of(counted("one", 100)));
        try (ServerMeters meters = ServerMeters.start(registry, answer::get, SECOND)) {
            eventually("the first answer", () -> counted("cache.server.commands") == 100);
            answer.set(List.of(counted("one", 110)));
            eventually("the second answer", () -> counted("cache.server.commands") == 110);
            answer.set(List.of(counted("one", 7)));
            eventually("an answer after a restart", () -> counted("cache.server.commands") == 117);
            assertThat(counted("cache.server.hits")).isEqualTo(1);
            assertThat(meters).isNotNull();
        }
    }

    @Test
    void aRegistryThatThrowsErrorsIsAskedAgainAndLeavesNoHalfOfANode() {
        AtomicBoolean broken = new AtomicBoolean(true);
        AtomicInteger refused = new AtomicInteger();
        registry.config().meterFilter(new MeterFilter() {
            @Override
            public Meter.Id map(Meter.Id id) {
                if (broken.get() && id.getName().equals("cache.server.memory.used")) {
                    refused.incrementAndGet();
                    throw new AssertionError("as told");
                }
                return id;
            }
        });
        AtomicReference<List<ServerStatistics>> answer = new AtomicReference<>(List.of(counted("one", 100)));
        try (ServerMeters meters = ServerMeters.start(registry, answer::get, SECOND)) {
            eventually("two polls", () -> refused.get() >= 3);
            answer.set(List.of(counted("one", 200)));
            broken.set(false);
            eventually("an answer", () -> counted("cache.server.commands") == 200);
            answer.set(List.of(counted("one", 201)));
            eventually("another", () -> counted("cache.server.commands") == 201);
            assertThat(registry.get("cache.server.polls")
                            .tag("result", "failure")
                            .counter()
                            .count())
                    .isPositive();
            assertThat(meters).isNotNull();
        }
        eventually("its meters are gone", () -> registry.getMeters().isEmpty());
    }

    private static ServerStatistics counted(String node, long commands) {
        ServerStatistics one = statistics(node, 1);
        return new ServerStatistics(node, one.lookups(), one.keys(), one.memory(), one.connections(), commands);
    }
}
