package dev.terrace.cache.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.testkit.FaultyLink;
import dev.terrace.cache.testkit.RedisServer;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.MaintNotificationsConfig;
import io.lettuce.core.RedisClient;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** In which order a connection's notices and answers are handled, over both protocols. */
final class ChangeNoticesTest {

    private static final Duration ON_THE_WAY = Duration.ofMillis(300);
    private static final Duration BUSY = Duration.ofMillis(500);
    private static final RedisKeys KEYS = new RedisKeys("", "order");
    private static final String BLOCKING = KEYS.record("blocking");
    private static final String CHANGED = KEYS.record("changed");

    /** The driver reads both at once there, as its thread was held up since before they came. */
    @ParameterizedTest
    @ValueSource(strings = {"HELLO", "an unknown command"})
    void whatIsToldBeforeAnAnswerIsHandledBeforeIt(String unknown) throws Exception {
        List<String> handled = new CopyOnWriteArrayList<>();
        String[] options = unknown.equals("HELLO") ? new String[] {"--rename-command", unknown, ""} : new String[0];
        try (RedisServer server = RedisServer.start(options);
                FaultyLink link = FaultyLink.to(server.port());
                Client client = Client.to(link.port());
                StatefulRedisPubSubConnection<String, byte[]> connection =
                        client.driver().connectPubSub(KeysAndBytes.CODEC)) {
            ChangeNotices notices = new ChangeNotices(
                    new RedisSession(connection, (session, reason) -> {}), connection, false, new Recorder(handled));
            done(notices.greet());
            done(notices.begin(List.of(KEYS)));
            done(notices.confirm());

            link.toClient().delay(ON_THE_WAY);
            server.command("PUBLISH", "n:{order}", message(BLOCKING));
            server.command("PUBLISH", "n:{order}", message(CHANGED));
            done(notices.confirm().thenRun(() -> handled.add("answer")));

            assertThat(handled).containsExactly(BLOCKING, CHANGED, "answer");
        }
    }

    private static byte[] message(String key) {
        byte[] text = key.getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(9 + text.length)
                .put((byte) 1)
                .putLong(7)
                .put(text)
                .array();
    }

    private static void done(CompletableFuture<?> future) throws Exception {
        future.get(20, TimeUnit.SECONDS);
    }

    private record Recorder(List<String> handled) implements Telling.Told {
        @Override
        public void changed(String key) {
            if (key.equals(BLOCKING)) {
                LockSupport.parkNanos(BUSY.toNanos());
            }
            handled.add(key);
        }

        @Override
        public void changedHere(String key) {
            handled.add("own " + key);
        }

        @Override
        public void changedAll() {
            handled.add("all");
        }

        @Override
        public void unclear(RuntimeException failure) {
            handled.add("unclear " + failure);
        }
    }

    private record Client(RedisClient driver) implements AutoCloseable {
        static Client to(int port) {
            RedisClient driver = RedisClient.create("redis://127.0.0.1:" + port);
            driver.setOptions(ClientOptions.builder()
                    .autoReconnect(false)
                    .maintNotificationsConfig(MaintNotificationsConfig.disabled())
                    .build());
            return new Client(driver);
        }

        @Override
        public void close() {
            driver.shutdown(0, 2, TimeUnit.SECONDS);
        }
    }
}
