package dev.terrace.cache.redis.journal;

import static dev.terrace.cache.redis.journal.JournalNode.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.testkit.RedisCluster;
import dev.terrace.cache.testkit.RedisServer;
import io.lettuce.core.RedisURI;
import io.lettuce.core.cluster.RedisClusterClient;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

final class ClusterStreamJournalTest extends StreamJournalContract {

    private final RedisCluster cluster = RedisCluster.start();
    private final RedisClusterClient client = RedisClusterClient.create(
            cluster.uris().stream().map(RedisURI::create).toList());

    @Override
    SharedRedis connect() {
        return SharedRedis.using(client);
    }

    @Override
    RedisServer owner(String key) {
        return cluster.ownerOf(key);
    }

    @AfterAll
    void stop() {
        client.shutdown(0, 2, TimeUnit.SECONDS);
        cluster.close();
    }

    @Test
    void aStreamGoesOnWhenItsSlotIsMoved() {
        JournalNode node = node().started();
        node.writes = true;
        String stream = "journal:{" + queue + ":0}";
        done(node.append("key", "r0"));
        RedisServer from = cluster.ownerOf(stream);
        cluster.moveSlotOf(
                stream,
                cluster.nodes().stream()
                        .filter(other -> other != from)
                        .findFirst()
                        .orElseThrow());
        IntStream.range(1, 20).forEach(i -> done(node.append("key", "r" + i)));
        eventually("all are handed out", () -> node.texts().contains("r19"));
        assertThat(node.texts().stream().distinct().toList())
                .isEqualTo(IntStream.range(0, 20).mapToObj(i -> "r" + i).toList());
        assertThat(node.damage).isEmpty();
    }
}
