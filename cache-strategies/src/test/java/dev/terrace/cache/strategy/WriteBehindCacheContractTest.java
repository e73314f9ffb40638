package dev.terrace.cache.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.Cache;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Where each operation is stored before the next one begins. */
final class WriteBehindCacheContractTest extends StrategyCacheContract {

    private final List<WriteBehind<String, String>> queues = new ArrayList<>();

    @Override
    protected Cache<String, String> around(Cache<String, String> cache) {
        WriteBehind<String, String> queue =
                WriteBehind.around(cache, operations -> {}).build();
        queues.add(queue);
        return queue;
    }

    @Override
    protected void settle() {
        queues.forEach(queue ->
                assertThat(queue.flush(Duration.ofSeconds(60))).as("flushed").isTrue());
    }

    @Override
    protected List<Difference> differences() {
        return List.of(
                putIfAbsentIsRefused(),
                Difference.inResults(
                        "the store has the later put, whatever its version, and is asked for it",
                        "aPutWithAnOlderSourceVersionIsRefused"));
    }
}
