package dev.terrace.cache.redis.event;

import static dev.terrace.cache.redis.event.Received.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.codec.Codec;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.spi.InvalidationSource;
import dev.terrace.cache.testkit.RedisServer;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Events of a channel: those that are heard, and that others were not. */
final class ChannelEventsTest {

    private final RedisServer server = RedisServer.start();
    private final SharedRedis redis = SharedRedis.connect(server.uri()).withBudget(Duration.ofSeconds(5));
    private final Received received = new Received();
    private final InvalidationSource.Subscription subscription =
            ChannelEvents.of(redis, "changes", StringCodec.utf8()).subscribe("products", received);

    @AfterEach
    void close() {
        subscription.close();
        redis.close();
        server.close();
    }

    private void publish(String event) {
        server.command("PUBLISH", "changes", event);
    }

    @Test
    void whatIsPublishedIsTold() {
        publish("one");
        publish("two");
        eventually("both are told", () -> received.handled.equals(List.of("one", "two")));
        assertThat(received.missed).hasValue(0);
    }

    @Test
    void nothingIsToldAfterItWasClosed() {
        publish("one");
        eventually("it is told", () -> received.handled.equals(List.of("one")));
        subscription.close();
        Received other = new Received();
        try (InvalidationSource.Subscription open =
                ChannelEvents.of(redis, "changes", StringCodec.utf8()).subscribe("products", other)) {
            publish("two");
            eventually("the other is told", () -> other.handled.equals(List.of("two")));
            assertThat(open).isNotNull();
        }
        assertThat(received.handled).containsExactly("one");
        assertThat(other.missed).hasValue(0);
    }

    @Test
    void whatCannotBeHandledIsTriedAgain() {
        received.fails = event -> received.tried.size() < 3;
        publish("one");
        eventually("it is handled", () -> received.handled.equals(List.of("one")));
        assertThat(received.tried).hasSize(3);
        assertThat(received.missed).hasValue(0);
    }

    @Test
    void aTimeInWhichNothingWasHeardIsTold() {
        publish("one");
        eventually("it is told", () -> received.handled.equals(List.of("one")));
        server.command("CLIENT", "KILL", "TYPE", "pubsub");
        eventually("that something may be missed is told", () -> received.missed.get() == 1);
        publish("two");
        eventually("it is heard again", () -> received.handled.contains("two"));
        assertThat(received.missed).hasValue(1);
    }

    @Test
    void moreThanCanBeHandledIsTold() {
        received.fails = event -> event.equals("0");
        publish("0");
        eventually("it is busy", () -> !received.tried.isEmpty());
        IntStream.range(1, ChannelFeed.ROOM + 200).forEach(i -> publish(String.valueOf(i)));
        received.fails = event -> false;
        eventually("that something is missed is told", () -> received.missed.get() == 1);
        assertThat(received.handled.size()).isLessThan(ChannelFeed.ROOM + 200);
    }

    @Test
    void whatCannotBeReadIsTakenForMissed() {
        Codec<String> none = new Codec<>() {
            @Override
            public String id() {
                return "none";
            }

            @Override
            public byte[] encode(String value) {
                throw new IllegalArgumentException("not mine");
            }

            @Override
            public String decode(ByteBuffer bytes) {
                throw new IllegalArgumentException("not mine");
            }
        };
        Received other = new Received();
        try (InvalidationSource.Subscription open =
                ChannelEvents.of(redis, "foreign", none).subscribe("products", other)) {
            server.command("PUBLISH", "foreign", "?");
            eventually("it is told", () -> other.missed.get() == 1);
            assertThat(open).isNotNull();
        }
    }
}
