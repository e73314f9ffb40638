package dev.terrace.cache.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.testkit.RedisServer;
import org.junit.jupiter.api.Test;

final class ServerCheckTest {

    @Test
    void aServerThatMakesRoomAndKeepsNothingIsLeftAlone() {
        try (RedisServer redis = RedisServer.start("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lfu")) {
            assertThat(ServerCheck.findings(redis.text("INFO"))).isEmpty();
        }
    }

    @Test
    void aServerThatRefusesWritesWhenFullIsSaidToDoSo() {
        try (RedisServer redis = RedisServer.start("--maxmemory", "100mb", "--maxmemory-policy", "noeviction")) {
            assertThat(ServerCheck.findings(redis.text("INFO")))
                    .singleElement()
                    .asString()
                    .contains("noeviction");
        }
    }

    @Test
    void aServerThatWritesALogIsSaidToDoSo() {
        try (RedisServer redis = RedisServer.start("--appendonly", "yes")) {
            assertThat(ServerCheck.findings(redis.text("INFO")))
                    .singleElement()
                    .asString()
                    .contains("appendonly");
        }
    }

    @Test
    void whoDoesNotTellIsLeftAlone() {
        assertThat(ServerCheck.findings("")).isEmpty();
    }
}
