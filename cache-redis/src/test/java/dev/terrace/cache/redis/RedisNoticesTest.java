package dev.terrace.cache.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheBuilder;
import dev.terrace.cache.CacheListener.LinkState;
import dev.terrace.cache.EntryOptions;
import dev.terrace.cache.FarWriteException;
import dev.terrace.cache.Near;
import dev.terrace.cache.WhenFarFails;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.testkit.FaultyLink;
import dev.terrace.cache.testkit.RedisServer;
import io.lettuce.core.RedisURI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

/** What notices tell and what they do not, who publishes them, and who may not. */
final class RedisNoticesTest extends RedisLinkContract {

    private static final String PASSWORD = "secret";

    @Override
    RedisCoherence coherence() {
        return RedisCoherence.NOTICES;
    }

    @Override
    String flag() {
        return "P";
    }

    @Test
    void aFillThatNobodyWaitsForIsNotTold() {
        Cache<String, String> here = node();
        Cache<String, String> there = node();
        for (int i = 0; i < 20; i++) {
            there.get("k" + i);
        }
        there.put("key", "value");
        awaitTrue(() -> here.stats().link().changes() > 0);

        assertThat(here.stats().link().changes()).isEqualTo(1);
        assertThat(published()).isEqualTo(1);
    }

    @Test
    void whoWaitsForAnothersLoadIsToldOfItsFill() throws Exception {
        CountDownLatch loading = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        Cache<String, String> there = node(builder -> builder.loader(key -> {
            loading.countDown();
            assertThat(end.await(20, TimeUnit.SECONDS)).isTrue();
            return "loaded there";
        }));
        Cache<String, String> here = node();
        CompletableFuture<String> first = there.async().get("key");
        assertThat(loading.await(20, TimeUnit.SECONDS)).isTrue();
        CompletableFuture<String> second = here.async().get("key");
        // The byte of the lease that says that somebody waits.
        awaitTrue(() -> "\1".equals(server.text("GETRANGE", "l:{link:key}", 16, 16)));
        end.countDown();

        assertThat(first.get(20, TimeUnit.SECONDS)).isEqualTo("loaded there");
        assertThat(second.get(20, TimeUnit.SECONDS)).isEqualTo("loaded there");
        awaitTrue(() -> published() == 1);
        assertThat(loads).hasValue(0);
    }

    @Test
    void whatThisNodePutsNeedNotBeCompared() {
        Cache<String, String> here = node(OFTEN_ASKED);
        Cache<String, String> there = node();
        for (int i = 0; i < 10; i++) {
            String value = "value " + i;
            here.put("key", value);
            awaitConfirmed(here);
            assertThat(here.get("key")).isEqualTo(value);
        }
        assertThat(here.stats().far().hits() + here.stats().far().misses()).isZero();
        assertThat(calls("getrange")).isEqualTo(10);
        seen(there, "key", "value 9");
        there.put("key", "other");
        seen(here, "key", "other");
    }

    /** The end of a life comes in time all the same. */
    @Test
    void whatForeignersChangeIsServedToTheEndOfItsLife() {
        Cache<String, String> here = node(OFTEN_ASKED);
        here.put("key", "old", EntryOptions.freshFor(Duration.ofSeconds(5)));
        awaitConfirmed(here);
        server.command("DEL", "t:{link:key}");
        awaitConfirmed(here);
        assertThat(here.get("key")).isEqualTo("old");

        loadedAnew(here, "key", 0);
    }

    @Test
    void whatOtherCachesChangeIsNotHeard() {
        RedisFarTier tier = tier(builder -> builder);
        Cache<String, String> here = node(tier, OFTEN_ASKED);
        Cache<String, String> other =
                keep(builder("other", tier(builder -> builder)).build());
        awaitArmed(other);
        other.put("key", "value");
        awaitTrue(() -> published() == 1);
        awaitConfirmed(here);

        assertThat(here.stats().link().changes()).isZero();
        other.close();
        awaitTrue(() -> server.command("PUBSUB", "CHANNELS") instanceof List<?> heard && heard.size() == 1);
    }

