package dev.terrace.cache.examples.observability;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;

/** Reads products over HTTP, popular ones more often, and puts carts, at a steady rate, until it is stopped. */
final class Load implements AutoCloseable {

    private static final Duration LIMIT = Duration.ofSeconds(5);

    /** Of so many requests, one puts a cart. */
    private static final int CARTS = 10;

    private static final long CUSTOMERS = 1_000;

    private final HttpClient client = HttpClient.newHttpClient();
    private final String base;
    private final long products;
    private final long pauseNanos;
    private final Thread thread = new Thread(this::run, "load");
    private volatile boolean stopped;

    private Load(int port, long products, int perSecond) {
        this.base = "http://127.0.0.1:" + port;
        this.products = products;
        this.pauseNanos = 1_000_000_000L / perSecond;
        thread.setDaemon(true);
    }

    static Load start(int port, long products, int perSecond) {
        Load load = new Load(port, products, perSecond);
        load.thread.start();
        return load;
    }

    private void run() {
        long next = System.nanoTime();
        while (!stopped) {
            next += pauseNanos;
            client.sendAsync(any(), BodyHandlers.discarding());
            LockSupport.parkNanos(next - System.nanoTime());
        }
    }

    /** The cube of a random share: an eighth of the products gets half of the requests. */
    private long popular() {
        double share = ThreadLocalRandom.current().nextDouble();
        return 1 + (long) (share * share * share * products);
    }

    private HttpRequest any() {
        if (ThreadLocalRandom.current().nextInt(CARTS) > 0) {
            return request("/products/" + popular()).build();
        }
        return request("/carts/" + ThreadLocalRandom.current().nextLong(CUSTOMERS))
                .PUT(BodyPublishers.ofString("product " + popular()))
                .build();
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(base + path)).timeout(LIMIT);
    }

    /** Waits until it is stopped. */
    void join() throws InterruptedException {
        thread.join();
    }

    @Override
    public void close() {
        stopped = true;
        LockSupport.unpark(thread);
    }
}
