package dev.terrace.cache.redis.event;

import static dev.terrace.cache.redis.event.Received.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.redis.structure.EventLog;
import dev.terrace.cache.spi.InvalidationSource;
import dev.terrace.cache.testkit.RedisCluster;
import dev.terrace.cache.testkit.RedisServer;
import io.lettuce.core.RedisURI;
import io.lettuce.core.cluster.RedisClusterClient;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Events of a stream: all of them, in order, from where one was. */
final class StreamEventsTest {

    private final RedisServer server = RedisServer.start();
    private final SharedRedis redis = SharedRedis.connect(server.uri()).withBudget(Duration.ofSeconds(5));
    private final EventLog<String> log = EventLog.on(redis, "changes", StringCodec.utf8(), 1_000);
    private final StreamEvents<String> events =
            StreamEvents.of(redis, "changes", StringCodec.utf8()).every(Duration.ofMillis(5));

    @AfterEach
    void close() {
        redis.close();
        server.close();
    }

    private void append(String event) {
        log.append(event).await();
    }

    @Test
    void theFirstSubscriptionBeginsWithWhatComesAfterIt() {
        append("before");
        Received received = new Received();
        try (InvalidationSource.Subscription subscription = events.subscribe("products", received)) {
            append("one");
            append("two");
            eventually("both are told", () -> received.handled.equals(List.of("one", "two")));
            assertThat(subscription).isNotNull();
        }
        assertThat(received.missed).hasValue(0);
    }

    @Test
    void aLaterOneGoesOnWhereTheLastWas() {
        Received first = new Received();
        try (InvalidationSource.Subscription subscription = events.subscribe("products", first)) {
            append("one");
            eventually("it is told", () -> first.handled.equals(List.of("one")));
            eventually(
                    "it is kept", () -> "1".equals(String.valueOf(server.command("EXISTS", "seen:products:changes"))));
            eventually(
                    "its place is kept",
                    () -> server.text("GET", "seen:products:changes")
                            .equals(log.last(1).await().get(0).id()));
            assertThat(subscription).isNotNull();
        }
        IntStream.range(0, 250).forEach(i -> append("away " + i));
        Received next = new Received();
        try (InvalidationSource.Subscription subscription = events.subscribe("products", next)) {
            eventually("all are told", () -> next.handled.size() == 250);
            assertThat(next.handled)
                    .isEqualTo(
                            IntStream.range(0, 250).mapToObj(i -> "away " + i).toList());
            assertThat(subscription).isNotNull();
        }
        assertThat(next.missed).hasValue(0);
        Received other = new Received();
        try (InvalidationSource.Subscription subscription = events.subscribe("orders", other)) {
            append("new");
            eventually("another name begins anew", () -> other.handled.equals(List.of("new")));
            assertThat(subscription).isNotNull();
        }
    }

    @Test
    void whatCannotBeHandledIsTriedAgainAndNotPassedOver() {
        Received received = new Received();
        received.fails = event -> event.equals("two");
        try (InvalidationSource.Subscription subscription = events.subscribe("products", received)) {
            append("one");
            append("two");
            eventually(
                    "it is tried again",
                    () -> received.tried.stream().filter("two"::equals).count() >= 3);
            String seen = server.text("GET", "seen:products:changes");
            String last = log.last(1).await().get(0).id();
            assertThat(seen).isNotEqualTo(last);
            received.fails = event -> false;
            eventually("it is handled", () -> received.handled.contains("two"));
            eventually(
                    "its place is kept",
                    () -> server.text("GET", "seen:products:changes").equals(last));
            assertThat(received.missed).hasValue(0);
            assertThat(subscription).isNotNull();
        }
    }

    @Test
    void whatIsNotHandledBeforeAProcessDiesIsToldToTheNext() {
        Received first = new Received();
        first.fails = event -> true;
        try (InvalidationSource.Subscription subscription = events.subscribe("products", first)) {
            append("one");
            eventually("it is tried", () -> !first.tried.isEmpty());
            assertThat(subscription).isNotNull();
        }
        Received next = new Received();
        try (InvalidationSource.Subscription subscription = events.subscribe("products", next)) {
            eventually("it is told", () -> next.handled.equals(List.of("one")));
            assertThat(subscription).isNotNull();
        }
    }