    @Test
    void whatIsNotUnderstoodMakesEverythingBeCompared() {
        Cache<String, String> here = node(OFTEN_ASKED);
        here.put("key", "old");
        awaitConfirmed(here);
        server.command("DEL", "t:{link:key}");
        server.command("PUBLISH", "n:{link}", "something else");

        loadedAnew(here, "key", 0);
        assertThat(here.stats().link().state()).isEqualTo(LinkState.ARMED);
    }

    @Test
    void nodesThatAreToldInOtherWaysTellThisOne() {
        Cache<String, String> byNotices = node();
        Cache<String, String> byTracking =
                node(tier(builder -> builder.coherence(RedisCoherence.TRACKING)), builder -> builder);
        Cache<String, String> comparing =
                keep(builder(NAME, tier(builder -> builder.coherence(RedisCoherence.COMPARISON)))
                        .build());
        for (Cache<String, String> writer : List.of(byNotices, byTracking, comparing)) {
            byNotices.put("key", "old");
            seen(byTracking, "key", "old");
            seen(byNotices, "key", "old");
            writer.put("key", "new of " + writer);
            seen(byTracking, "key", "new of " + writer);
            seen(byNotices, "key", "new of " + writer);
            int before = loads.get();
            writer.clear();
            loadedAnew(byNotices, "key", before);
        }
    }

    @Test
    void whoMayNotTrackIsToldByNotices() {
        limit("+@all", "-client|tracking");
        Cache<String, String> here =
                node(tier(builder -> limited(builder).coherence(RedisCoherence.TRACKING)), builder -> builder);
        assertIsTold(here);
    }

    @Test
    void whereTrackingIsNotKnownNoticesTell() {
        RedisServer old = keep(RedisServer.start("--rename-command", "CLIENT", ""));
        Cache<String, String> here = node(keep(RedisFarTier.connect(old.uri())), builder -> builder);
        Cache<String, String> there = node(keep(RedisFarTier.connect(old.uri())), builder -> builder);
        assertIsToldBy(there, here);
    }

    @Test
    void whereTheNewProtocolIsNotKnownNoticesTell() {
        RedisServer old = keep(RedisServer.start("--rename-command", "HELLO", ""));
        Cache<String, String> here =
                node(keep(RedisFarTier.connect(old.uri())), builder -> builder.maxStaleness(Duration.ofSeconds(2)));
        Cache<String, String> there = node(keep(RedisFarTier.connect(old.uri())), builder -> builder);
        assertIsToldBy(there, here);
        // For longer than the bound, while messages and answers come together.
        for (int i = 0; i < 3_000; i++) {
            there.put("key", "value " + i);
        }
        seen(here, "key", "value 2999");
        assertThat(here.stats().link().armings()).isEqualTo(1);
        assertThat(here.stats().link().changes()).isGreaterThan(3_000);
        there.close();
        awaitConfirmed(here);
    }

    /** They are all asked for at once when the link begins anew. */
    @Test
    void overTheOldProtocolEachOfManyCachesIsTold() {
        RedisServer old = keep(RedisServer.start("--rename-command", "HELLO", ""));
        RedisFarTier tier = keep(RedisFarTier.connect(old.uri()));
        RedisFarTier writers = keep(RedisFarTier.connect(old.uri()));
        List<Cache<String, String>> here = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            here.add(keep(builder("cache" + i, tier).build()));
        }
        here.forEach(RedisLinkContract::awaitArmed);
        old.command("CLIENT", "KILL", "TYPE", "pubsub");
        awaitTrue(() -> here.stream().allMatch(cache -> cache.stats().link().armings() == 2));

