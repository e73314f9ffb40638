package dev.terrace.cache.examples.storefront;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import org.junit.jupiter.api.Test;

final class RedisProcessTest {

    @Test
    void aStartedServerAnswersUntilItIsClosed() throws IOException {
        URI uri;
        try (RedisProcess redis = RedisProcess.start()) {
            uri = URI.create(redis.uri());
            connect(uri);
        }
        assertThat(uri.getHost()).isEqualTo("127.0.0.1");
        assertThatThrownBy(() -> connect(uri)).isInstanceOf(IOException.class);
    }

    private static void connect(URI uri) throws IOException {
        new Socket(uri.getHost(), uri.getPort()).close();
    }
}
