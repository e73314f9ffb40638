package dev.terrace.cache.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheBuilder;
import dev.terrace.cache.ScenarioNodes;
import dev.terrace.cache.testkit.RedisServer;
import dev.terrace.cache.testkit.ScenarioReport;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** X22: a hundred keys are read at once, half of which are in Redis; the others are loaded. */
final class BulkRead {

    private static final int FEWEST_ROUNDS = 7;
    private static final int MOST_ROUNDS = 50;

    private final AtomicInteger bulkLoads = new AtomicInteger();
    private final AtomicInteger loaded = new AtomicInteger();

    /** What the node that reads needs. */
    CacheBuilder<String, String> settings(CacheBuilder<String, String> builder) {
        return builder.loader(key -> {
                    throw new AssertionError("a single load of " + key);
                })
                .bulkLoader(keys -> {
                    bulkLoads.incrementAndGet();
                    loaded.addAndGet(keys.size());
                    return keys.stream().collect(Collectors.toMap(key -> key, key -> "row"));
                });
    }

    /**
     * Tells the scenario.
     *
     * @param servers each of which holds some of the keys
     */
    void costsThreeReads(
            Cache<String, String> node, Cache<String, String> writer, List<RedisServer> servers, String reported) {
        List<List<Long>> reads = new ArrayList<>();
        for (int round = 0; round < MOST_ROUNDS && (round < FEWEST_ROUNDS || !isThree(reads)); round++) {
            String prefix = "r" + round + "-";
            List<String> keys =
                    IntStream.range(0, 100).mapToObj(i -> prefix + i).toList();
            writer.putAll(keys.subList(0, 50).stream().collect(Collectors.toMap(key -> key, key -> "row")));
            // What was asked before must not be asked again.
            node.getIfPresent(prefix + 0);
            bulkLoads.set(0);
            loaded.set(0);
            long fillsBefore = node.stats().far().fills();
            List<Long> before = servers.stream().map(RedisServer::totalReads).toList();

            assertThat(node.getAll(keys))
                    .hasSize(100)
                    .allSatisfy((key, row) -> assertThat(row).isEqualTo("row"));
            ScenarioNodes.holds("all is stored", () -> node.stats().far().fills() - fillsBefore == 50);

            // The second question of how often it has read is a read too.
            reads.add(IntStream.range(0, servers.size())
                    .mapToObj(i -> servers.get(i).totalReads() - before.get(i) - 1)
                    .toList());
            assertThat(bulkLoads).hasValue(1);
            assertThat(loaded).hasValue(50);
        }

        assertThat(reads)
                .allSatisfy(round ->
                        assertThat(round).allSatisfy(each -> assertThat(each).isGreaterThanOrEqualTo(3)));
        assertThat(isThree(reads)).as("reads of each server: %s", reads).isTrue();
        ScenarioReport.figure(
                "X22",
                reported,
                "1 bulk load, 3 reads" + (servers.size() == 1 ? "" : " of each of " + servers.size() + " servers")
                        + " (in " + reads.size() + " rounds: " + reads + ")");
    }

    /** Whether each server was asked as seldom at least once: a heartbeat may come in between. */
    private static boolean isThree(List<List<Long>> reads) {
        return IntStream.range(0, reads.get(0).size())
                .allMatch(server -> reads.stream().anyMatch(round -> round.get(server) == 3));
    }
}
