package dev.terrace.cache.redis.structure;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrace.cache.CacheListener;
import dev.terrace.cache.codec.CodecException;
import dev.terrace.cache.codec.NumberCodec;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.redis.Answer;
import dev.terrace.cache.redis.Pipeline;
import dev.terrace.cache.redis.RedisCallException;
import dev.terrace.cache.redis.RedisCallException.Reason;
import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.redis.structure.EventLog.Event;
import dev.terrace.cache.redis.structure.Leaderboard.Place;
import dev.terrace.cache.testkit.RedisServer;
import io.lettuce.core.protocol.CommandType;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.TestInstance;

/** What holds of structures on any Redis. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class StructureContract {

    private static final StringCodec TEXT = StringCodec.utf8();
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final LocalDate DAY = LocalDate.of(2026, 3, 1);

    private String name = "";

    abstract SharedRedis redis();

    /** The server that has a key. */
    abstract RedisServer owner(String key);

    @BeforeEach
    void nameStructure(TestInfo test) {
        name = test.getTestMethod().orElseThrow().getName();
    }

    private Object stored(String command, String key, Object... args) {
        List<Object> all = new ArrayList<>(List.of(command, key));
        all.addAll(List.of(args));
        Object reply = owner(key).command(all.toArray());
        return reply instanceof byte[] bytes ? new String(bytes, UTF_8) : String.valueOf(reply);
    }

    @Test
    void aCounterCountsAndEndsAfterItsTime() {
        Counter counter = Counter.on(redis(), name, Duration.ofMinutes(1));
        assertThat(counter.get().await()).isZero();
        assertThat(counter.increment().await()).isEqualTo(1);
        assertThat(counter.add(41).await()).isEqualTo(42);
        assertThat(counter.get().await()).isEqualTo(42);
        assertThat(counter.timeToLive().await().orElseThrow()).isBetween(Duration.ofSeconds(30), Duration.ofMinutes(1));
        assertThat(counter.expireAfter(Duration.ofMillis(1)).await()).isTrue();
        RedisServer.awaitTime(Duration.ofMillis(5));
        assertThat(counter.get().await()).isZero();
        Counter endless = Counter.on(redis(), name);
        endless.increment().await();
        assertThat(endless.timeToLive().await()).isEmpty();
        assertThat(endless.delete().await()).isTrue();
        assertThat(endless.delete().await()).isFalse();
        assertThat(endless.toString()).isEqualTo("counter \"" + name + "\"");
    }

    @Test
    void valuesHaveATimeToLive() {
        RedisValues<String> values = RedisValues.on(redis(), name, TEXT, Duration.ofMinutes(1));
        assertThat(values.get("a").await()).isEmpty();
        values.set("a", "ä").await();
        assertThat(stored("GET", name + ":a")).isEqualTo("ä");
        assertThat(values.get("a").await()).contains("ä");
        assertThat(values.setIfAbsent("a", "other").await()).isFalse();
        assertThat(values.setIfAbsent("b", "b").await()).isTrue();
        stored("PEXPIRE", name + ":a", 10_000);
        values.getAndTouch("a").await();
        assertThat(values.timeToLive("a").await().orElseThrow()).isGreaterThan(Duration.ofSeconds(30));
        assertThat(values.getAndDelete("a").await()).contains("ä");
        assertThat(values.timeToLive("a").await()).isEmpty();
    }

    @Test
    void aHashHasFieldsAndCounters() {
        RedisHash<String> hash = RedisHash.on(redis(), name, TEXT, Duration.ofMinutes(1));
        assertThat(hash.put("name", "Ada").await()).isTrue();
        assertThat(hash.put("name", "Grace").await()).isFalse();
        assertThat(hash.putAll(Map.of("a", "1", "b", "2")).await()).isEqualTo(2);
        assertThat(hash.get("name").await()).contains("Grace");
        assertThat(hash.get("none").await()).isEmpty();
        assertThat(hash.add("visits", 2).await()).isEqualTo(2);
        assertThat(hash.number("visits").await()).isEqualTo(2);
        assertThat(hash.getAll().await()).containsEntry("visits", "2").hasSize(4);
        assertThat(hash.remove("a", "none").await()).isEqualTo(1);
        assertThat(hash.size().await()).isEqualTo(3);
        assertThat(hash.timeToLive().await()).isPresent();
        assertThatThrownBy(() -> hash.put("ä", "x")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void setsHaveMembersInCommon() {
        RedisSet<String> ada = RedisSet.on(redis(), "{" + name + "}ada", TEXT);
        RedisSet<String> grace = RedisSet.on(redis(), "{" + name + "}grace", TEXT, Duration.ofMinutes(1));
        assertThat(ada.add(List.of("java", "sql", "c")).await()).isEqualTo(3);
        assertThat(grace.add(List.of("cobol", "sql", "c")).await()).isEqualTo(3);
        assertThat(ada.intersection(List.of(grace)).await()).containsExactlyInAnyOrder("sql", "c");
        assertThat(ada.union(List.of(grace)).await()).hasSize(4);
        assertThat(ada.difference(List.of(grace)).await()).containsExactly("java");
        assertThat(ada.contains("java").await()).isTrue();
        assertThat(ada.remove(List.of("java", "x")).await()).isEqualTo(1);
        assertThat(ada.members().await()).containsExactlyInAnyOrder("sql", "c");
        assertThat(ada.size().await()).isEqualTo(2);
        assertThatThrownBy(() -> ada.add(List.of())).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aLeaderboardHasRanksAlsoForTies() {
        Leaderboard<String> board = Leaderboard.on(redis(), name, TEXT);
        board.set("a", 50).await();
        board.set("b", 40).await();
        board.set("c", 40).await();
        board.set("d", 30.5).await();
        board.set("e", 10).await();
        assertThat(board.top(10).await())
                .containsExactly(
                        new Place<>(1, "a", 50),
                        new Place<>(2, "c", 40),
                        new Place<>(2, "b", 40),
                        new Place<>(4, "d", 30.5),
                        new Place<>(5, "e", 10));
        assertThat(board.top(2).await()).hasSize(2);
        // The first that is shown shares its rank with one that is not.
        assertThat(board.place("b").await()).contains(new Place<>(2, "b", 40));
        assertThat(board.around("d", 1).await())
                .containsExactly(new Place<>(2, "b", 40), new Place<>(4, "d", 30.5), new Place<>(5, "e", 10));
        assertThat(board.around("nobody", 1).await()).isEmpty();
        assertThat(board.place("nobody").await()).isEmpty();
        assertThat(board.setIfBetter("e", 5).await()).isFalse();
        assertThat(board.setIfBetter("e", 15).await()).isTrue();
        assertThat(board.add("e", 45).await()).isEqualTo(60);
        assertThat(board.place("e").await().orElseThrow().rank()).isEqualTo(1);
        assertThat(board.score("e").await()).hasValue(60);
        assertThat(board.score("nobody").await()).isEmpty();
        assertThat(board.remove("e").await()).isTrue();
        assertThat(board.size().await()).isEqualTo(4);
        assertThatThrownBy(() -> board.set("x", Double.NaN)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> board.top(0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void differentValuesAreCountedAboutRight() {
        UniqueCounter<String> monday = UniqueCounter.on(redis(), "{" + name + "}mon", TEXT);
        UniqueCounter<String> tuesday = UniqueCounter.on(redis(), "{" + name + "}tue", TEXT);
        for (int i = 0; i < 3; i++) {
            monday.add(IntStream.range(0, 2_000).mapToObj(n -> "v" + n).toList())
                    .await();
        }
        tuesday.add(IntStream.range(1_000, 3_000).mapToObj(n -> "v" + n).toList())
                .await();
        assertThat(monday.count().await()).isBetween(1_900L, 2_100L);
        assertThat(monday.countWith(List.of(tuesday)).await()).isBetween(2_850L, 3_150L);
        assertThat(monday.add(List.of("v1")).await()).isFalse();
        monday.merge(List.of(tuesday)).await();
        assertThat(monday.count().await()).isBetween(2_850L, 3_150L);
    }

    @Test
    void activityHasStreaksAndPopulations() {
        ActivityBitmap activity = ActivityBitmap.on(redis(), name, Duration.ofDays(90));
        for (int back = 0; back < 5; back++) {
            assertThat(activity.mark(7, DAY.minusDays(back)).await()).isFalse();
        }
        assertThat(activity.mark(7, DAY).await()).isTrue();
        activity.mark(7, DAY.minusDays(6)).await();
        activity.mark(1_000, DAY).await();
        assertThat(activity.streak(7, DAY, 30).await()).isEqualTo(5);
        assertThat(activity.streak(7, DAY, 3).await()).isEqualTo(3);
        assertThat(activity.streak(7, DAY.plusDays(1), 30).await()).isZero();
        assertThat(activity.isActive(1_000, DAY).await()).isTrue();
        assertThat(activity.isActive(999, DAY).await()).isFalse();
        assertThat(activity.population(DAY).await()).isEqualTo(2);
        assertThat(activity.activeOnAll(List.of(DAY, DAY.minusDays(1))).await()).isEqualTo(1);
        assertThat(activity.activeOnAny(List.of(DAY, DAY.minusDays(1))).await()).isEqualTo(2);
        assertThatThrownBy(() -> activity.mark(-1, DAY)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> activity.mark(1L << 32, DAY)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aLogIsReadFromAnyPlaceAndByGroups() {
        EventLog<String> log = EventLog.on(redis(), name, TEXT, 1_000);
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            ids.add(log.append("e" + i).await());
        }
        assertThat(log.readAfter("0", 10).await())
                .extracting(Event::value)
                .containsExactly("e0", "e1", "e2", "e3", "e4");
        assertThat(log.readAfter(ids.get(2), 10).await()).extracting(Event::id).containsExactly(ids.get(3), ids.get(4));
        assertThat(log.last(1).await()).extracting(Event::value).containsExactly("e4");

        assertThat(log.createGroup("mailers", "0").await()).isTrue();
        assertThat(log.createGroup("mailers", "0").await()).isFalse();
        List<Event<String>> ofOne = log.readAs("mailers", "one", 2).await();
        List<Event<String>> ofTwo = log.readAs("mailers", "two", 10).await();
        assertThat(ofOne).extracting(Event::value).containsExactly("e0", "e1");
        assertThat(ofTwo).extracting(Event::value).containsExactly("e2", "e3", "e4");
        assertThat(log.readAs("mailers", "one", 2).await()).isEmpty();
        assertThat(log.acknowledge("mailers", List.of(ofOne.get(0).id())).await())
                .isEqualTo(1);
        assertThat(log.pending("mailers").await()).isEqualTo(4);
        // One died: the other takes over what it did not finish.
        RedisServer.awaitTime(Duration.ofMillis(30));
        assertThat(log.takeOver("mailers", "three", Duration.ofHours(1), 10).await())
                .isEmpty();
        assertThat(log.takeOver("mailers", "three", Duration.ofMillis(20), 1).await())
                .extracting(Event::value)
                .containsExactly("e1");
        assertThat(log.trim(2).await()).isEqualTo(3);
        assertThat(log.size().await()).isEqualTo(2);
    }

    @Test
    void aQueueHandsOverReliably() {
        RedisQueue<String> queue = RedisQueue.on(redis(), name, TEXT, Duration.ofMillis(300), 4);
        assertThat(queue.take(Duration.ZERO).await()).isEmpty();
        assertThat(queue.offer(List.of("a", "b", "c")).await()).isTrue();
        assertThat(queue.offer(List.of("d", "e")).await()).isFalse();
        RedisQueue<String>.Taken a = queue.take(Duration.ZERO).await().orElseThrow();
        RedisQueue<String>.Taken b = queue.take(Duration.ZERO).await().orElseThrow();
        assertThat(List.of(a.value(), b.value())).containsExactly("a", "b");
        assertThat(queue.inHand().await()).isEqualTo(2);
        assertThat(a.acknowledge().await()).isTrue();
        assertThat(a.acknowledge().await()).isFalse();
        assertThat(queue.size().await()).isEqualTo(1);
        // Nobody acknowledges b: it comes again, before c.
        RedisServer.awaitTime(Duration.ofMillis(320));
        RedisQueue<String>.Taken again = queue.take(Duration.ZERO).await().orElseThrow();
        assertThat(again.value()).isEqualTo("b");
        assertThat(b.acknowledge().await()).isFalse();
        assertThat(again.giveBack().await()).isTrue();
        assertThat(queue.take(Duration.ZERO).await().orElseThrow().value()).isEqualTo("b");
        assertThat(queue.delete().await()).isTrue();
    }

    @Test
    void whoeverWaitsForAnEntryIsWoken() throws Exception {
        RedisQueue<String> queue = RedisQueue.on(redis(), name, TEXT, Duration.ofSeconds(30), 100);
        Answer<Optional<RedisQueue<String>.Taken>> waiting = queue.take(LONG);
        assertThat(queue.take(Duration.ofMillis(50)).await()).isEmpty();
        assertThat(waiting).isNotDone();
        Answer<Optional<RedisQueue<String>.Taken>> cancelled = queue.take(LONG);
        cancelled.cancel(true);
        assertThatThrownBy(cancelled::join).isInstanceOf(CancellationException.class);
        queue.offer(List.of("a")).await();
        assertThat(waiting.await().orElseThrow().value()).isEqualTo("a");
    }

    @Test
    void aPipelineHasAResultForEachCommandAndAFailureForEach() {
        RedisSet.on(redis(), name + "set", TEXT).add(List.of("x")).await();
        Pipeline pipeline = redis().pipeline();
        for (int i = 0; i < 2_500; i++) {
            pipeline.set(name + i, ("v" + i).getBytes(UTF_8), Duration.ofMinutes(1));
        }
        pipeline.get(name + "set").get(name + "none").add(CommandType.INCR, name + "n");
        List<Pipeline.Result> results = pipeline.execute().await();
        assertThat(results).hasSize(2_503);
        assertThat(results.subList(0, 2_500))
                .allSatisfy(result ->
                        assertThat((byte[]) result.value()).asString(UTF_8).isEqualTo("OK"));
        assertThat(results.get(2_500).failure())
                .isInstanceOfSatisfying(
                        RedisCallException.class, e -> assertThat(e.reason()).isEqualTo(Reason.WRONG_TYPE));
        assertThat(results.get(2_501)).isEqualTo(new Pipeline.Result(null, null));
        assertThat(results.get(2_502).value()).isEqualTo(1L);
        for (int i = 0; i < 2_500; i += 499) {
            assertThat(stored("GET", name + i)).isEqualTo("v" + i);
        }
        assertThatThrownBy(pipeline::execute).isInstanceOf(IllegalStateException.class);
        assertThat(redis().pipeline().execute().await()).isEmpty();
    }

    @Test
    void aWriteThatIsRefusedDoesNotLetEndWhatIsThere() {
        stored("LPUSH", name + "list", "x");
        stored("SET", name + "text", "x");
        List<Answer<?>> refused = List.of(
                Counter.on(redis(), name + "list", LONG).increment(),
                Counter.on(redis(), name + "text", LONG).increment(),
                UniqueCounter.on(redis(), name + "text", TEXT, LONG).add(List.of("a")),
                RedisSet.on(redis(), name + "list", TEXT, LONG).add(List.of("a")),
                RedisHash.on(redis(), name + "list", TEXT, LONG).put("f", "v"),
                Leaderboard.on(redis(), name + "list", TEXT, LONG).set("a", 1),
                EventLog.on(redis(), name + "list", TEXT, 10, LONG).append("a"));
        refused.forEach(one -> assertThatThrownBy(one::await).isInstanceOf(RedisCallException.class));
        assertThat(stored("PTTL", name + "list")).isEqualTo("-1");
        assertThat(stored("PTTL", name + "text")).isEqualTo("-1");
    }

    @Test
    void everyWriteSetsTheTimeToLiveAnew() {
        String key = "{" + name + "}";
        Counter counter = Counter.on(redis(), key + "counter", LONG);
        RedisHash<String> hash = RedisHash.on(redis(), key + "hash", TEXT, LONG);
        RedisSet<String> set = RedisSet.on(redis(), key + "set", TEXT, LONG);
        Leaderboard<String> board = Leaderboard.on(redis(), key + "board", TEXT, LONG);
        UniqueCounter<String> unique = UniqueCounter.on(redis(), key + "unique", TEXT, LONG);
        UniqueCounter<String> other = UniqueCounter.on(redis(), key + "other", TEXT);
        EventLog<String> log = EventLog.on(redis(), key + "log", TEXT, 10, LONG);
        other.add(List.of("x")).await();
        ends(counter, () -> counter.add(1));
        ends(hash, () -> hash.put("a", "1"));
        ends(hash, () -> hash.putAll(Map.of("b", "2", "c", "3")));
        ends(hash, () -> hash.add("n", 1));
        ends(hash, () -> hash.remove("a"));
        ends(set, () -> set.add(List.of("a", "b")));
        ends(set, () -> set.remove(List.of("a")));
        ends(board, () -> board.set("a", 1));
        ends(board, () -> board.setIfBetter("a", 2));
        ends(board, () -> board.add("b", 2));
        ends(board, () -> board.remove("b"));
        ends(unique, () -> unique.add(List.of("a")));
        ends(unique, () -> unique.merge(List.of(other)));
        ends(log, () -> log.createGroup("group", "0"));
        ends(log, () -> log.append("a"));
        ends(log, () -> log.trim(5));
        assertThat(hash.getAll().await()).isEqualTo(Map.of("b", "2", "c", "3", "n", "1"));
        assertThat(unique.count().await()).isEqualTo(2);
        assertThat(board.score("a").await()).hasValue(2);
    }

    private void ends(RedisStructure structure, Supplier<Answer<?>> write) {
        stored("PERSIST", structure.key());
        write.get().await();
        assertThat(structure.timeToLive().await()).as(structure.toString()).isPresent();
    }

    @Test
    void manyMembersAreWrittenAtOnceAlsoWithATimeToLive() {
        List<String> many = IntStream.range(0, 12_000).mapToObj(n -> "m" + n).toList();
        RedisSet<String> set = RedisSet.on(redis(), name, TEXT, LONG);
        assertThat(set.add(many).await()).isEqualTo(12_000);
        assertThat(set.remove(many.subList(0, 11_000)).await()).isEqualTo(11_000);
        assertThat(set.size().await()).isEqualTo(1_000);
        RedisHash<String> hash = RedisHash.on(redis(), name + "hash", TEXT, LONG);
        Map<String, String> fields = new HashMap<>();
        many.forEach(one -> fields.put(one, one));
        assertThat(hash.putAll(fields).await()).isEqualTo(12_000);
        assertThat(hash.getAll().await()).isEqualTo(fields);
    }

    @Test
    void aLeaderboardTakesAnyMemberAndScore() {
        Leaderboard<String> board = Leaderboard.on(redis(), name, TEXT);
        board.set("first", Double.POSITIVE_INFINITY).await();
        board.set("", 0.5).await();
        board.set("last", Double.NEGATIVE_INFINITY).await();
        assertThat(board.top(3).await())
                .containsExactly(
                        new Place<>(1, "first", Double.POSITIVE_INFINITY),
                        new Place<>(2, "", 0.5),
                        new Place<>(3, "last", Double.NEGATIVE_INFINITY));
        assertThat(board.place("").await()).contains(new Place<>(2, "", 0.5));
        assertThat(board.around("", 0).await()).hasSize(1);
        assertThat(board.add("first", 1).await()).isEqualTo(Double.POSITIVE_INFINITY);
        assertThat(board.score("last").await()).hasValue(Double.NEGATIVE_INFINITY);
    }

    @Test
    void whatIsLeftLyingIsTakenOverAlsoBehindWhatIsBeingWorkedOn() {
        EventLog<String> log = EventLog.on(redis(), name, TEXT, 1_000);
        for (int i = 0; i < 60; i++) {
            log.append("e" + i).await();
        }
        log.createGroup("g", "0").await();
        log.readAs("g", "died", 60).await();
        RedisServer.awaitTime(Duration.ofSeconds(1));
        assertThat(log.takeOver("g", "busy", Duration.ofSeconds(1), 50).await()).hasSize(50);
        // Redis looks at ten for each that is wanted.
        assertThat(log.takeOver("g", "free", Duration.ofSeconds(1), 1).await()).hasSize(1);
        assertThat(log.takeOver("g", "free", Duration.ofHours(1), 1).await()).isEmpty();
    }

    @Test
    void whatIsNoNumberIsNotShownInTheFailure() {
        stored("SET", name, "a secret");
        stored("HSET", name + "hash", "f", "a secret");
        for (Answer<Long> number : List.of(
                Counter.on(redis(), name).get(),
                RedisHash.on(redis(), name + "hash", TEXT).number("f"))) {
            assertThatThrownBy(number::await)
                    .isInstanceOfSatisfying(
                            RedisCallException.class,
                            e -> assertThat(e.reason()).isEqualTo(Reason.WRONG_TYPE))
                    .hasMessage("under the key is something that is no number");
        }
    }

    @Test
    void whoeverWaitsForAnEntryNoMoreIsNotWoken() {
        RedisQueue<String> queue = RedisQueue.on(redis(), name, TEXT, LONG, 100);
        String waiters = "queue:{" + name + "}:waiting";
        for (int i = 0; i < 5; i++) {
            assertThat(queue.take(Duration.ofMillis(20)).await()).isEmpty();
        }
        Answer<Optional<RedisQueue<String>.Taken>> cancelled = queue.take(LONG);
        eventually("it waits", () -> !stored("ZCARD", waiters).equals("0"));
        cancelled.cancel(true);
        eventually("nobody waits", () -> stored("ZCARD", waiters).equals("0"));
        // As a process that was killed leaves it.
        stored("ZADD", waiters, 1, "nobody|1");
        Answer<Optional<RedisQueue<String>.Taken>> waiting = queue.take(LONG);
        eventually(
                "it waits alone",
                () -> stored("ZCARD", waiters).equals("1")
                        && owner(waiters).command("ZSCORE", waiters, "nobody|1") == null);
        queue.offer(List.of("a")).await();
        assertThat(waiting.await().orElseThrow().acknowledge().await()).isTrue();
        eventually("nothing is left", () -> stored("EXISTS", waiters).equals("0"));
    }

    @Test
    void whoeverIsWokenInVainDoesNotAskMoreOftenForIt() {
        RedisQueue<String> queue = RedisQueue.on(redis(), name, TEXT, LONG, 100);
        String waiters = "queue:{" + name + "}:waiting";
        Answer<Optional<RedisQueue<String>.Taken>> waiting = queue.take(LONG);
        eventually("it waits", () -> stored("ZCARD", waiters).equals("1"));
        String[] address = new String(
                        (byte[]) ((List<?>) owner(waiters).command("ZRANGE", waiters, 0, 0)).get(0), UTF_8)
                .split("\\|", -1);
        for (int i = 0; i < 20; i++) {
            long calls = redis().calls();
            eventually("it is woken", () -> {
                owner(waiters).command("PUBLISH", address[0], address[1]);
                return redis().calls() > calls;
            });
        }
        RedisServer.awaitTime(Duration.ofMillis(200));
        long calls = redis().calls();
        RedisServer.awaitTime(Duration.ofMillis(1_500));
        assertThat(redis().calls() - calls).isLessThanOrEqualTo(4);
        waiting.cancel(true);
    }

    @Test
    void anEntryThatCannotBeDecodedCanBeAcknowledged() {
        RedisQueue.on(redis(), name, TEXT, LONG, 10).offer(List.of("no number")).await();
        RedisQueue<Long> queue = RedisQueue.on(redis(), name, NumberCodec.longs(), LONG, 10);
        RedisQueue<Long>.Taken taken = queue.take(Duration.ZERO).await().orElseThrow();
        assertThatThrownBy(taken::value).isInstanceOf(CodecException.class);
        assertThat(taken.acknowledge().await()).isTrue();
        assertThat(queue.inHand().await()).isZero();
    }

    @Test
    void aQueueWithATimeToLiveEndsWithAllItHas() {
        RedisQueue<String> queue = RedisQueue.on(redis(), name, TEXT, Duration.ofSeconds(1), 10, LONG);
        List<String> keys = List.of("queue:{" + name + "}", "queue:{" + name + "}:taken", "queue:{" + name + "}:due");
        queue.offer(List.of("a", "b", "c")).await();
        assertThat(Long.valueOf((String) stored("PTTL", keys.get(0)))).isPositive();
        RedisQueue<String>.Taken taken = queue.take(Duration.ZERO).await().orElseThrow();
        assertThat(queue.take(Duration.ZERO).await()).isPresent();
        for (String key : keys) {
            assertThat(Long.valueOf((String) stored("PTTL", key))).as(key).isPositive();
            stored("PERSIST", key);
        }
        taken.acknowledge().await();
        for (String key : keys) {
            assertThat(Long.valueOf((String) stored("PTTL", key))).as(key).isPositive();
        }
        assertThatThrownBy(() -> RedisQueue.on(redis(), name, TEXT, LONG, 10, LONG))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aPipelineIsToldToTheListener() {
        BlockingQueue<String> told = new LinkedBlockingQueue<>();
        SharedRedis redis = redis().withListener(new CacheListener() {
            @Override
            public void onCommand(String kind, String operation, Duration took, @Nullable Throwable failure) {
                told.add(kind + " " + operation + " " + (failure == null ? "well" : "failed"));
            }
        });
        long calls = redis.calls();
        redis.pipeline().set(name, new byte[1], LONG).get(name).execute().await();
        redis.pipeline()
                .add(CommandType.LPUSH, name, new byte[1])
                .get(name)
                .execute()
                .await();
        assertThat(told).containsExactly("pipeline execute well", "pipeline execute failed");
        assertThat(redis.calls()).isEqualTo(calls + 2);
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    private static void eventually(String what, Condition condition) {
        long end = System.nanoTime() + LONG.toNanos();
        while (System.nanoTime() < end) {
            try {
                if (condition.holds()) {
                    return;
                }
            } catch (Exception e) {
                throw new AssertionError(what, e);
            }
            RedisServer.awaitTime(Duration.ofMillis(5));
        }
        throw new AssertionError("not within " + LONG + ": " + what);
    }

    @Test
    void badInputIsRefusedClearly() {
        Counter wrong = Counter.on(redis(), name);
        stored("LPUSH", name, "x");
        assertThatThrownBy(() -> wrong.increment().await())
                .isInstanceOfSatisfying(
                        RedisCallException.class, e -> assertThat(e.reason()).isEqualTo(Reason.WRONG_TYPE));
        SharedRedis narrow = redis().withMaxValueBytes(3);
        RedisHash<String> hash = RedisHash.on(narrow, name + "h", TEXT);
        assertThatThrownBy(() -> hash.put("f", "four")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> narrow.pipeline().set("k", new byte[4], LONG))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Counter.on(redis(), name, Duration.ZERO)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Counter.on(redis(), "a b")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> EventLog.on(redis(), name, TEXT, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> RedisQueue.on(redis(), "q", TEXT, LONG, 1).take(Duration.ofSeconds(-1)))
                .isInstanceOf(IllegalArgumentException.class);
        stored("SET", name + "v:k", "no number");
        assertThatThrownBy(() -> RedisValues.on(redis(), name + "v", NumberCodec.longs(), LONG)
                        .get("k")
                        .await())
                .isInstanceOf(CodecException.class);
    }
}
