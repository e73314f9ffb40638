package dev.terrace.cache.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.Cache;
import dev.terrace.cache.testkit.RedisServer;
import dev.terrace.cache.testkit.ScenarioReport;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.DefaultClientResources;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** More of them, for a deployment in which nothing fails. */
abstract class TrackingScenarios extends CoherenceScenarios {

    static final boolean FULL = Boolean.getBoolean("scenarios.full");

    private boolean isAlone() {
        return deployed().servers().size() == 1;
    }

    @Test
    @Timeout(900)
    final void X06_anInvalidationRacingAMissLeavesNoStaleValue() throws Exception {
        int rounds = FULL ? 20_000 : isAlone() ? 2_000 : 500;
        int together = 250;
        Cache<String, String> a = node("x06", deployed().tier(), this::loading);
        Cache<String, String> b = node("x06", deployed().tier(), this::loading);
        ExecutorService readers = opened(Pool.of(2)).threads;
        int staleHere = 0;
        int staleThere = 0;
        for (int round = 0; round < rounds; round += together) {
            for (int i = round; i < round + together; i++) {
                String key = "k" + i;
                rows.put(key, "old");
                CountDownLatch begin = new CountDownLatch(1);
                Future<String> here = readers.submit(awaiting(begin, () -> a.get(key)));
                Future<String> there = readers.submit(awaiting(begin, () -> b.get(key)));
                begin.countDown();
                rows.put(key, "new");
                a.invalidate(key);
                // Read your writes.
                staleHere += "new".equals(a.get(key)) ? 0 : 1;
                done(here);
                done(there);
            }
            LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
            for (int i = round; i < round + together; i++) {
                String key = "k" + i;
                staleHere += "new".equals(a.get(key)) ? 0 : 1;
                staleThere += seenInTime(b, key) ? 0 : 1;
            }
        }
        assertThat(staleHere).isZero();
        assertThat(staleThere).isZero();
        ScenarioReport.figure(
                "X06",
                variant(),
                "in " + rounds + " rounds " + staleHere + " stale on the writing node, " + staleThere
                        + " on the other; " + nearRatios(a) + "; the other: " + nearRatios(b));
    }

    /** What is old once the bound has passed is old for good. */
    private static boolean seenInTime(Cache<String, String> node, String key) {
        long end = System.nanoTime() + BOUND.plus(SLACK).toNanos();
        while (!"new".equals(node.get(key))) {
            if (System.nanoTime() > end) {
                return false;
            }
            LockSupport.parkNanos(1_000_000);
        }
        return true;
    }

    @Test
    final void X07_writersOfOneKeyOnTwoNodesAgreeInTheEnd() throws Exception {
        int keys = FULL || isAlone() ? 3_000 : 1_000;
        Cache<String, String> a = node("x07", deployed().tier(), this::loading);
        Cache<String, String> b = node("x07", deployed().tier(), this::loading);
        Cache<String, String> far = nodeWithoutNear("x07");
        ExecutorService writers = opened(Pool.of(3)).threads;
        List<Future<Void>> written = new ArrayList<>();
        for (int writer = 0; writer < 3; writer++) {
            Cache<String, String> node = writer == 0 ? b : a;
            String value = "by " + writer;
            written.add(writers.submit(() -> {
                for (int key = 0; key < keys; key++) {
                    node.put("k" + key, value);
                    node.get("k" + key);
                }
                return null;
            }));
        }
        for (Future<Void> each : written) {
            done(each);
        }
        LockSupport.parkNanos(BOUND.plus(SLACK).toNanos());

        int apart = 0;
        for (int key = 0; key < keys; key++) {
            String stored = far.getIfPresent("k" + key);
            apart += a.get("k" + key).equals(stored) && b.get("k" + key).equals(stored) ? 0 : 1;
        }
        assertThat(apart).isZero();
        ScenarioReport.figure(
                "X07",
                variant(),
                apart + " of " + keys + " keys apart after three writers each on two nodes; " + nearRatios(a));
    }

    @Test
    final void X08_aFillPublishesNothing() {
        int fills = FULL ? 1_000 : 200;
        long publishedBefore = published();
        List<String> figures = new ArrayList<>();
        for (int nodes : FULL ? List.of(1, 10, 50) : List.of(1, 10)) {
            figures.add(fill(nodes, fills));
        }
        assertThat(published() - publishedBefore).isZero();
        ScenarioReport.figure(
                "X08", variant(), "0 messages published for " + fills + " fills; " + String.join(", ", figures));
    }

    private String fill(int nodes, int fills) {
        String name = "x08-" + nodes;
        DefaultClientResources resources = DefaultClientResources.create();
        opened(() -> resources.shutdown(0, 2, TimeUnit.SECONDS).await(2_000));
        List<Cache<String, String>> caches = new ArrayList<>();
        for (int i = 0; i < nodes; i++) {
            caches.add(node(name, deployed().tier().resources((ClientResources) resources), this::loading));
        }
        Cache<String, String> first = caches.get(0);
        boolean areFillsTold = deployed().coherence() == RedisCoherence.TRACKING;
        first.get("warm");
        caches.forEach(node ->
                holds("it is told", () -> !areFillsTold || node.stats().link().changes() > 0));
        long[] before = serverCosts();
        long told = told(caches);
        for (int i = 0; i < fills; i++) {
            rows.put("k" + i, "row");
            first.get("k" + i);
        }
        holds("all are told", () -> told(caches) - told >= (areFillsTold ? (long) nodes * fills : 0));
        assertThat(areFillsTold || told(caches) == 0).isTrue();
        long[] after = serverCosts();
        return String.format(
                Locale.ROOT,
                "with %d nodes %.1f notices, %d bytes out and %.0f µs of the server for each",
                nodes,
                (double) (told(caches) - told) / fills,
                (after[0] - before[0]) / fills,
                (double) (after[1] - before[1]) / fills);
    }

    private static long told(List<Cache<String, String>> caches) {
        return caches.stream()
                .mapToLong(cache -> cache.stats().link().changes())
                .sum();
    }

    /** Bytes sent, and µs of processor time. */
    private long[] serverCosts() {
        double seconds = 0;
        long bytes = 0;
        for (RedisServer server : deployed().servers()) {
            seconds += Double.parseDouble(server.info("cpu", "used_cpu_user"))
                    + Double.parseDouble(server.info("cpu", "used_cpu_sys"));
            bytes += Long.parseLong(server.info("stats", "total_net_output_bytes"));
        }
        return new long[] {bytes, (long) (seconds * 1e6)};
    }

    private long published() {
        return commandCalls("publish") + commandCalls("spublish");
    }

    private long commandCalls(String command) {
        return deployed().servers().stream()
                .flatMap(server -> server.text("INFO", "commandstats").lines())
                .filter(line -> line.startsWith("cmdstat_" + command + ":"))
                .mapToLong(line -> Long.parseLong(line.replaceAll(".*:calls=(\\d+).*", "$1")))
                .sum();
    }

    /** Threads that end with the test. */
    private record Pool(ExecutorService threads) implements AutoCloseable {
        static Pool of(int threads) {
            return new Pool(Executors.newFixedThreadPool(threads));
        }

        @Override
        public void close() {
            threads.shutdownNow();
        }
    }

    private static <T> Callable<T> awaiting(CountDownLatch begin, Callable<T> call) {
        return () -> {
            assertThat(begin.await(20, TimeUnit.SECONDS)).isTrue();
            return call.call();
        };
    }

    private static <T> void done(Future<T> future) throws InterruptedException, ExecutionException {
        try {
            future.get(60, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError("not done in time", e);
        }
    }
}
