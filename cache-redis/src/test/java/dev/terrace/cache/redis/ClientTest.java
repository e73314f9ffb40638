package dev.terrace.cache.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.resource.ClientResources;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A client of the application that cannot connect for want of something else than a server. */
final class ClientTest {

    private final ClientResources resources = ClientResources.create();
    private final RedisClient threadless = new RedisClient(resources, RedisURI.create("redis://localhost")) {
        @Override
        public <K, V> StatefulRedisConnection<K, V> connect(RedisCodec<K, V> codec) {
            throw new OutOfMemoryError("unable to create native thread: the test says so");
        }
    };

    @AfterEach
    void shutdown() {
        threadless.shutdown(Duration.ZERO, Duration.ofSeconds(2));
        resources.shutdown(0, 2, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    /** Else it would never be tried again. */
    @Test
    void anErrorEndsAnAttemptToo() {
        assertThat(Client.of(threadless).dial().toCompletableFuture())
                .failsWithin(Duration.ofSeconds(5))
                .withThrowableThat()
                .withMessageContaining("unable to create native thread");
    }
}
