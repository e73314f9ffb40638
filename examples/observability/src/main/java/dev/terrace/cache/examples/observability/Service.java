package dev.terrace.cache.examples.observability;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.terrace.cache.Cache;
import dev.terrace.cache.Caches;
import dev.terrace.cache.Near;
import dev.terrace.cache.codec.DeflateCodec;
import dev.terrace.cache.codec.json.JsonCodec;
import dev.terrace.cache.metrics.Health;
import dev.terrace.cache.metrics.HealthCheck;
import dev.terrace.cache.metrics.MicrometerCacheListener;
import dev.terrace.cache.metrics.ServerMeters;
import dev.terrace.cache.redis.RedisFarTier;
import dev.terrace.cache.redis.RedisStatistics;
import dev.terrace.cache.strategy.WriteBehind;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * {@code /products/ID} answers from a cache in two tiers, a {@code PUT} of {@code /carts/ID} is written to the database behind
 * its caller's back, {@code /metrics} tells a Prometheus what its caches and its Redis
 * count, {@code /health} tells a readiness probe how they are. On the loopback address alone.
 */
public final class Service implements AutoCloseable {

    private static final int THREADS = 16;
    private static final int LONGEST_CART = 1_000;
    private static final Answer NO_ID = new Answer(400, "no id\n");

    private final Database database = new Database();
    private final RedisFarTier redis;
    private final Caches caches;
    private final Cache<Long, Product> products;
    private final WriteBehind<Long, Cart> carts;
    private final ServerMeters servers;
    private final HealthCheck health;
    private final PrometheusMeterRegistry registry;
    private final ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    private final HttpServer http;

    private Service(Settings settings, PrometheusMeterRegistry registry) throws IOException {
        this.registry = registry;
        redis = RedisFarTier.connect(settings.redis());
        MicrometerCacheListener listener = new MicrometerCacheListener(registry);
        caches = Caches.builder().far(redis).listener(listener).build();
        health = HealthCheck.of(caches);
        products = caches.<Long, Product>cache("products", DeflateCodec.around(JsonCodec.of(Product.class)))
                // What a product takes, roughly; with maximumSize there would be no cache_weight.
                .near(Near.<Long, Product>maximumWeight(
                        1_000_000, (id, product) -> 64 + 2 * product.name().length()))
                // Nobody else writes here.
                .maxStaleness(Duration.ofSeconds(30))
                .freshFor(settings.freshFor())
                .staleFor(Duration.ofMinutes(10))
                .loader(database::findProduct)
                .build();
        carts = WriteBehind.around(
                        caches.<Long, Cart>cache("carts", JsonCodec.of(Cart.class))
                                .near(Near.maximumSize(10_000))
                                .maxStaleness(Duration.ofSeconds(30))
                                .freshFor(Duration.ofMinutes(30))
                                .loader(database::findCart)
                                .build(),
                        database::storeCarts)
                .listener(listener)
                .build();
        servers = ServerMeters.start(
                registry, RedisStatistics.of(redis.shared().withListener(listener)), settings.pollInterval());
        http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), settings.port()), 0);
        http.setExecutor(threads);
        http.createContext("/products/", exchange -> answer(exchange, () -> product(exchange)));
        http.createContext("/carts/", exchange -> answer(exchange, () -> cart(exchange)));
        http.createContext("/metrics", exchange -> answer(exchange, () -> new Answer(200, registry.scrape())));
        http.createContext("/health", exchange -> answer(exchange, this::health));
        http.start();
    }

    /**
     * What the service needs to know.
     *
     * @param port 0 for a free one
     * @param redis such as {@code redis://localhost:6379}
     * @param freshFor how long a product is served as it is
     * @param pollInterval how often Redis is asked for its statistics
     */
    public record Settings(int port, String redis, Duration freshFor, Duration pollInterval) {}

    /** Starts it; it answers when this returns. */
    public static Service start(Settings settings, PrometheusMeterRegistry registry) throws IOException {
        return new Service(settings, registry);
    }

    private record Answer(int status, String text) {}

    @FunctionalInterface
    private interface Answering {
        Answer answer() throws IOException;
    }

    private static void answer(HttpExchange exchange, Answering answering) throws IOException {
        try (exchange) {
            Answer answer;
            try {
                answer = answering.answer();
            } catch (RuntimeException | IOException e) {
                answer = new Answer(503, e.getMessage() + "\n");
            }
            byte[] body = answer.text().getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
            exchange.sendResponseHeaders(answer.status(), body.length);
            exchange.getResponseBody().write(body);
        }
    }

    private Answer product(HttpExchange exchange) {
        Long id = id(exchange);
        return id == null ? NO_ID : new Answer(200, products.get(id) + "\n");
    }

    /** A cart that was put is read at once, and in the database a little later. */
    private Answer cart(HttpExchange exchange) throws IOException {
        Long id = id(exchange);
        if (id == null) {
            return NO_ID;
        }
        if (exchange.getRequestMethod().equals("PUT")) {
            byte[] list = exchange.getRequestBody().readNBytes(LONGEST_CART);
            carts.put(id, new Cart(id, new String(list, StandardCharsets.UTF_8)));
        }
        return new Answer(200, carts.get(id) + "\n");
    }

    private static @Nullable Long id(HttpExchange exchange) {
        String path = exchange.getRequestURI().getPath();
        String id = path.substring(path.lastIndexOf('/') + 1);
        return id.matches("\\d{1,18}") ? Long.valueOf(id) : null;
    }

    private Answer health() {
        Health now = health.check();
        return new Answer(now.isReady() ? 200 : 503, now.status() + "\n" + String.join("\n", now.reasons()));
    }

    /** Where it listens. */
    public int port() {
        return http.getAddress().getPort();
    }

    /** What it reads through. */
    public Cache<Long, Product> products() {
        return products;
    }

    /** Where its meters are. */
    public MeterRegistry registry() {
        return registry;
    }

    /** Lets the database be down, or up again. */
    public void databaseDown(boolean down) {
        database.down(down);
    }

    @Override
    public void close() {
        http.stop(0);
        threads.shutdownNow();
        servers.close();
        carts.close();
        caches.close();
        redis.close();
    }
}
