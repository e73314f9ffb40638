package dev.terrace.cache.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.testkit.RedisServer;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is said of users of a real server who may not tell others what they change. */
final class NoticeCheckTest {

    private static final Notices NOTICES = new Notices("n:{c}");
    private static RedisServer server;
    private static RedisClient client;

    @BeforeAll
    static void start() {
        server = RedisServer.start();
        client = RedisClient.create();
    }

    @AfterAll
    static void stop() {
        client.shutdown(0, 2, TimeUnit.SECONDS);
        server.close();
    }

    @ParameterizedTest
    @CsvSource({
        "&*, false, ''",
        "&n:*, false, ''",
        "-pubsub &*, false, ''",
        "resetchannels, false, '+publish &n:{c}*'",
        "-publish &*, false, '+publish &n:{c}*'",
        "-pubsub resetchannels, true, '+publish &n:{c}* +pubsub|numsub'",
        "-cluster &*, true, '+cluster|myid'"
    })
    void whatAUserLacksIsNamed(String rules, boolean always, String lacking) throws Exception {
        server.command("ACL", "SETUSER", "user", "reset", "on", ">secret", "~*", "+@all");
        for (String rule : rules.split(" ", -1)) {
            server.command("ACL", "SETUSER", "user", rule);
        }
        RedisURI uri = RedisURI.create("redis://user:secret@127.0.0.1:" + server.port());
        RedisSession session = new RedisSession(client.connect(KeysAndBytes.CODEC, uri), (ended, reason) -> {});
        List<Object> allowed =
                NoticeCheck.ask(session, NOTICES).toCompletableFuture().get(20, TimeUnit.SECONDS);
        session.end("the test is over");

        assertThat(String.join(" ", NoticeCheck.lacking(allowed, NOTICES, true)))
                .isEqualTo(lacking);
        assertThat(NoticeCheck.isRefusedAlways(allowed, true)).isEqualTo(always);
        assertThat(NoticeCheck.isRefusedAlways(List.of(), true)).isFalse();
    }
}