        for (int i = 0; i < 20; i++) {
            assertIsToldBy(keep(builder("cache" + i, writers).build()), here.get(i));
        }
    }

    @Test
    void whoMayNeitherTrackNorListenCompares() {
        limit("+@all", "-client|tracking", "-subscribe");
        RedisFarTier tier = tier(builder -> limited(builder).coherence(RedisCoherence.TRACKING));
        Cache<String, String> here =
                keep(builder(NAME, tier).maxStaleness(Duration.ofMillis(300)).build());
        Cache<String, String> there = node();
        there.put("key", "old");
        assertThat(here.get("key")).isEqualTo("old");
        there.put("key", "new");

        seen(here, "key", "new");
        awaitTrue(() -> server.command("ACL", "LOG") instanceof List<?> log && log.size() > 1);
        assertThat(here.stats().link().state()).isEqualTo(LinkState.DOWN);
    }

    @Test
    void whoMayNotHearAChannelCompares() {
        limit("+@all", "resetchannels", "&n:{other}");
        Cache<String, String> here = keep(builder(NAME, tier(this::limited))
                .maxStaleness(Duration.ofMillis(300))
                .build());
        server.command("SET", "unrelated", "");
        here.get("key");
        awaitTrue(() -> server.command("ACL", "LOG") instanceof List<?> log && !log.isEmpty());
        assertThat(here.stats().link().state()).isEqualTo(LinkState.DOWN);
    }

    @Test
    void whoMayNotPublishWritesWhileNobodyListens() {
        limit("+@all", "resetchannels");
        Cache<String, String> writer = writer();
        writer.put("key", "value");
        writer.clear();
        assertThat(writer.stats().failures()).isEmpty();
    }

    @Test
    void whoMayNotPublishChangesNothingWhileNodesListen() {
        limit("+@all", "resetchannels");
        Cache<String, String> writer = writer();
        writer.put("key", "old", EntryOptions.tags("tag"));
        Cache<String, String> here = node();
        assertThat(here.get("key")).isEqualTo("old");
        byte[] before = record();

        List<Runnable> changes = List.of(
                () -> writer.put("key", "new"),
                () -> writer.putAll(Map.of("one", "1", "key", "new")),
                () -> writer.invalidate("key"),
                () -> writer.expire("key"),
                () -> writer.invalidateTag("tag"),
                writer::clear);
        for (Runnable change : changes) {
            assertThatThrownBy(change::run)
                    .isInstanceOf(FarWriteException.class)
                    .hasStackTraceContaining("+publish and &n:{link}");
        }
        assertThat(record()).isEqualTo(before);
        assertThat(server.command("EXISTS", "t:{link:one}")).isEqualTo(0L);
        assertThat(writer.stats().failures().values().stream()
                        .mapToLong(Long::longValue)
                        .sum())
                .isPositive();

        server.command("ACL", "SETUSER", "limited", "&n:*");
        awaitTrue(() -> writer.stats().far().recoveryQueued() == 0);
        writer.put("key", "allowed");
        seen(here, "key", "allowed");
    }

    /** Whether somebody listens cannot be known then. */
    @Test
    void whoMayNeitherPublishNorAskWhoListensChangesNothing() {
        limit("+@all", "resetchannels", "-pubsub|numsub");
        assertThatThrownBy(() -> writer().put("key", "value"))
                .isInstanceOf(FarWriteException.class)
                .hasStackTraceContaining("+pubsub|numsub");
        assertThat(server.command("EXISTS", "t:{link:key}")).isEqualTo(0L);
    }

    @Test
    void whoMayPublishNeedNotAskWhoListens() {
        limit("+@all", "-pubsub|numsub");
        Cache<String, String> here = node();
        assertIsToldBy(writer(), here);
    }

    /** What is said to be enough for a user. */
    @Test
    void theDocumentedAccessListIsEnough() {
        limit(
                "resetchannels",
                "&n:*",
                "+@read",
                "+@write",
                "+@scripting",
                "+@connection",
                "+info",
                "+role",
                "+time",
                "+client|tracking",
                "+subscribe",
                "+unsubscribe",
                "+publish",
                "+pubsub|numsub");
        for (RedisCoherence each : List.of(RedisCoherence.TRACKING, RedisCoherence.NOTICES)) {
            Cache<String, String> here = node(tier(builder -> limited(builder).coherence(each)), builder -> builder);
            assertIsToldBy(here, node());
            assertIsTold(here);
            assertThat(here.stats().failures()).isEmpty();
        }
        assertThat((List<?>) server.command("ACL", "LOG")).isEmpty();
    }

    @Test
    void nothingIsReliedOnBeforeItIsKnownWhetherThisNodeMayTell() {
        try (FaultyLink proxy = FaultyLink.to(server.port())) {
            proxy.refuse();
            long before = calls("ping");
            Cache<String, String> here = keep(OFTEN_ASKED
                    .apply(builder(
                            NAME,
                            tier(builder -> builder.uri("redis://127.0.0.1:" + proxy.port())
                                    .linkThrough(RedisURI.create(server.uri())))))
                    .build());
            awaitTrue(() -> calls("ping") > before + 5);
            assertThat(here.stats().link().state()).isEqualTo(LinkState.DOWN);
            assertThat((List<?>) server.command("PUBSUB", "CHANNELS")).isEmpty();

            proxy.heal();
            awaitArmed(here);
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatAUserLacksIsSaidAlsoWhereTheServerCouldNotBeAskedAtFirst(RedisCoherence coherence) {
        Logger logger = (Logger) LoggerFactory.getLogger("dev.terrace.cache.redis");
        ListAppender<ILoggingEvent> said = new ListAppender<>();
        said.list = new CopyOnWriteArrayList<>();
        said.start();
        logger.addAppender(said);
        logger.setLevel(Level.WARN);
        logger.setAdditive(false);
        keep(() -> {
            logger.detachAppender(said);
            logger.setLevel(null);
            logger.setAdditive(true);
        });
        keep(builder(NAME, tier(builder -> limited(builder).coherence(coherence)))
                .build());
        awaitTrue(() -> says(said, "trying again until it succeeds"));

        limit("+@all", "resetchannels", "&n:{other}");
        awaitTrue(() -> says(said, "lets this user publish no change notices"));
    }

    private static boolean says(ListAppender<ILoggingEvent> said, String what) {
        return said.list.stream().anyMatch(event -> event.getFormattedMessage().contains(what));
    }

    private void limit(String... rules) {
        List<Object> command = new ArrayList<>(List.of("ACL", "SETUSER", "limited", "on", ">" + PASSWORD, "~*"));
        command.add("&*");
        command.addAll(List.of(rules));
        server.command(command.toArray());
    }

    private RedisFarTier.Builder limited(RedisFarTier.Builder builder) {
        return builder.uri("redis://limited:" + PASSWORD + "@127.0.0.1:" + server.port());
    }

    /** One that compares, so that it does not listen itself. */
    private Cache<String, String> writer() {
        CacheBuilder<String, String> builder = Cache.<String, String>builder(NAME)
                .near(Near.maximumSize(1_000))
                .far(tier(tier -> limited(tier).coherence(RedisCoherence.COMPARISON)), StringCodec.utf8())
                .freshFor(Duration.ofMinutes(10))
                // What is refused is repaired after it.
                .farBudget(Duration.ofSeconds(2))
                .whenFarFails(WhenFarFails.THROW);
        return keep(builder.build());
    }

    private void assertIsTold(Cache<String, String> here) {
        assertIsToldBy(node(), here);
    }

    private static void assertIsToldBy(Cache<String, String> there, Cache<String, String> here) {
        there.put("key", "old");
        seen(here, "key", "old");
        there.put("key", "new");
        seen(here, "key", "new");
        assertThat(here.stats().link().state()).isEqualTo(LinkState.ARMED);
    }

    private byte[] record() {
        return (byte[]) server.command("GET", "t:{link:key}");
    }

    private long published() {
        return calls("publish");
    }

    private long calls(String command) {
        return server.text("INFO", "commandstats")
                .lines()
                .filter(line -> line.startsWith("cmdstat_" + command + ":"))
                .mapToLong(line -> Long.parseLong(line.replaceAll(".*:calls=(\\d+).*", "$1")))
                .sum();
    }
}
