package dev.terrace.cache.redis;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.terrace.cache.spi.InvalidationBus;
import dev.terrace.cache.spi.InvalidationBus.Member;
import dev.terrace.cache.spi.InvalidationBus.Notice;
import dev.terrace.cache.testkit.InvalidationBusContract;
import dev.terrace.cache.testkit.RedisServer;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The bus over a real Redis. */
final class RedisInvalidationBusTest extends InvalidationBusContract {

    private static RedisServer server;

    @BeforeAll
    static void startServer() {
        server = RedisServer.start();
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    @Override
    protected InvalidationBus newNode() {
        return RedisInvalidationBus.over(node());
    }

    private SharedRedis node() {
        return opened(SharedRedis.connect(server.uri()));
    }

    @Test
    void whoeverLosesTheConnectionIsToldAndHearsAgain() {
        Ear b = new Ear();
        Member teller = joined(newNode(), "products", new Ear());
        joined(newNode(), "products", b);
        int before = b.interruptions();
        server.command("CLIENT", "KILL", "TYPE", "pubsub");
        holds("it hears again", () -> b.interruptions() > before);
        told(teller, keys("1"));
        holds("it is heard", () -> b.notices().contains(keys("1")));
    }

    @Test
    void aNodeThatStartsWhileRedisIsDownHearsOnceItIsUp() {
        try (RedisServer late = RedisServer.start()) {
            late.kill();
            Ear a = new Ear();
            Ear b = new Ear();
            SharedRedis first = opened(SharedRedis.connect(late.uri()));
            SharedRedis second = opened(SharedRedis.connect(late.uri()));
            Member teller = opened(RedisInvalidationBus.over(first).join("products", a));
            opened(RedisInvalidationBus.over(second).join("products", b));
            holds(
                    "what cannot be sent fails",
                    () -> teller.tell(keys("lost")).toCompletableFuture().isCompletedExceptionally());
            late.restart();
            holds("both hear", () -> a.interruptions() > 0 && b.interruptions() > 0);
            holds("it is told", () -> {
                teller.tell(keys("1"));
                return b.notices().contains(keys("1"));
            });
            assertThat(b.notices()).doesNotContain(keys("lost"));
        }
    }

    @Test
    void aServerThatHangsHoldsNobodyUp() {
        try (RedisServer hanging = RedisServer.start()) {
            SharedRedis redis = opened(SharedRedis.connect(hanging.uri()).withBudget(Duration.ofMillis(100)));
            Member teller = joined(RedisInvalidationBus.over(redis), "products", new Ear());
            told(teller, keys("1"));
            hanging.freeze();
            long before = System.nanoTime();
            List<CompletableFuture<Void>> all = IntStream.range(0, 1_000)
                    .mapToObj(i -> teller.tell(keys("k" + i)).toCompletableFuture())
                    .toList();
            assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(10));
            holds("all fail", () -> all.stream().allMatch(one -> one.isCompletedExceptionally()));
            hanging.thaw();
        }
    }

    @Test
    void whatIsNoNoticeIsCountedAndIgnored() {
        Ear b = new Ear();
        SharedRedis node = node();
        RedisInvalidationBus bus = RedisInvalidationBus.over(node);
        Member teller = joined(newNode(), "products", new Ear());
        joined(bus, "products", b);
        byte[] whole = NoticeBytes.of(1, new Notice(List.of("key"), List.of("tag")));
        int sent = 0;
        for (int length = 0; length < whole.length; length++) {
            publish(node, Arrays.copyOf(whole, length));
            sent++;
        }
        publish(node, "hello".getBytes(UTF_8));
        publish(node, Arrays.copyOf(whole, whole.length + 1));
        byte[] huge = whole.clone();
        ByteBuffer.wrap(huge).putInt(11, Integer.MAX_VALUE);
        publish(node, huge);
        byte[] negative = whole.clone();
        ByteBuffer.wrap(negative).putInt(15, -1);
        publish(node, negative);
        int expected = sent + 4;
        told(teller, keys("1"));
        holds("it is heard", () -> !b.notices().isEmpty());
        assertThat(b.notices()).containsExactly(keys("1"));
        assertThat(bus.malformedMessages()).isEqualTo(expected);
    }

    @Test
    void noBytesMakeItThrow() {
        byte[] whole = NoticeBytes.of(7, new Notice(List.of("key", "other"), List.of("tag")));
        ThreadLocalRandom random = ThreadLocalRandom.current();
        for (int i = 0; i < 100_000; i++) {
            byte[] bytes = whole.clone();
            for (int changes = random.nextInt(1, 4); changes > 0; changes--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            NoticeBytes.parse(bytes);
        }
        assertThat(NoticeBytes.parse(whole))
                .isEqualTo(new NoticeBytes.Sent(7, new Notice(List.of("key", "other"), List.of("tag"))));
    }

    @Test
    void busesOfOtherNamespacesAreOthers() {
        Ear b = new Ear();
        Member teller = joined(RedisInvalidationBus.over(node().withNamespace("shop")), "products", new Ear());
        Member plain = joined(newNode(), "products", new Ear());
        joined(newNode(), "products", b);
        told(teller, keys("1"));
        told(plain, keys("2"));
        holds("it is heard", () -> !b.notices().isEmpty());
        assertThat(b.notices()).containsExactly(keys("2"));
    }

    @Test
    void whoLeavesLastIsSubscribedToNothing() {
        Member member = joined(newNode(), "only.here", new Ear());
        assertThat(subscribers()).isEqualTo("1");
        member.close();
        holds("nobody listens", () -> subscribers().equals("0"));
    }

    private static String subscribers() {
        return String.valueOf(((List<?>) server.command("PUBSUB", "NUMSUB", "terrace:bus:only.here")).get(1));
    }

    @Test
    void aClosedConnectionTakesNoMembers() {
        SharedRedis redis = node();
        InvalidationBus bus = RedisInvalidationBus.over(redis);
        redis.close();
        assertThatIllegalStateException().isThrownBy(() -> bus.join("products", new Ear()));
        assertThat(bus).asString().contains("127.0.0.1").doesNotContain("password");
    }

    private static void publish(SharedRedis redis, byte[] message) {
        redis.call("test", "publish", commands -> commands.publish("terrace:bus:products", message))
                .await();
    }
}
