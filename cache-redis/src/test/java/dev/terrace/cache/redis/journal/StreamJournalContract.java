package dev.terrace.cache.redis.journal;

import static dev.terrace.cache.redis.journal.JournalNode.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.spi.JournalException;
import dev.terrace.cache.spi.SharedLog.Appended;
import dev.terrace.cache.spi.SharedLog.Tenure;
import dev.terrace.cache.testkit.RedisServer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.TestInstance;

/** What holds of a journal in streams on any Redis. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class StreamJournalContract {

    static final Duration LONG = Duration.ofSeconds(30);

    String queue = "";
    private final Deque<JournalNode> nodes = new ArrayDeque<>();

    /** A new connection. */
    abstract SharedRedis connect();

    /** The server that has a key. */
    abstract RedisServer owner(String key);

    @BeforeEach
    void nameQueue(TestInfo test) {
        queue = test.getTestMethod().orElseThrow().getName();
    }

    @AfterEach
    void closeNodes() {
        while (!nodes.isEmpty()) {
            nodes.pop().close();
        }
    }

    /** A process whose queue has one stream, unless it says otherwise. */
    JournalNode node() {
        return node(1, 100_000);
    }

    JournalNode node(int partitions, int capacity) {
        SharedRedis redis = connect().withBudget(Duration.ofSeconds(10));
        JournalNode node = new JournalNode(
                redis,
                RedisStreamJournal.on(redis)
                        .partitions(partitions)
                        .capacity(capacity)
                        .lease(JournalNode.LEASE),
                queue);
        nodes.push(node);
        return node;
    }

    private String stream() {
        return "journal:{" + queue + ":0}";
    }

    private Object command(String command, String key, Object... args) {
        List<Object> all = new ArrayList<>(List.of(command, key));
        all.addAll(List.of(args));
        return String.valueOf(owner(key).command(all.toArray()));
    }

    static Appended done(CompletableFuture<Appended> append) {
        return append.orTimeout(LONG.toSeconds(), TimeUnit.SECONDS).join();
    }

    @Test
    void recordsOfAKeyAreHandedToOneProcessInTheOrderInWhichAllAppendedThem() {
        JournalNode one = node(4, 1_000).started();
        JournalNode other = node(4, 1_000).started();
        assertThat(one.log.origin()).isEqualTo(other.log.origin());
        List<String> expected = new ArrayList<>();
        long before = 0;
        for (int i = 0; i < 40; i++) {
            for (JournalNode node : List.of(one, other)) {
                long number = done(node.append("key", "r" + expected.size())).number();
                assertThat(number).isGreaterThan(before);
                before = number;
                expected.add("r" + expected.size());
            }
        }
        eventually("all are handed out", () -> one.handed.size() + other.handed.size() == expected.size());
        assertThat(one.texts().isEmpty() ? other.texts() : one.texts()).isEqualTo(expected);
    }

    @Test
    void keysAreSpreadOverTheStreams() {
        JournalNode node = node(8, 1_000).started();
        IntStream.range(0, 200).forEach(i -> done(node.append("key" + i, "r" + i)));
        eventually("all are handed out", () -> node.handed.size() == 200);
        assertThat(node.handed.stream().map(JournalNode.Handed::tenure).distinct())
                .hasSize(8);
    }

    @Test
    void whatWasDroppedIsGoneForWhoeverAppendedIt() {
        JournalNode writer = node().started();
        writer.writes = true;
        eventually("it owns the stream", () -> {
            done(writer.append("key", "first"));
            return !writer.handed.isEmpty();
        });
        JournalNode other = node().started();
        List<Appended> appended = new ArrayList<>();
        IntStream.range(0, 30).forEach(i -> appended.add(done((i % 2 == 0 ? writer : other).append("key", "r" + i))));
        appended.forEach(each -> assertThat(each.gone()).succeedsWithin(LONG));
        assertThat(command("XLEN", stream())).isEqualTo("0");
        assertThat(other.handed).isEmpty();
        assertThat(other.damage).isEmpty();
        assertThat(writer.damage).isEmpty();
    }

    @Test
    void whatItsOwnerHasNotDroppedIsHandedToTheNext() {
        JournalNode first = node().started();
        for (int i = 0; i < 10; i++) {
            done(first.append("key", "r" + i));
        }
        eventually("all are handed out", () -> first.handed.size() == 10);
        Tenure tenure = first.handed.get(0).tenure();
        assertThat(tenure.isHeld()).isTrue();
        first.handed.subList(0, 4).forEach(record -> tenure.drop(record.number()));
        assertThat(tenure.dropped()).succeedsWithin(LONG);
        JournalNode next = node().started();
        first.log.close();
        assertThat(tenure.isHeld()).isFalse();
        assertThat(first.ended).containsExactly(tenure);
        assertThat(first.append("key", "late")).failsWithin(LONG);
        eventually("the rest is handed out", () -> next.handed.size() == 6);
        assertThat(next.texts()).containsExactly("r4", "r5", "r6", "r7", "r8", "r9");
        assertThat(next.handed.get(0).tenure().fence()).isGreaterThan(tenure.fence());
        assertThat(next.handed.get(0).number()).isEqualTo(first.handed.get(4).number());
    }

    @Test
    void anOwnerThatLostItsLeaseIsToldAndCanDropNothingAnyMore() {
        JournalNode first = node().started();
        done(first.append("key", "r"));
        eventually("it is handed out", () -> !first.handed.isEmpty());
        Tenure tenure = first.handed.get(0).tenure();
        JournalNode next = node().started();
        // As after a failover that forgot the grant.
        command("DEL", "lock:{journal:" + queue + ":0}");
        eventually("the next has it", () -> !next.handed.isEmpty() || first.handed.size() > 1);
        eventually("the first is told", () -> first.ended.contains(tenure));
        assertThat(tenure.isHeld()).isFalse();
        tenure.drop(first.handed.get(0).number());
        assertThat(tenure.dropped()).failsWithin(LONG);
        assertThat(command("XLEN", stream())).isEqualTo("1");
    }

    @Test
    void aDropUnderAnOldFenceIsRefusedByTheStreamItself() {
        JournalNode first = node().started();
        done(first.append("key", "r"));
        eventually("it is handed out", () -> !first.handed.isEmpty());
        Tenure tenure = first.handed.get(0).tenure();
        command("HSET", stream() + ":meta", "fence", tenure.fence() + 1);
        tenure.drop(first.handed.get(0).number());
        assertThat(tenure.dropped()).failsWithin(LONG);
        assertThat(first.ended).contains(tenure);
        assertThat(command("XLEN", stream())).isEqualTo("1");
    }

    @Test
    void aFullStreamRefusesAndTakesAgainWhenThereIsRoom() {
        JournalNode node = node(1, 3);
        for (int i = 0; i < 3; i++) {
            done(node.append("key", "r" + i));
        }
        assertThat(node.append("key", "too many"))
                .failsWithin(LONG)
                .withThrowableOfType(Exception.class)
                .withMessageContaining("full with 3 records");
        node.writes = true;
        node.started();
        eventually(
                "there is room",
                () -> !node.append("key", "again")
                        .handle((appended, failure) -> failure)
                        .thenApply(failure -> failure != null)
                        .join());
        eventually("all are written", () -> node.texts().contains("again"));
        assertThat(node.texts()).startsWith("r0", "r1", "r2").doesNotContain("too many");
    }

    @Test
    void manyRecordsAreHandedOutWhileThoseBeforeAreDropped() {
        JournalNode node = node();
        List<CompletableFuture<Appended>> appends = new ArrayList<>();
        IntStream.range(0, 6_000).forEach(i -> appends.add(node.append("key", "r" + i)));
        appends.forEach(StreamJournalContract::done);
        node.writes = true;
        node.started();
        eventually("all are handed out", () -> node.handed.size() == 6_000);
        // Those that are under way at the same time are in the order in which Redis got them.
        assertThat(node.handed.stream().map(JournalNode.Handed::number)).isSorted();
        assertThat(node.texts()).doesNotHaveDuplicates();
        appends.forEach(append -> assertThat(done(append).gone()).succeedsWithin(LONG));
        assertThat(command("XLEN", stream())).isEqualTo("0");
    }

    @Test
    void noMoreThanAWindowIsHandedOutBeforeSomethingIsDropped() {
        JournalNode node = node();
        List<CompletableFuture<Appended>> appends = new ArrayList<>();
        IntStream.range(0, 3_000).forEach(i -> appends.add(node.append("key", "r" + i)));
        appends.forEach(StreamJournalContract::done);
        node.started();
        eventually("a window is handed out", () -> node.handed.size() == 2_000);
        Tenure tenure = node.handed.get(0).tenure();
        // Nobody waits for it.
        node.handed.subList(0, 100).forEach(record -> tenure.drop(record.number()));
        eventually("as many more are handed out", () -> node.handed.size() == 2_100);
    }

    @Test
    void recordsThatSomebodyElseRemovedAreReported() {
        JournalNode node = node();
        for (int i = 0; i < 5; i++) {
            done(node.append("key", "r" + i));
        }
        command("XTRIM", stream(), "MAXLEN", 2);
        done(node.append("key", "r5"));
        assertThat(node.damage).singleElement().asString().contains("3 records were removed by somebody else");
        node.writes = true;
        node.started();
        eventually("the rest is written", () -> node.handed.size() == 3);
        done(node.append("key", "r6"));
        assertThat(node.damage).hasSize(1);
    }

    @Test
    void aStreamThatWasDeletedIsReportedAndGoesOnWithHigherNumbers() {
        JournalNode node = node();
        Appended before = done(node.append("key", "lost"));
        command("DEL", stream());
        command("DEL", stream() + ":meta");
        Appended after = done(node.append("key", "next"));
        assertThat(after.number()).isGreaterThan(before.number());
        assertThat(before.gone())
                .failsWithin(LONG)
                .withThrowableOfType(Exception.class)
                .withMessageContaining("nobody knows");
        assertThat(node.damage).singleElement().asString().contains("was deleted");
        node.writes = true;
        node.started();
        assertThat(after.gone()).succeedsWithin(LONG);
        assertThat(node.texts()).containsExactly("next");
    }

    @Test
    void whatCannotBeUnderstoodIsPutAsideAndTheRestGoesOn() {
        JournalNode node = node();
        done(node.append("key", "r0"));
        done(node.append("key", "unreadable, though whole"));
        command("XADD", stream(), "*", "something", "else");
        command("XADD", stream(), "*", "r", "x");
        byte[] old = Frame.of(JournalNode.bytes("of an older format"));
        old[0] = 0;
        command("XADD", stream(), "9000000000000000-0", "r", old);
        byte[] damaged = Frame.of(JournalNode.bytes("damaged"));
        damaged[damaged.length - 1] ^= 1;
        command("XADD", stream(), "9000000000000001-0", "r", damaged);
        command("HSET", stream() + ":meta", "last", "9000000000000001");
        done(node.append("key", "r1"));
        node.started();
        eventually("the others are handed out", () -> node.texts().equals(List.of("r0", "r1")));
        assertThat(node.aside).hasSize(5);
        assertThat(node.aside.get(0)).contains("of another codec");
        assertThat(node.aside.get(1)).contains("none of ours");
        assertThat(node.aside.get(3)).contains("format 0");
        assertThat(node.aside.get(4)).contains("damaged").contains(stream() + ":aside");
        assertThat(command("XLEN", stream() + ":aside")).isEqualTo("5");
        assertThat(command("XLEN", stream())).isEqualTo("2");
        assertThat(node.damage).isEmpty();
    }

    @Test
    void somethingElseUnderTheKeyIsAClearFailure() {
        JournalNode node = node();
        command("SET", stream(), "a text");
        assertThat(node.append("key", "r"))
                .failsWithin(LONG)
                .withThrowableOfType(Exception.class)
                .withMessageContaining(stream())
                .withMessageContaining("another type");
    }

    @Test
    void otherSettingsThanThoseItWasMadeWithAreRefused() {
        node(4, 1_000);
        assertThatThrownBy(() -> node(5, 1_000))
                .isInstanceOf(JournalException.class)
                .hasMessageContaining("partitions 4, not 5")
                .hasMessageContaining("nothing was changed");
        command("HSET", "journal:{" + queue + "}", "format", "7");
        assertThatThrownBy(() -> node(4, 1_000))
                .isInstanceOf(JournalException.class)
                .hasMessageContaining("format 7");
    }
}
