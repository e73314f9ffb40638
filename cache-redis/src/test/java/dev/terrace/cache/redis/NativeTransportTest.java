package dev.terrace.cache.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheListener.LinkState;
import dev.terrace.cache.Near;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.testkit.RedisServer;
import io.lettuce.core.resource.Transports;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With Netty's native transport on the class path. */
final class NativeTransportTest {

    @Test
    void aSocketOfTheSameMachineIsUsedByDataAndLink(@TempDir Path directory) {
        Path socket = directory.resolve("redis.sock");
        try (RedisServer server = RedisServer.start("--unixsocket", socket.toString());
                RedisFarTier tier = RedisFarTier.connect("redis-socket://" + socket);
                RedisFarTier otherTier = RedisFarTier.connect("redis-socket://" + socket);
                Cache<String, String> here = cache(tier);
                Cache<String, String> there = cache(otherTier)) {
            Eventually.holds("the link is armed", () -> here.stats().link().state() == LinkState.ARMED);
            there.put("key", "old");
            assertThat(here.get("key")).isEqualTo("old");
            there.put("key", "new");

            Eventually.holds("the change is seen", () -> here.get("key").equals("new"));
            assertThat(server.text("CLIENT", "LIST")).contains("addr=" + socket);
        }
    }

    @Test
    void aServerIsConnectedToByIt() {
        try (RedisServer server = RedisServer.start();
                RedisFarTier tier = RedisFarTier.connect(server.uri());
                Cache<String, String> cache = cache(tier)) {
            cache.put("key", "value");

            assertThat(Transports.socketChannelClass().getName()).doesNotContain("Nio");
            assertThat(server.command("EXISTS", "t:{native:key}")).isEqualTo(1L);
        }
    }

    private static Cache<String, String> cache(RedisFarTier tier) {
        return Cache.<String, String>builder("native")
                .near(Near.maximumSize(1_000))
                .far(tier, StringCodec.utf8())
                .farBudget(Duration.ofSeconds(5))
                .maxStaleness(Duration.ofSeconds(60))
                .freshFor(Duration.ofMinutes(10))
                .loader(key -> "loaded")
                .build();
    }
}
