package dev.terrace.cache.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheListener.LinkState;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What key tracking tells more, and who may not have it. */
final class RedisLinkTest extends RedisLinkContract {

    @Override
    RedisCoherence coherence() {
        return RedisCoherence.TRACKING;
    }

    @Override
    String flag() {
        return "B";
    }

    @Test
    void whatForeignersChangeIsSeenAtOnce() {
        Cache<String, String> here = node();
        here.put("key", "old");
        assertThat(here.get("key")).isEqualTo("old");

        List<Runnable> foreign = List.of(
                () -> server.command("DEL", "t:{link:key}"),
                () -> server.command("SET", "t:{link:key}", "no record"),
                () -> server.command("PEXPIRE", "t:{link:key}", "20"),
                () -> server.command("RENAME", "t:{link:key}", "elsewhere"),
                () -> server.command("FLUSHDB"),
                () -> server.command("FLUSHALL"));
        for (Runnable change : foreign) {
            // Callers have a value before it is stored.
            awaitTrue(() -> "TR".equals(server.text("GETRANGE", "t:{link:key}", 0, 1)));
            int before = loads.get();
            change.run();
            loadedAnew(here, "key", before);
        }
    }

    @Test
    void whatTheServerEvictsIsSeenAtOnce() {
        Cache<String, String> here = node();
        here.put("key", "old");
        assertThat(here.get("key")).isEqualTo("old");

        server.command("CONFIG", "SET", "maxmemory-policy", "allkeys-random");
        server.command("CONFIG", "SET", "maxmemory", "1");
        awaitTrue(() -> server.command("EXISTS", "t:{link:key}").equals(0L));
        server.command("CONFIG", "SET", "maxmemory", "0");

        loadedAnew(here, "key", 0);
    }

    @Test
    void aTierThatIsToldToCompareHasNoLink() {
        Cache<String, String> here = keep(builder(NAME, tier(builder -> builder.coherence(RedisCoherence.COMPARISON)))
                .build());
        here.put("key", "value");

        assertThat(here.stats().link().state()).isEqualTo(LinkState.NONE);
        assertThat(links()).isEmpty();
    }

    @Test
    void whoIsAllowedToTrackLaterDoesOnceItHasConnectedAnew() {
        server.command("ACL", "SETUSER", "limited", "on", ">secret", "~*", "&*", "+@all", "-client|tracking");
        Cache<String, String> here = node(
                tier(builder -> builder.uri("redis://limited:secret@127.0.0.1:" + server.port())), builder -> builder);
        assertThat(links()).isEmpty();

        server.command("ACL", "SETUSER", "limited", "+client|tracking");
        server.command("CLIENT", "KILL", "USER", "limited");
        awaitTrue(() -> links().size() == 1 && here.stats().link().state() == LinkState.ARMED);
    }
}
