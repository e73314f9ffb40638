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
import java.util.Map;
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
abstract class RedisLinkContract {

    static final Duration BOUND = Duration.ofSeconds(60);
    static final String NAME = "link";
    static final UnaryOperator<CacheBuilder<String, String>> OFTEN_ASKED =
            builder -> builder.maxStaleness(Duration.ofMillis(500));
    private static final Duration IN_TIME = Duration.ofSeconds(20);

    private final List<AutoCloseable> opened = new ArrayList<>();
    final AtomicInteger loads = new AtomicInteger();
    RedisServer server;

    /** How nodes are told here. */
    abstract RedisCoherence coherence();

    /** What the server's list of connections has for one that is told so, among the flags. */
    abstract String flag();

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
    final void whatAnotherNodeChangesIsSeenAtOnce() {
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
    final void everyKindOfChangeIsTold() {
        Cache<String, String> here = node(OFTEN_ASKED);
        Cache<String, String> there = node();
        there.put("key", "tagged", EntryOptions.tags("tag"));
        List<Runnable> changes = List.of(
                () -> there.put("key", "put"),
                () -> there.putAll(Map.of("one", "put", "other", "put")),
                () -> there.putIfAbsent("absent", "put"),
                () -> there.expire("key"),
                () -> there.invalidate("key"),
                () -> there.invalidateAll(List.of("one", "other")),
                () -> there.invalidateTag("tag"),
                there::clear);
        for (Runnable change : changes) {
            long before = here.stats().link().changes();
            change.run();
            awaitTrue(() -> here.stats().link().changes() > before);
            // What else was told of it.
            awaitConfirmed(here);
        }
        assertThat(here.stats().link().armings()).isEqualTo(1);
    }

    @Test
    final void aCacheThatIsClosedAndOpenedAgainIsTold() {
        RedisFarTier tier = tier(builder -> builder);
        node(tier, builder -> builder).close();
        Cache<String, String> here = node(tier, builder -> builder);
        Cache<String, String> there = node();
        there.put("key", "old");
        assertThat(here.get("key")).isEqualTo("old");

        there.put("key", "new");
        seen(here, "key", "new");
    }

    /** Or before the server is asked: the next cache of that name alone is told. */
    @Test
    final void aCacheThatIsClosedBeforeTheServerAgreesIsNotToldInPlaceOfTheNext() {
        RedisFarTier tier = tier(builder -> builder);
        Cache<String, String> other = keep(builder("other", tier).build());
        awaitArmed(other);
        for (int i = 0; i < 30; i++) {
            builder(NAME, tier).build().close();
        }
        Cache<String, String> here = node(tier, builder -> builder);
        Cache<String, String> there = node();
        there.put("key", "old");
        assertThat(here.get("key")).isEqualTo("old");

        there.put("key", "new");
        seen(here, "key", "new");
    }

    @Test
    final void manyCachesAreAskedForInTheTimeOfOne() {
        try (FaultyLink proxy = FaultyLink.to(server.port())) {
            RedisFarTier tier =
                    tier(builder -> builder.linkThrough(RedisURI.create("redis://127.0.0.1:" + proxy.port())));
            List<Cache<String, String>> caches = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                caches.add(keep(builder("cache" + i, tier)
                        .maxStaleness(Duration.ofSeconds(1))
                        .build()));
            }
            caches.forEach(RedisLinkContract::awaitArmed);
            proxy.toClient().delay(Duration.ofMillis(25));
            proxy.cut();
            awaitTrue(
                    () -> caches.stream().allMatch(cache -> cache.stats().link().armings() > 1));
        }
    }

