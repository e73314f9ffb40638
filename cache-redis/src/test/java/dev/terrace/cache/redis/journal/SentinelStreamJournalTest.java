package dev.terrace.cache.redis.journal;

import static dev.terrace.cache.redis.journal.JournalNode.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.testkit.RedisSentinel;
import java.time.Duration;
import org.junit.jupiter.api.Test;

final class SentinelStreamJournalTest {

    private static JournalNode node(RedisSentinel sentinel) {
        SharedRedis redis = SharedRedis.connect(sentinel.uri()).withBudget(Duration.ofSeconds(2));
        return new JournalNode(redis, RedisStreamJournal.on(redis).partitions(1).lease(JournalNode.LEASE), "orders");
    }

    @Test
    void whatWasReplicatedIsHandedOutAfterAFailoverAndNumbersGoOnRising() {
        try (RedisSentinel sentinel = RedisSentinel.start();
                JournalNode first = node(sentinel);
                JournalNode next = node(sentinel)) {
            long number = 0;
            for (int i = 0; i < 10; i++) {
                number =
                        StreamJournalContract.done(first.append("key", "r" + i)).number();
            }
            assertThat(sentinel.primary().command("WAIT", 1, 10_000)).isEqualTo(1L);

            sentinel.killPrimary();

            next.started();
            eventually("all are handed out", () -> next.texts().contains("r9"));
            assertThat(next.texts().stream().distinct()).hasSize(10);
            assertThat(StreamJournalContract.done(next.append("key", "r10")).number())
                    .isGreaterThan(number);
            assertThat(next.damage).isEmpty();
        }
    }
}
