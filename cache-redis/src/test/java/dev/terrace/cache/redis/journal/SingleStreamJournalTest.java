package dev.terrace.cache.redis.journal;

import static dev.terrace.cache.redis.journal.JournalNode.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.spi.JournalException;
import dev.terrace.cache.spi.SharedLog.Tenure;
import dev.terrace.cache.testkit.FaultyLink;
import dev.terrace.cache.testkit.RedisServer;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

final class SingleStreamJournalTest extends StreamJournalContract {

    private final RedisServer server = RedisServer.start();

    @Override
    SharedRedis connect() {
        return SharedRedis.connect(server.uri());
    }

    @Override
    RedisServer owner(String key) {
        return server;
    }

    @AfterAll
    void stop() {
        server.close();
    }

    @Test
    void withoutRedisRecordsAreRefusedInTimeAndTakenAgainWhenItIsBack() throws Exception {
        try (FaultyLink link = FaultyLink.to(server.port());
                SharedRedis cut =
                        SharedRedis.connect("redis://127.0.0.1:" + link.port()).withBudget(Duration.ofMillis(500))) {
            JournalNode node = new JournalNode(
                            cut, RedisStreamJournal.on(cut).partitions(1).lease(JournalNode.LEASE), queue)
                    .started();
            try (node) {
                done(node.append("key", "before"));
                eventually("it is handed out", () -> node.texts().contains("before"));
                Tenure tenure = node.handed.get(0).tenure();
                link.refuse();
                link.cut();
                assertThat(node.append("key", "refused"))
                        .failsWithin(LONG)
                        .withThrowableOfType(Exception.class)
                        .withMessageContaining("did not take a record");
                eventually("the tenure has ended", () -> node.ended.contains(tenure));
                link.heal();
                eventually(
                        "it is taken again",
                        () -> node.append("key", "after")
                                .handle((appended, failure) -> failure == null)
                                .join());
                eventually("all are handed out again", () -> node.texts().contains("after"));
                assertThat(node.texts().lastIndexOf("before")).isGreaterThan(0);
                assertThat(node.damage).isEmpty();
            }
        }
    }

    @Test
    void anAnswerThatWasLostIsSaidToBe() throws Exception {
        try (FaultyLink link = FaultyLink.to(server.port());
                SharedRedis cut =
                        SharedRedis.connect("redis://127.0.0.1:" + link.port()).withBudget(Duration.ofMillis(300))) {
            JournalNode node = new JournalNode(cut, RedisStreamJournal.on(cut).partitions(1), queue);
            try (node) {
                done(node.append("key", "before"));
                link.toClient().blackhole();
                assertThat(node.append("key", "perhaps"))
                        .failsWithin(LONG)
                        .withThrowableOfType(Exception.class)
                        .withMessageContaining("or its answer was lost");
            }
        }
        JournalNode next = node().started();
        eventually("both are there", () -> next.texts().equals(List.of("before", "perhaps")));
    }

    @Test
    void itCannotBeOpenedWithoutRedis() {
        RedisServer gone = RedisServer.start();
        gone.close();
        try (SharedRedis redis = SharedRedis.connect(gone.uri()).withBudget(Duration.ofMillis(300))) {
            assertThatThrownBy(() -> new JournalNode(redis, RedisStreamJournal.on(redis), queue))
                    .isInstanceOf(JournalException.class)
                    .hasMessageContaining("cannot be opened");
        }
    }

    @Test
    void aRedisThatLostItsDataIsReported() {
        try (RedisServer forgetful = RedisServer.start();
                SharedRedis redis = SharedRedis.connect(forgetful.uri()).withBudget(Duration.ofSeconds(10))) {
            JournalNode node = new JournalNode(
                            redis, RedisStreamJournal.on(redis).partitions(1).lease(JournalNode.LEASE), queue)
                    .started();
            try (node) {
                var before = done(node.append("key", "before"));
                eventually("it is handed out", () -> !node.handed.isEmpty());
                Tenure tenure = node.handed.get(0).tenure();
                forgetful.kill();
                forgetful.restart();
                eventually(
                        "it is taken again",
                        () -> node.append("key", "after")
                                .handle((appended, failure) -> failure == null)
                                .join());
                assertThat(before.gone()).failsWithin(LONG);
                eventually("the old tenure has ended", () -> node.ended.contains(tenure));
                eventually("what came after is handed out", () -> node.texts().contains("after"));
                assertThat(node.damage).anyMatch(what -> what.contains("its Redis has lost it"));
            }
        }
    }

    @Test
    void settingsThatCannotWorkAreRefused() {
        try (SharedRedis redis = connect()) {
            RedisStreamJournal journal = RedisStreamJournal.on(redis);
            assertThatThrownBy(() -> journal.partitions(0)).hasMessageContaining("partitions 0");
            assertThatThrownBy(() -> journal.lease(Duration.ofMillis(1))).hasMessageContaining("lease");
            assertThatThrownBy(() -> journal.capacity(0)).hasMessageContaining("capacity 0");
            assertThatThrownBy(() -> new JournalNode(redis, journal, "a b")).hasMessageContaining("queue");
            assertThat(journal.toString()).contains("8 partitions");
        }
    }
}
