package dev.terrace.cache.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.spi.ChangeFeed;
import dev.terrace.cache.testkit.RedisServer;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Where the link is when what its name means has changed while it was on its way. */
final class RedisLinkRenewalTest {

    @ParameterizedTest
    @EnumSource(names = {"TRACKING", "NOTICES"})
    void aConnectionThatWasBegunBeforeTheServerBecameAnotherOneIsNotUsed(RedisCoherence coherence) throws Exception {
        try (RedisServer before = RedisServer.start();
                RedisServer after = RedisServer.start();
                Moving moving = new Moving(RedisClient.create(), before)) {
            RedisConnection data = new RedisConnection("moving", moving.forData(after), 1);
            data.start();
            RedisLink link = new RedisLink(data, moving, new RedisLink.Place(coherence, false));
            Heard heard = new Heard();
            RedisKeys keys = new RedisKeys("", "cache");
            link.feed(keys).start(heard);
            assertThat(moving.dials).hasValue(1);

            moving.to = after;
            link.renew();
            moving.mayArrive.complete(true);

            assertThat(heard.armed.await(20, TimeUnit.SECONDS)).isTrue();
            assertThat(listeners(after)).isEqualTo(1);
            assertThat(moving.dials).hasValue(2);
            link.close();
            data.close();
        }
    }

    /** Besides the one that asks. */
    private static long listeners(RedisServer server) {
        return server.text("CLIENT", "LIST")
                .lines()
                .filter(client -> client.matches(".* flags=\\w*[tP]\\w* .*"))
                .count();
    }

    /** Connects to where a name points at the time; what was begun arrives when it may. */
    private static final class Moving implements RedisConnection.Dialer, AutoCloseable {

        private final RedisClient client;
        private final AtomicInteger dials = new AtomicInteger();
        private final CompletableFuture<Boolean> mayArrive = new CompletableFuture<>();
        private volatile RedisServer to;

        Moving(RedisClient client, RedisServer to) {
            this.client = client;
            this.to = to;
        }

        /** Connects to where the name points in the end. */
        RedisConnection.Dialer forData(RedisServer last) {
            Moving data = new Moving(client, last);
            data.mayArrive.complete(true);
            return data;
        }

        @Override
        public CompletionStage<StatefulRedisConnection<String, byte[]>> dial() {
            dials.incrementAndGet();
            return client.connectAsync(KeysAndBytes.CODEC, RedisURI.create(to.uri()))
                    .thenCombine(mayArrive, (connection, may) -> connection);
        }

        @Override
        public CompletionStage<StatefulRedisPubSubConnection<String, byte[]>> dialPubSub() {
            dials.incrementAndGet();
            return client.connectPubSubAsync(KeysAndBytes.CODEC, RedisURI.create(to.uri()))
                    .thenCombine(mayArrive, (connection, may) -> connection);
        }

        @Override
        public ScheduledExecutorService timer() {
            return client.getResources().eventExecutorGroup();
        }

        @Override
        public void close() {
            client.shutdown(0, 2, TimeUnit.SECONDS);
        }
    }

    private static final class Heard implements ChangeFeed.Listener {

        private final CountDownLatch armed = new CountDownLatch(1);

        @Override
        public long nanos() {
            return System.nanoTime();
        }

        @Override
        public long maxStaleness() {
            return Duration.ofSeconds(60).toNanos();
        }

        @Override
        public void armed(int source, long askedAt) {
            armed.countDown();
        }

        @Override
        public void confirmed(int source, long askedAt) {}

        @Override
        public void changed(int source, String key) {}

        @Override
        public void markerChanged(int source, String name) {}

        @Override
        public void changedAll(int source) {}

        @Override
        public void lost(int source) {}
    }
}