    @Test
    void whatCannotBeUnderstoodOrReadIsTakenForMissed() {
        Received received = new Received();
        received.notUnderstood = event -> event.equals("poison");
        try (InvalidationSource.Subscription subscription = events.subscribe("products", received)) {
            append("poison");
            append("fine");
            eventually("it is taken for missed", () -> received.missed.get() == 1);
            server.command("XADD", "changes", "*", "another", "field");
            eventually("it cannot be read", () -> received.missed.get() == 2);
            append("after");
            eventually("what comes after goes on", () -> received.handled.contains("after"));
            assertThat(received.handled).containsOnlyOnce("fine");
            assertThat(subscription).isNotNull();
        }
    }

    @Test
    void aStreamThatWasTrimmedPastTheReaderIsTold() {
        Received first = new Received();
        try (InvalidationSource.Subscription subscription = events.subscribe("products", first)) {
            append("one");
            eventually(
                    "its place is kept",
                    () -> server.text("GET", "seen:products:changes")
                            .equals(log.last(1).await().get(0).id()));
            assertThat(subscription).isNotNull();
        }
        append("lost");
        append("left");
        log.trim(1).await();
        Received next = new Received();
        try (InvalidationSource.Subscription subscription = events.subscribe("products", next)) {
            eventually("the rest is told", () -> next.handled.equals(List.of("left")));
            eventually("it is told", () -> next.missed.get() == 1);
            log.delete().await();
            eventually("that it was deleted is told", () -> next.missed.get() == 2);
            append("anew");
            eventually("it goes on", () -> next.handled.contains("anew"));
            assertThat(next.missed).hasValue(2);
            assertThat(subscription).isNotNull();
        }
    }

    @Test
    void whatWasAppendedWhileRedisCouldNotBeReachedIsToldAfterwards() {
        server.close();
        try (RedisServer lasting = RedisServer.start("--appendonly", "yes", "--appendfsync", "always");
                SharedRedis shared = SharedRedis.connect(lasting.uri()).withBudget(Duration.ofMillis(500))) {
            Received received = new Received();
            try (InvalidationSource.Subscription subscription = StreamEvents.of(shared, "changes", StringCodec.utf8())
                    .every(Duration.ofMillis(5))
                    .subscribe("products", received)) {
                lasting.command("XADD", "changes", "*", "v", "one");
                eventually("it is told", () -> received.handled.equals(List.of("one")));
                lasting.kill();
                lasting.restart();
                lasting.command("XADD", "changes", "*", "v", "two");
                eventually("it is told", () -> received.handled.equals(List.of("one", "two")));
                assertThat(subscription).isNotNull();
            }
        }
    }

    @Test
    void fieldsAreReadAsTheApplicationSays() {
        StreamEvents<String> rows = StreamEvents.of(
                redis,
                "outbox",
                (Map<String, byte[]> fields) ->
                        new String(Objects.requireNonNull(fields.get("table")), StandardCharsets.UTF_8));
        Received received = new Received();
        try (InvalidationSource.Subscription subscription = rows.subscribe("products", received)) {
            server.command("XADD", "outbox", "*", "table", "products", "id", "7");
            eventually("it is told", () -> received.handled.equals(List.of("products")));
            assertThat(subscription).isNotNull();
        }
        assertThat(rows.toString()).contains("outbox");
        assertThatThrownBy(() -> rows.every(Duration.ZERO)).hasMessageContaining("interval");
    }

    @Test
    void itReadsAStreamOfACluster() {
        try (RedisCluster cluster = RedisCluster.start()) {
            RedisClusterClient client = RedisClusterClient.create(
                    cluster.uris().stream().map(RedisURI::create).toList());
            try (SharedRedis shared = SharedRedis.using(client).withBudget(Duration.ofSeconds(5))) {
                Received received = new Received();
                try (InvalidationSource.Subscription subscription =
                        StreamEvents.of(shared, "changes", StringCodec.utf8()).subscribe("products", received)) {
                    EventLog.on(shared, "changes", StringCodec.utf8(), 100)
                            .append("one")
                            .await();
                    eventually("it is told", () -> received.handled.equals(List.of("one")));
                    assertThat(subscription).isNotNull();
                }
            } finally {
                client.shutdown(0, 2, TimeUnit.SECONDS);
            }
        }
    }
}
