package dev.terrace.cache.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheBuilder;
import dev.terrace.cache.CacheListener.LinkState;
import dev.terrace.cache.EntryOptions;
import dev.terrace.cache.Near;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.testkit.FaultyLink;
import dev.terrace.cache.testkit.RedisServer;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.protocol.ProtocolVersion;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What Redis tells, and what becomes of it where Redis or the connection fails. The bound is so long here that what is seen in
 * time was told, and not compared.
 */
final class RedisLinkTest {

    private static final Duration BOUND = Duration.ofSeconds(60);
    private static final Duration IN_TIME = Duration.ofSeconds(20);
    private static final String NAME = "link";

    private final List<AutoCloseable> opened = new ArrayList<>();
    private final AtomicInteger loads = new AtomicInteger();
    private RedisServer server;

    @BeforeEach
    void start() {
        server = keep(RedisServer.start());
    }

    @AfterEach
    void closeAll() throws Exception {
        Collections.reverse(opened);
        for (AutoCloseable closeable : opened) {
            closeable.close();
        }
    }

    @Test
    void whatAnotherNodeChangesIsSeenAtOnce() {
        Cache<String, String> here = node();
        Cache<String, String> there = node();
        there.put("key", "old");
        assertThat(here.get("key")).isEqualTo("old");

        there.put("key", "new");
        seen(here, "key", "new");
        int before = loads.get();
        there.invalidate("key");
        loadedAnew(here, "key", before);
        there.put("key", "tagged", EntryOptions.tags("a tag / with %7B{signs}"));
        seen(here, "key", "tagged");
        there.invalidateTag("a tag / with %7B{signs}");
        loadedAnew(here, "key", before + 1);
        there.put("key", "cleared");
        seen(here, "key", "cleared");
        there.clear();
        loadedAnew(here, "key", before + 2);
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
    void aChangeWhileTheLinkIsDownIsSeenOnceItIsBack() {
        Cache<String, String> here = node();
        Cache<String, String> there = node();
        there.put("key", "old");
        there.put("same", "same");
        assertThat(here.get("key")).isEqualTo("old");
        assertThat(here.get("same")).isEqualTo("same");
        long loadsBefore = loads.get();

        killLinks();
        there.put("key", "new");
        awaitTrue(() -> here.stats().link().armings() > 1);

        assertThat(here.get("key")).isEqualTo("new");
        assertThat(here.get("same")).isEqualTo("same");
        assertThat(loads).hasValue((int) loadsBefore);
        there.put("key", "newer");
        seen(here, "key", "newer");
    }

    @Test
    void aFrozenServerIsAskedAnewOnceItGoesOn() {
        Cache<String, String> here = node(builder -> builder.maxStaleness(Duration.ofSeconds(1)));
        server.freeze();
        awaitTrue(() -> here.stats().link().state() == LinkState.DOWN);
        server.thaw();
        awaitArmed(here);

        Cache<String, String> there = node();
        there.put("key", "new");
        seen(here, "key", "new");
    }

    @Test
    void aServerThatStartsAnewIsAskedAnew() {
        Cache<String, String> here = node();
        here.put("key", "lost");
        assertThat(here.get("key")).isEqualTo("lost");
        server.restart();
        awaitTrue(() -> here.stats().link().armings() > 1);

        loadedAnew(here, "key", 0);
    }

    /** Such a server takes a request to tell, and answers nothing else. */
    @Test
    void aServerThatIsLoadingIsAskedToTellOnceItHasLoaded(@TempDir Path directory) {
        RedisServer slow = keep(RedisServer.start(
                "--dir",
                directory.toString(),
                "--rdbcompression",
                "no",
                "--key-load-delay",
                "2000",
                "--loading-process-events-interval-bytes",
                "1024"));
        Cache<String, String> here = node(keep(RedisFarTier.connect(slow.uri())), builder -> builder);
        here.put("key", "kept");
        for (int i = 0; i < 600; i++) {
            slow.command("SET", "padding " + i, new byte[1_024]);
        }
        slow.command("SAVE");
        slow.restart();

        int asked = 0;
        for (boolean loading = true; loading; asked++) {
            long armings = here.stats().link().armings();
            loading = slow.info("persistence", "loading").equals("1");
            assertThat(!loading || armings == 1)
                    .as("%d armings while loading", armings)
                    .isTrue();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
        assertThat(asked).isGreaterThan(10);
        awaitTrue(() -> here.stats().link().armings() == 2);
        seen(here, "key", "kept");
    }

    @Test
    void aLinkThatHearsNothingIsGivenUp() {
        try (FaultyLink proxy = FaultyLink.to(server.port())) {
            Cache<String, String> here = node(
                    tier(builder -> builder.linkThrough(RedisURI.create("redis://127.0.0.1:" + proxy.port()))),
                    builder -> builder.maxStaleness(Duration.ofSeconds(1)));
            proxy.toClient().blackhole();
            awaitTrue(() -> here.stats().link().state() == LinkState.DOWN);
            assertThat(here.stats().link().trustAge()).isGreaterThan(Duration.ofMillis(400));
            proxy.heal();
            awaitArmed(here);
            assertThat(here.stats().link().armings()).isGreaterThan(1);
        }
    }

    @Test
    void aCacheThatIsOpenedLaterIsToldToo() {
        RedisFarTier tier = tier(builder -> builder);
        node(tier, builder -> builder);
        Cache<String, String> second = keep(builder("second", tier).build());
        awaitArmed(second);
        Cache<String, String> there =
                keep(builder("second", tier(builder -> builder)).build());

        there.put("key", "old");
        seen(second, "key", "old");
        there.put("key", "new");
        seen(second, "key", "new");
        assertThat(second.stats().link().armings()).isEqualTo(1);
    }

    @Test
    void whoMayNotTrackCompares() {
        server.command("ACL", "SETUSER", "limited", "on", ">secret", "~*", "&*", "+@all", "-client|tracking");
        RedisFarTier tier = keep(RedisFarTier.builder()
                .uri("redis://limited:secret@127.0.0.1:" + server.port())
                .build());
        Cache<String, String> here =
                keep(builder(NAME, tier).maxStaleness(Duration.ofMillis(300)).build());
        Cache<String, String> there = node();
        there.put("key", "old");
        assertThat(here.get("key")).isEqualTo("old");
        there.put("key", "new");

        seen(here, "key", "new");
        assertThat(here.stats().link().state()).isEqualTo(LinkState.DOWN);
    }

    @Test
    void whereTrackingIsNotKnownCopiesAreCompared() {
        RedisServer old = keep(RedisServer.start("--rename-command", "CLIENT", ""));
        UnaryOperator<CacheBuilder<String, String>> quick = builder -> builder.maxStaleness(Duration.ofMillis(300));
        Cache<String, String> here = keep(quick.apply(builder(NAME, keep(RedisFarTier.connect(old.uri()))))
                .build());
        Cache<String, String> there = keep(quick.apply(builder(NAME, keep(RedisFarTier.connect(old.uri()))))
                .build());
        there.put("key", "old");
        assertThat(here.get("key")).isEqualTo("old");
        there.put("key", "new");

        seen(here, "key", "new");
        assertThat(here.stats().link().state()).isEqualTo(LinkState.DOWN);
        assertThat(here.stats().near().hits()).isPositive();
    }

    @Test
    void whoIsAllowedToTrackLaterIsToldOnceItHasConnectedAnew() {
        server.command("ACL", "SETUSER", "limited", "on", ">secret", "~*", "&*", "+@all", "-client|tracking");
        RedisFarTier tier = keep(RedisFarTier.builder()
                .uri("redis://limited:secret@127.0.0.1:" + server.port())
                .build());
        Cache<String, String> here = keep(builder(NAME, tier).build());
        here.put("key", "value");
        awaitTrue(() -> server.command("ACL", "LOG") instanceof List<?> log && !log.isEmpty());

        server.command("ACL", "SETUSER", "limited", "+client|tracking");
        server.command("CLIENT", "KILL", "USER", "limited");
        awaitArmed(here);
    }

    @Test
    void aTierThatIsToldToCompareHasNoLink() {
        Cache<String, String> here = keep(builder(NAME, tier(builder -> builder.coherence(RedisCoherence.COMPARISON)))
                .build());
        here.put("key", "value");

        assertThat(here.stats().link().state()).isEqualTo(LinkState.NONE);
        assertThat(links()).isEmpty();
    }

    /** A server accepts tracking over the old protocol too, and tells nothing. */
    @Test
    void aClientThatInsistsOnTheOldProtocolIsToldAllTheSame() {
        RedisClient client = RedisClient.create(server.uri());
        keep(() -> client.shutdown(0, 2, TimeUnit.SECONDS));
        client.setOptions(
                ClientOptions.builder().protocolVersion(ProtocolVersion.RESP2).build());
        Cache<String, String> here = node(keep(RedisFarTier.using(client)), builder -> builder);
        Cache<String, String> there = node();
        there.put("key", "old");
        assertThat(here.get("key")).isEqualTo("old");

        there.put("key", "new");
        seen(here, "key", "new");
    }

    @Test
    void theLinkEndsWithTheTier() throws Exception {
        RedisFarTier tier = RedisFarTier.connect(server.uri());
        try (Cache<String, String> here = builder(NAME, tier).build()) {
            awaitArmed(here);
            assertThat(links()).hasSize(1);
        }
        tier.close();

        awaitTrue(() -> links().isEmpty());
    }

    private Cache<String, String> node() {
        return node(builder -> builder);
    }

    private Cache<String, String> node(UnaryOperator<CacheBuilder<String, String>> more) {
        return node(tier(builder -> builder), more);
    }

    private Cache<String, String> node(RedisFarTier tier, UnaryOperator<CacheBuilder<String, String>> more) {
        Cache<String, String> node = keep(more.apply(builder(NAME, tier)).build());
        awaitArmed(node);
        return node;
    }

    private RedisFarTier tier(UnaryOperator<RedisFarTier.Builder> more) {
        return keep(more.apply(RedisFarTier.builder().uri(server.uri())).build());
    }

    private CacheBuilder<String, String> builder(String name, RedisFarTier tier) {
        return Cache.<String, String>builder(name)
                .near(Near.maximumSize(1_000))
                .far(tier, StringCodec.utf8())
                .freshFor(Duration.ofMinutes(10))
                .maxStaleness(BOUND)
                .farBudget(Duration.ofSeconds(5))
                .loader(key -> "loaded " + loads.incrementAndGet());
    }

    private static void seen(Cache<String, String> node, String key, String value) {
        awaitTrue(() -> value.equals(node.get(key)));
    }

    /** Waits until a node reads what was loaded after so many loads. */
    private static void loadedAnew(Cache<String, String> node, String key, int before) {
        awaitTrue(() -> {
            String value = node.get(key);
            return value.startsWith("loaded ") && Integer.parseInt(value.substring("loaded ".length())) > before;
        });
    }

    private static void awaitArmed(Cache<String, String> node) {
        awaitTrue(() -> node.stats().link().state() == LinkState.ARMED);
    }

    /** The connections that track. */
    private List<String> links() {
        return Arrays.stream(server.text("CLIENT", "LIST").split("\n"))
                .filter(client -> client.matches(".* flags=\\w*B\\w* .*"))
                .map(client -> client.replaceAll("^id=(\\d+) .*", "$1"))
                .toList();
    }

    private void killLinks() {
        List<String> links = links();
        assertThat(links).isNotEmpty();
        links.forEach(id -> server.command("CLIENT", "KILL", "ID", id));
    }

    private <T extends AutoCloseable> T keep(T opening) {
        opened.add(opening);
        return opening;
    }

    private static void awaitTrue(BooleanSupplier condition) {
        long deadline = System.nanoTime() + IN_TIME.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("in time").isLessThan(deadline);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
    }
}
