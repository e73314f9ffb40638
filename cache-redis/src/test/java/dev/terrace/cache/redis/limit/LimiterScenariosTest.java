package dev.terrace.cache.redis.limit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.testkit.RedisServer;
import dev.terrace.cache.testkit.ScenarioReport;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What limiters admit under many threads, and what they cost the server. */
@Tag("scenario")
final class LimiterScenariosTest {

    private static final boolean IN_FULL = Boolean.getBoolean("scenarios.full");
    private static final int LIMIT = 100;
    private static final int BURST = 10;
    private static final int THREADS = 32;
    private static final long SECOND = 1_000_000;

    @ParameterizedTest
    @EnumSource
    void limiter_admitsWhatItPromisesUnderManyThreads(Algorithm algorithm) throws Exception {
        Duration time = Duration.ofSeconds(IN_FULL ? 6 : 1).plusMillis(500);
        try (RedisServer server = RedisServer.start();
                SharedRedis redis = SharedRedis.connect(server.uri()).withBudget(Duration.ofSeconds(30))) {
            RateLimiter limiter = RateLimiter.withoutMemory(
                    redis, "l", Limit.perSecond(LIMIT).burst(BURST).by(algorithm));
            List<Long> admitted = hammered(limiter, time);

            int worst = worst(admitted);
            int fewest = (int) (LIMIT * (time.toMillis() / 1_000));
            switch (algorithm) {
                case GCRA -> assertThat(worst).isLessThanOrEqualTo(LIMIT + BURST);
                case SLIDING_LOG -> {
                    assertThat(worst).isEqualTo(LIMIT);
                    // Nothing that was admitted is missing in the log, and nothing else is in it.
                    long kept = (Long) server.command("ZCARD", limiter.under("k"));
                    long since = Long.parseLong(text(server, limiter));
                    assertThat(admitted.stream().filter(at -> at >= since).count())
                            .isEqualTo(kept);
                }
                case SLIDING_COUNTER -> assertThat(worst).isLessThanOrEqualTo(LIMIT);
                case FIXED_WINDOW -> assertThat(worst).isLessThanOrEqualTo(2 * LIMIT);
            }
            // A limiter that refused what it should grant would pass all of that.
            assertThat(admitted.size()).isGreaterThanOrEqualTo(fewest * 9 / 10);
            ScenarioReport.figure(
                    "limiter",
                    algorithm.name(),
                    "at most " + worst + " in any second, " + admitted.size() + " in " + time.toMillis() / 1_000.0
                            + " s by " + THREADS + " threads");
        }
    }

    /** When the earliest in the log was granted. */
    private static String text(RedisServer server, RateLimiter limiter) {
        return new String(
                (byte[]) ((List<?>) server.command("ZRANGE", limiter.under("k"), 0, 0)).get(0),
                StandardCharsets.US_ASCII);
    }

    /** When permits were granted, by the server's clock. */
    private static List<Long> hammered(RateLimiter limiter, Duration time) throws Exception {
        ExecutorService executor = Executors.newFixedThreadPool(THREADS);
        long end = System.nanoTime() + time.toNanos();
        List<Callable<List<Long>>> workers = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            workers.add(() -> {
                List<Long> admitted = new ArrayList<>();
                while (System.nanoTime() < end) {
                    List<Object> reply = limiter.reply(limiter.under("k"), 1).await();
                    if (Long.valueOf(1).equals(reply.get(0))) {
                        admitted.add(RateLimiter.number(reply.get(3)));
                    }
                }
                return admitted;
            });
        }
        List<Long> all = new ArrayList<>();
        for (Future<List<Long>> worker : executor.invokeAll(workers)) {
            all.addAll(worker.get());
        }
        executor.shutdown();
        all.sort(Long::compare);
        return all;
    }

    /** The most in any second. */
    private static int worst(List<Long> sorted) {
        int worst = 0;
        int from = 0;
        for (int to = 0; to < sorted.size(); to++) {
            while (sorted.get(to) - sorted.get(from) >= SECOND) {
                from++;
            }
            worst = Math.max(worst, to - from + 1);
        }
        return worst;
    }

    @Test
    void limiter_costsTheServerFewTimesAPlainGet() {
        int calls = IN_FULL ? 40_000 : 8_000;
        try (RedisServer server = RedisServer.start();
                SharedRedis redis = SharedRedis.connect(server.uri()).withBudget(Duration.ofSeconds(30))) {
            server.command("SET", "k", "v");
            StringBuilder figure = new StringBuilder();
            double get = microsPerCall(server, calls, () -> redis.call("test", "get", commands -> commands.get("k")));
            figure.append(String.format(Locale.ROOT, "server CPU per call: GET %.1f us", get));
            for (Algorithm algorithm : Algorithm.values()) {
                RateLimiter limiter = RateLimiter.withoutMemory(
                        redis,
                        "l" + algorithm,
                        Limit.perSecond(LIMIT).burst(BURST).by(algorithm));
                double micros = microsPerCall(server, calls, () -> limiter.tryAcquire("k"));
                assertThat(micros).isPositive();
                figure.append(String.format(Locale.ROOT, ", %s %.1f us", algorithm, micros));
            }
            ScenarioReport.figure("limiter", "cost", figure.toString());
        }
    }

    /** By the server's own count of its processor time. */
    private static double microsPerCall(RedisServer server, int calls, Supplier<? extends CompletableFuture<?>> call) {
        double before = cpu(server);
        for (int done = 0; done < calls; done += 100) {
            List<CompletableFuture<?>> together = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                together.add(call.get());
            }
            together.forEach(CompletableFuture::join);
        }
        return (cpu(server) - before) * 1e6 / calls;
    }

    private static double cpu(RedisServer server) {
        return Double.parseDouble(server.info("cpu", "used_cpu_user"))
                + Double.parseDouble(server.info("cpu", "used_cpu_sys"));
    }
}