    @Test
    final void aChangeWhileTheLinkIsDownIsSeenOnceItIsBack() {
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
    final void aFrozenServerIsAskedAnewOnceItGoesOn() {
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
    final void aServerThatStartsAnewIsAskedAnew() {
        Cache<String, String> here = node();
        here.put("key", "lost");
        assertThat(here.get("key")).isEqualTo("lost");
        server.restart();
        awaitTrue(() -> here.stats().link().armings() > 1);

        loadedAnew(here, "key", 0);
    }

    /** Such a server takes a request to tell, and answers nothing else. */
    @Test
    final void aServerThatIsLoadingIsAskedToTellOnceItHasLoaded(@TempDir Path directory) {
        RedisServer slow = keep(RedisServer.start(
                "--dir",
                directory.toString(),
                "--rdbcompression",
                "no",
                "--key-load-delay",
                "2000",
                "--loading-process-events-interval-bytes",
                "1024"));
        // What was refused is repaired once it cannot arrive any more, which is after the budget.
        Cache<String, String> here =
                node(tier(builder -> builder.uri(slow.uri())), builder -> builder.farBudget(Duration.ofSeconds(1)));
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
        awaitTrue(() -> here.stats().link().armings() >= 2);
        // What is loaded before the data connection is back is not what this is about.
        awaitTrue(() -> here.async()
                .put("other", "value")
                .handle((done, failure) -> failure == null)
                .join());
        seen(here, "key", "kept");
    }

    @Test
    final void aLinkThatHearsNothingIsGivenUp() {
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
    final void aCacheThatIsOpenedLaterIsToldToo() {
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

    /** A server accepts tracking over the old protocol too, and tells nothing. */
    @Test
    final void aClientThatInsistsOnTheOldProtocolIsToldAllTheSame() {
        RedisClient client = RedisClient.create(server.uri());
        keep(() -> client.shutdown(0, 2, TimeUnit.SECONDS));
        client.setOptions(
                ClientOptions.builder().protocolVersion(ProtocolVersion.RESP2).build());
        RedisFarTier tier = keep(
                RedisFarTier.builder().client(client).coherence(coherence()).build());
        Cache<String, String> here = node(tier, builder -> builder);
        Cache<String, String> there = node();
        there.put("key", "old");
        assertThat(here.get("key")).isEqualTo("old");

        there.put("key", "new");
        seen(here, "key", "new");
    }

    @Test
    final void theLinkEndsWithTheTier() throws Exception {
        RedisFarTier tier = tier(builder -> builder);
        try (Cache<String, String> here = builder(NAME, tier).build()) {
            awaitArmed(here);
            assertThat(links()).hasSize(1);
        }
        tier.close();

        awaitTrue(() -> links().isEmpty());
    }

    final Cache<String, String> node() {
        return node(builder -> builder);
    }

    final Cache<String, String> node(UnaryOperator<CacheBuilder<String, String>> more) {
        return node(tier(builder -> builder), more);
    }

    final Cache<String, String> node(RedisFarTier tier, UnaryOperator<CacheBuilder<String, String>> more) {
        Cache<String, String> node = keep(more.apply(builder(NAME, tier)).build());
        awaitArmed(node);
        return node;
    }

    final RedisFarTier tier(UnaryOperator<RedisFarTier.Builder> more) {
        return keep(more.apply(RedisFarTier.builder().uri(server.uri()).coherence(coherence()))
                .build());
    }

    final CacheBuilder<String, String> builder(String name, RedisFarTier tier) {
        return Cache.<String, String>builder(name)
                .near(Near.maximumSize(1_000))
                .far(tier, StringCodec.utf8())
                .freshFor(Duration.ofMinutes(10))
                .maxStaleness(BOUND)
                .farBudget(Duration.ofSeconds(5))
                .loader(key -> "loaded " + loads.incrementAndGet());
    }

    static void seen(Cache<String, String> node, String key, String value) {
        awaitTrue(() -> value.equals(node.get(key)));
    }

    /** Waits until a node reads what was loaded after so many loads. */
    static void loadedAnew(Cache<String, String> node, String key, int before) {
        awaitTrue(() -> {
            String value = node.get(key);
            return value.startsWith("loaded ") && Integer.parseInt(value.substring("loaded ".length())) > before;
        });
    }

    /** Waits for the answer to a question that was asked after this was called. */
    static void awaitConfirmed(Cache<String, String> node) {
        long called = System.nanoTime();
        awaitTrue(() -> node.stats().link().trustAge().toNanos() < System.nanoTime() - called);
    }

    static void awaitArmed(Cache<String, String> node) {
        awaitTrue(() -> node.stats().link().state() == LinkState.ARMED);
    }

    /** The connections on which nodes are told. */
    final List<String> links() {
        return Arrays.stream(server.text("CLIENT", "LIST").split("\n"))
                .filter(client -> client.matches(".* flags=\\w*" + flag() + "\\w* .*"))
                .map(client -> client.replaceAll("^id=(\\d+) .*", "$1"))
                .toList();
    }

    final void killLinks() {
        List<String> links = links();
        assertThat(links).isNotEmpty();
        links.forEach(id -> server.command("CLIENT", "KILL", "ID", id));
    }

    final <T extends AutoCloseable> T keep(T opening) {
        opened.add(opening);
        return opening;
    }

    static void awaitTrue(BooleanSupplier condition) {
        long deadline = System.nanoTime() + IN_TIME.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("in time").isLessThan(deadline);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
    }
}
