package dev.terrace.cache.examples.observability;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/** Starts the service, with load unless told otherwise. See the README. */
public final class Observability {

    private Observability() {}

    /** Runs until the process is told to end. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        Map<String, String> options = new TreeMap<>(
                Map.of("port", "9464", "redis", "redis://localhost:6379", "products", "10000", "rate", "200"));
        for (String argument : arguments) {
            String[] parts = argument.split("=", 2);
            if (parts.length != 2
                    || !parts[0].startsWith("--")
                    || options.replace(parts[0].substring(2), parts[1]) == null) {
                System.err.println(
                        "--port=9464 --redis=redis://localhost:6379 --products=10000 --rate=200 (0 for no load)");
                System.exit(2);
            }
        }
        long products = Long.parseLong(options.get("products"));
        int rate = Integer.parseInt(options.get("rate"));
        Service.Settings settings = new Service.Settings(
                Integer.parseInt(options.get("port")),
                Objects.requireNonNull(options.get("redis")),
                Duration.ofSeconds(30),
                Duration.ofSeconds(15));
        Service service = Service.start(settings, new PrometheusMeterRegistry(PrometheusConfig.DEFAULT));
        // What is written behind is written before the process ends.
        Runtime.getRuntime().addShutdownHook(new Thread(service::close, "close"));
        System.out.println("http://127.0.0.1:" + service.port() + "/metrics");
        if (rate > 0) {
            try (Load load = Load.start(service.port(), products, rate)) {
                load.join();
            }
        }
        Thread.currentThread().join();
    }
}
