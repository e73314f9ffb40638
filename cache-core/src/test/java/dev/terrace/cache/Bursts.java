package dev.terrace.cache;

import static dev.terrace.cache.ScenarioNodes.millis;
import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.testkit.ScenarioReport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;

/** X21: a burst of callers of one cold key. */
public final class Bursts {

    private Bursts() {}

    /**
     * Two hundred threads on each of two nodes ask for a key that nobody has.
     *
     * @param fewestRounds more are made where the machine is too busy to tell
     */
    public static void onTwoNodes(ScenarioNodes on, int fewestRounds) {
        int mostRounds = 40;
        Duration load = Duration.ofMillis(50);
        AtomicInteger loads = new AtomicInteger();
        Loader<String, String> loader = key -> {
            loads.incrementAndGet();
            Rows.take(load);
            return "row " + key;
        };
        List<Cache<String, String>> nodes = List.of(
                on.node("x21", builder -> builder.loader(loader)), on.node("x21", builder -> builder.loader(loader)));
        for (int i = 0; i < 5; i++) {
            String key = "warm-up " + i;
            burst(caller -> nodes.get(caller % 2).get(key));
        }

        List<Duration> spans = new ArrayList<>();
        List<Duration> bare = new ArrayList<>();
        for (int round = 0; round < mostRounds && (round < fewestRounds || !isWithin(spans, bare)); round++) {
            String key = "cold " + round;
            // The same threads and a bare future for the load: what the machine makes of it at the moment.
            Map<String, CompletableFuture<String>> futures = new ConcurrentHashMap<>();
            bare.add(Callers.span(burst(caller -> futures.computeIfAbsent(
                            key, k -> CompletableFuture.supplyAsync(() -> "row " + k, after(load)))
                    .join())));
            loads.set(0);
            List<Callers.Outcome<String>> outcomes =
                    burst(caller -> nodes.get(caller % 2).get(key));
            assertThat(outcomes)
                    .allSatisfy(outcome -> assertThat(outcome.value()).isEqualTo("row " + key));
            assertThat(loads).hasValue(1);
            spans.add(Callers.span(outcomes));
        }

        System.out.println("X21, " + on.variant() + ": "
                + spans.stream().map(ScenarioNodes::millis).toList() + " ms; with a bare future "
                + bare.stream().map(ScenarioNodes::millis).toList() + " ms");
        assertThat(isWithin(spans, bare)).as("within 1.5 times the load").isTrue();
        ScenarioReport.figure(
                "X21",
                on.variant(),
                "1 load in total in each of " + spans.size() + " rounds, done in " + millis(best(spans))
                        + " ms at best, " + millis(median(spans)) + " ms in the median; with a bare future "
                        + millis(best(bare)) + " ms and " + millis(median(bare)) + " ms");
    }

    private static Executor after(Duration delay) {
        return CompletableFuture.delayedExecutor(delay.toMillis(), TimeUnit.MILLISECONDS);
    }

    private static boolean isWithin(List<Duration> spans, List<Duration> bare) {
        return best(spans).compareTo(best(bare).multipliedBy(3).dividedBy(2)) <= 0;
    }

    private static Duration best(List<Duration> spans) {
        return spans.stream().min(Duration::compareTo).orElseThrow();
    }

    private static Duration median(List<Duration> spans) {
        return spans.stream().sorted().toList().get(spans.size() / 2);
    }

    private static List<Callers.Outcome<String>> burst(IntFunction<String> call) {
        return Callers.begin(2 * 200, call).ended();
    }
}
