package dev.terrace.cache.memcached;

import static dev.terrace.cache.memcached.Awaited.await;
import static dev.terrace.cache.memcached.Awaited.failure;
import static dev.terrace.cache.memcached.Awaited.holds;
import static dev.terrace.cache.memcached.Awaited.succeeds;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import ch.qos.logback.classic.Level;
import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheListener;
import dev.terrace.cache.CacheListener.BreakerState;
import dev.terrace.cache.EarlyRefresh;
import dev.terrace.cache.EntryOptions;
import dev.terrace.cache.FailureKind;
import dev.terrace.cache.Near;
import dev.terrace.cache.codec.DeflateCodec;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.spi.FarReading;
import dev.terrace.cache.spi.FarRecord;
import dev.terrace.cache.spi.FarStore;
import dev.terrace.cache.spi.FarStore.FarLease;
import dev.terrace.cache.spi.FarStore.FillReply;
import dev.terrace.cache.spi.FarStore.FillRequest;
import dev.terrace.cache.spi.FarStore.LeaseReply;
import dev.terrace.cache.spi.FarStore.LeaseRequest;
import dev.terrace.cache.spi.FarStore.PutRequest;
import dev.terrace.cache.spi.FarStore.WriteReply;
import dev.terrace.cache.spi.RecordDraft;
import dev.terrace.cache.testkit.MemcachedServer;
import dev.terrace.cache.testkit.OwnThread;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/** What an operator and an attacker may do to a tier on real servers. */
@Execution(ExecutionMode.CONCURRENT)
final class MemcachedFarTierTest {

    private static final Duration PATIENT = Duration.ofSeconds(10);
    private static final Duration LONG = Duration.ofMinutes(10);

    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : opened) {
            each.close();
        }
    }

    @Test
    void aTierIsBuiltWhileNoServerIsThereAndWorksSoonAfterOneIs() {
        MemcachedServer server = server();
        server.kill();
        FarStore store = open(tier(server));
        assertThat(failure(store.read(List.of("k")))).hasMessageContaining("no connection to 127.0.0.1");
        server.restart();
        holds("the server is used", () -> succeeds(store.ping()));
        put(store, "k", "value");
        assertThat(value(store, "k")).isEqualTo("value");
    }

    @Test
    void aServerThatIsLostAndBackIsUsedAgain() {
        MemcachedServer server = server();
        FarStore store = open(tier(server));
        put(store, "k", "value");
        server.restart();
        holds("the server is used", () -> succeeds(store.read(List.of("k"))));
        assertThat(read(store, "k")).isEqualTo(FarReading.ABSENT);
        put(store, "k", "again");
        assertThat(value(store, "k")).isEqualTo("again");
    }

    @Test
    void eachOfManyThreadsIsAnsweredWhatItAsked() {
        FarStore store = open(tier(server()));
        holds("the server is used", () -> succeeds(store.ping()));
        int threads = 8;
        List<CompletableFuture<Void>> done = new ArrayList<>();
        for (int thread = 0; thread < threads; thread++) {
            String key = "k" + thread;
            done.add(OwnThread.run(() -> {
                for (int round = 0; round < 60; round++) {
                    // Some larger than what a socket takes at once.
                    String value = key + "-" + "x".repeat(round % 20 == 0 ? 900_000 : round * 100);
                    put(store, key, value);
                    assertThat(value(store, key)).isEqualTo(value);
                    assertThat(await(store.read(List.of("none", key, "none", key))))
                            .extracting(reading -> reading instanceof FarReading.Found)
                            .containsExactly(false, true, false, true);
                }
            }));
        }
        done.forEach(Awaited::await);
    }

    @Test
    void keysOfEveryLengthAreFoundInWhicheverLineTheyAreAskedFor() {
        FarStore store = open(tier(server()));
        List<String> keys = IntStream.rangeClosed(1, 260)
                .mapToObj(length -> "k".repeat(length))
                .toList();
        List<String> there = keys.stream().filter(key -> key.length() % 3 != 0).toList();
        await(store.put(there.stream()
                .map(key -> new PutRequest(key, draft("END\r\nVALUE " + key.length())))
                .toList()));
        List<String> wanted = new ArrayList<>(keys);
        wanted.addAll(keys);
        List<FarReading> readings = await(store.read(wanted));
        assertThat(readings).hasSize(wanted.size());
        for (int i = 0; i < wanted.size(); i++) {
            int length = wanted.get(i).length();
            assertThat(readings.get(i)).satisfies(reading -> {
                if (length % 3 == 0) {
                    assertThat(reading).isEqualTo(FarReading.ABSENT);
                } else {
                    assertThat(text(reading)).isEqualTo("END\r\nVALUE " + length);
                }
            });
        }
    }

    @Test
    void anInterruptedCallerAsksAsAnyOther() {
        FarStore store = open(tier(server()));
        put(store, "k", "value");
        CompletionStage<List<FarReading>> read;
        Thread.currentThread().interrupt();
        try {
            read = store.read(List.of("k"));
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
        assertThat(await(read).get(0)).isInstanceOf(FarReading.Found.class);
        assertThat(value(store, "k")).isEqualTo("value");
    }

    @Test
    void aServerThatTakesNothingMoreHoldsNobodyUp() {
        MemcachedServer server = server();
        FarStore store = open(tier(server), Duration.ofSeconds(1));
        put(store, "k", "value");
        server.freeze();
        String large = "x".repeat(900_000);
        long began = System.nanoTime();
        List<CompletionStage<?>> puts = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            puts.add(store.put(List.of(new PutRequest("k" + i, draft(large)))));
        }
        // Whoever is held up is so until the connection is given up, after 4 s.
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(3));
        puts.forEach(put -> assertThat(failure(put)).isInstanceOf(MemcachedUnreachableException.class));
        server.thaw();
        holds("the server is used again", () -> succeeds(store.ping()));
        put(store, "k", "again");
        assertThat(value(store, "k")).isEqualTo("again");
    }

    @Test
    void aServerWithoutCasIsRefused() {
        FarStore store = open(tier(server("-C")));
        assertThat(failure(store.ping())).hasMessageContaining("option -C");
        assertThat(failure(store.put(List.of(new PutRequest("k", draft("value"))))))
                .hasMessageContaining("without CAS");
    }

    @Test
    void aServerListWithAMistakeAndSettingsThatContradictAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MemcachedFarTier.connect("cache1:11211, cache2:112111"))
                .withMessageContaining("cache2:112111");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MemcachedFarTier.connect("cache1,Cache1:11211"))
                .withMessageContaining("twice");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MemcachedFarTier.builder().build());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MemcachedFarTier.builder().server("a", 0))
                .withMessageContaining("weight 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MemcachedFarTier.builder().namespace("a b"))
                .withMessageContaining("namespace");
        assertThatIllegalStateException()
                .isThrownBy(() -> MemcachedFarTier.builder().server("a", 2).build())
                .withMessageContaining("weight");
        assertThatIllegalStateException()
                .isThrownBy(() -> MemcachedFarTier.builder()
                        .servers("a")
                        .credentials("user", "secret")
                        .protocol(MemcachedFarTier.Protocol.META)
                        .build())
                .withMessageContaining("META");
    }

    @Test
    @ResourceLock(CapturedLog.LEVEL)
    void twoNamesOfOneServerAreToldOf() {
        MemcachedServer server = server();
        try (CapturedLog log = CapturedLog.ofOurs(Level.WARN)) {
            FarStore store = open(keep(MemcachedFarTier.builder()
                    .servers("one.example:" + server.port() + ", other.example:" + server.port())
                    .resolver(host -> InetAddress.getLoopbackAddress())
                    .build()));
            put(store, "k", "value");
            holds(
                    "it is told",
                    () -> log.lines().stream()
                            .anyMatch(line -> line.contains("one.example:") && line.endsWith("are the same server")));
            assertThat(value(store, "k")).isEqualTo("value");
        }
    }

    @Test
    void aKeyCannotBecomeACommand() {
        MemcachedServer server = server();
        for (MemcachedFarTier.Protocol protocol : MemcachedFarTier.Protocol.values()) {
            FarStore store = open(keep(MemcachedFarTier.builder()
                    .servers(address(server))
                    .protocol(protocol)
                    .build()));
            String hostile = "k 0 0 1\r\nx\r\nset injected 0 0 1\r\nx\r\n";
            put(store, hostile, "value");
            assertThat(value(store, hostile)).isEqualTo("value");
            await(store.invalidate(List.of(hostile, "other\r\nset injected 0 0 1\r\nx"), LONG));
            await(store.raiseMarkers(List.of("tag\r\nset injected 0 0 1\r\nx\r\n"), LONG));
            assertThat(server.command("get injected")).containsExactly("END");
        }
    }

    @Test
    void flushAllFromOutsideIsAMissAndRefusesWhatWasBeingLoaded() {
        MemcachedServer server = server();
        FarStore store = open(tier(server));
        put(store, "k", "value");
        FarLease lease = granted(store, "loading");
        assertThat(server.command("flush_all")).containsExactly("OK");
        assertThat(read(store, "k")).isEqualTo(FarReading.ABSENT);
        assertThat(await(store.readHeaders(List.of("k")))).containsExactly(FarReading.ABSENT);
        assertThat(await(store.fill(List.of(new FillRequest(lease, draft("late"))))))
                .containsExactly(new FillReply.Refused());
    }

    @Test
    void aLeaseDoesNotOutliveItsServer() {
        MemcachedServer server = server();
        FarStore store = open(tier(server));
        FarLease lease = granted(store, "k");
        server.restart();
        holds("the server is used", () -> succeeds(store.ping()));
        // CAS ids begin anew: that of the lease is likely to be that of another item now.
        granted(open(tier(server)), "k");
        assertThat(failure(store.fill(List.of(new FillRequest(lease, draft("late"))))))
                .hasMessageContaining("lost");
        assertThat(read(store, "k")).isEqualTo(FarReading.ABSENT);
    }

    @Test
    void anIdentityIsNotMistakenAcrossARestart() {
        MemcachedServer server = server();
        FarStore store = open(tier(server));
        put(store, "k", "one");
        FarReading before = await(store.readHeaders(List.of("k"))).get(0);
        server.restart();
        holds("the server is used", () -> succeeds(store.ping()));
        put(store, "k", "two");
        FarReading after = await(store.readHeaders(List.of("k"))).get(0);
        assertThat(stamp(after).writeId()).isNotEqualTo(stamp(before).writeId());
        assertThat(stamp(after).writeId()).isEqualTo(stamp(read(store, "k")).writeId());
    }

    @Test
    void aValueLargerThanTheServerTakesIsSkippedAndCountedAndWhatItReplacesGoes() {
        MemcachedServer server = server();
        MemcachedFarTier tier = tier(server);
        FarStore store = open(tier);
        put(store, "k", "small");
        String large = "x".repeat(1_500_000);

        assertThat(await(store.put(List.of(new PutRequest("k", draft(large))))).get(0))
                .isInstanceOf(WriteReply.Stored.class);
        assertThat(((FarReading.Found) read(store, "k")).record().content().state())
                .isEqualTo(FarRecord.State.TOMBSTONE);
        FarLease lease = granted(store, "other");
        assertThat(await(store.fill(List.of(new FillRequest(lease, draft(large))))))
                .containsExactly(new FillReply.Refused());
        assertThat(tier.tooLargeValues()).isEqualTo(2);
        granted(store, "other");
    }

    @Test
    void theAgeOfAnEntryIsWhatOfItsFreshnessHasPassed() {
        MemcachedFarTier tier = tier(server());
        Cache<String, String> cache = keep(Cache.<String, String>builder("ages")
                .far(tier, StringCodec.utf8())
                .farBudget(PATIENT)
                .freshFor(LONG)
                .build());
        cache.put("k", "v");
        assertThat(cache.lookup("k").age()).isBetween(Duration.ZERO, Duration.ofMinutes(1));
    }

    @Test
    void anEntryOfAShorterFreshnessOfItsOwnIsNotRefreshedBeforeThatIsNearlyOver() {
        MemcachedServer server = server();
        AtomicInteger loads = new AtomicInteger();
        List<Cache<String, String>> nodes = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            nodes.add(keep(Cache.<String, String>builder("own")
                    .near(Near.maximumSize(100))
                    .far(tier(server), StringCodec.utf8())
                    .farBudget(PATIENT)
                    .freshFor(Duration.ofHours(1))
                    .earlyRefresh(EarlyRefresh.threshold(0.5))
                    .loader((key, context) -> {
                        context.freshFor(LONG);
                        return "loaded " + loads.incrementAndGet();
                    })
                    .build()));
        }
        Cache<String, String> here = nodes.get(0);
        here.put("put", "v", EntryOptions.freshFor(LONG));
        here.get("loaded");
        holds("both are stored", () -> here.stats().far().fills() == 1);
        for (int i = 0; i < 100; i++) {
            assertThat(here.get("put")).isEqualTo("v");
            assertThat(here.get("loaded")).isEqualTo("loaded 1");
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
        assertThat(here.lookup("put").age()).isLessThan(Duration.ofMinutes(5));
        assertThat(loads).hasValue(1);

        // Who reads it from there does not know for how long it was fresh at first, and has it from a load of its own
        // then.
        Cache<String, String> there = nodes.get(1);
        holds("it is refreshed", () -> there.get("put").equals("loaded 2"));
        for (int i = 0; i < 100; i++) {
            there.get("put");
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
        assertThat(loads).hasValue(2);
    }

    @Test
    void aValueIsCompressedBeforeTheServersLimitIsLookedAt() {
        MemcachedFarTier tier = tier(server());
        Cache<String, String> plain = keep(Cache.<String, String>builder("plain")
                .far(tier, StringCodec.utf8())
                .maxValueBytes(8 << 20)
                .farBudget(PATIENT)
                .freshFor(LONG)
                .build());
        Cache<String, String> compressed = keep(Cache.<String, String>builder("compressed")
                .far(tier, DeflateCodec.around(StringCodec.utf8()))
                .farBudget(PATIENT)
                .freshFor(LONG)
                .build());
        String large = "a page that says the same again and again. ".repeat(40_000);
        plain.put("k", large);
        assertThat(plain.getIfPresent("k")).isNull();
        assertThat(tier.tooLargeValues()).isEqualTo(1);
        compressed.put("k", large);
        assertThat(compressed.getIfPresent("k")).isEqualTo(large);
        assertThat(tier.tooLargeValues()).isEqualTo(1);
    }

    @Test
    void valuesUpToTheServersOwnLimitAreStored() {
        FarStore store = open(tier(server("-I", "4m")));
        for (int size : new int[] {1 << 20, 2 << 20, 3 << 20}) {
            String value = "x".repeat(size);
            put(store, "k", value);
            assertThat(value(store, "k")).isEqualTo(value);
        }
    }

    @Test
    void aHeaderCostsNoValueWhereItsRecordWasSeen() {
        MemcachedServer server = server();
        FarStore store = open(tier(server));
        FarStore writer = open(tier(server));
        put(writer, "k", "x".repeat(100_000));
        FarReading whole = read(store, "k");
        long before = bytesWritten(server);
        for (int i = 0; i < 10; i++) {
            FarReading header = await(store.readHeaders(List.of("k"))).get(0);
            assertThat(stamp(header)).isEqualTo(stamp(whole));
        }
        assertThat(bytesWritten(server) - before).isLessThan(50_000);
        put(writer, "k", "other");
        assertThat(stamp(await(store.readHeaders(List.of("k"))).get(0)))
                .isNotEqualTo(stamp(whole))
                .isEqualTo(stamp(read(store, "k")));
    }

    @Test
    void aServerIsLookedUpAnewForEachConnection() throws Exception {
        MemcachedServer server = server("-l", "127.0.0.2");
        AtomicReference<String> resolved = new AtomicReference<>("127.0.0.3");
        FarStore store = open(keep(MemcachedFarTier.builder()
                .servers("cache.example:" + server.port())
                .resolver(host -> InetAddress.getByAddress(
                        host, InetAddress.getByName(resolved.get()).getAddress()))
                .build()));
        assertThat(failure(store.ping())).hasMessageContaining("cache.example");
        resolved.set("127.0.0.2");
        holds("the new address is used", () -> succeeds(store.ping()));
        put(store, "k", "value");
        resolved.set("127.0.0.1");
        server.restart();
        holds("the new address is used", () -> succeeds(store.ping()));
    }

    @Test
    void aNameThatMeansAnotherAddressMovesTheConnectionThoughTheOldServerAnswers() {
        MemcachedServer old = server("-l", "127.0.0.2");
        MemcachedServer next = server("-l", "127.0.0.3:" + old.port());
        AtomicReference<String> means = new AtomicReference<>("127.0.0.2");
        FarStore store = open(keep(MemcachedFarTier.builder()
                .servers("cache.example:" + old.port())
                .lookUpEvery(Duration.ofMillis(50))
                .resolver(host -> {
                    if (means.get().isEmpty()) {
                        throw new UnknownHostException(host);
                    }
                    return InetAddress.getByName(means.get());
                })
                .build()));
        put(store, "k", "old");
        means.set("");
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(300));
        assertThat(value(store, "k")).isEqualTo("old");

        means.set("127.0.0.3");
        holds(
                "the new address is used",
                () -> succeeds(store.put(List.of(new PutRequest("k", draft("new")))))
                        && next.command("get t:test:k").size() > 1);
        assertThat(value(store, "k")).isEqualTo("new");
    }

    @Test
    @ResourceLock(CapturedLog.LEVEL)
    void aNameThatCannotBeLookedUpForWantOfAThreadIsToldOfAndTheConnectionStays() {
        MemcachedServer server = server();
        try (CapturedLog log = CapturedLog.ofOurs(Level.WARN)) {
            MemcachedFarTier tier = keep(MemcachedFarTier.builder()
                    .servers("cache.example:" + server.port())
                    .resolver(host -> InetAddress.getLoopbackAddress())
                    .lookUpEvery(Duration.ofMillis(20))
                    .threads((task, name) -> {
                        if (name.equals("terrace-memcached-lookup")) {
                            throw new OutOfMemoryError("unable to create native thread");
                        }
                        Node.Threads.daemon(task, name);
                    })
                    .build());
            FarStore store = open(tier);
            put(store, "k", "value");
            holds("it is tried again and counted", () -> tier.failedLookUps() >= 3);

            assertThat(log.lines())
                    .filteredOn(line -> line.contains("could not be looked up"))
                    .as("one line in ten seconds")
                    .hasSize(1)
                    .allMatch(
                            line -> line.contains("cache.example") && line.contains("unable to create native thread"));
            assertThat(value(store, "k")).isEqualTo("value");
        }
    }

    @Test
    void aLifeOfMoreThanThirtyDaysIsATimeOfTheServersOwnClock() {
        MemcachedServer server = server();
        FarStore store = open(tier(server));
        for (Duration life : List.of(Duration.ofMillis(1_500), Duration.ofDays(30), Duration.ofDays(400))) {
            RecordDraft.Lifetime lifetime = new RecordDraft.Lifetime(life, Duration.ZERO);
            RecordDraft draft = draft("value");
            await(store.put(List.of(new PutRequest(
                    "k",
                    new RecordDraft(
                            draft.writeId(),
                            draft.sourceVersion(),
                            draft.seq(),
                            lifetime,
                            draft.attributes(),
                            draft.content())))));
            String left = server.command("mg t:test:k t").get(0);
            assertThat(left).startsWith("HD t");
            assertThat(Long.parseLong(left.substring("HD t".length())))
                    .isBetween(life.toSeconds(), life.toSeconds() + 3);
        }
    }

    @Test
    void aLostServerAffectsItsOwnKeysAlone() {
        List<MemcachedServer> servers = List.of(server(), server(), server());
        FarStore store = open(keep(MemcachedFarTier.connect(
                servers.stream().map(MemcachedFarTierTest::address).collect(Collectors.joining(",")))));
        List<String> keys = IntStream.range(0, 90).mapToObj(i -> "k" + i).toList();
        await(store.put(
                keys.stream().map(key -> new PutRequest(key, draft(key))).toList()));
        assertThat(await(store.read(keys))).allMatch(FarReading.Found.class::isInstance);

        servers.get(1).kill();
        holds("its keys are missing", () -> await(store.read(keys)).contains(FarReading.ABSENT));
        List<FarReading> readings = await(store.read(keys));
        List<String> lost = IntStream.range(0, keys.size())
                .filter(i -> readings.get(i) == FarReading.ABSENT)
                .mapToObj(keys::get)
                .toList();
        assertThat(lost).hasSizeBetween(10, 60);
        assertThat(succeeds(store.ping())).isTrue();
        for (String key : keys) {
            if (lost.contains(key)) {
                FarLease lease = granted(store, key);
                assertThat(failure(store.fill(List.of(new FillRequest(lease, draft("x"))))))
                        .isNotNull();
                assertThat(failure(store.put(List.of(new PutRequest(key, draft("x"))))))
                        .isNotNull();
            } else {
                assertThat(value(store, key)).isEqualTo(key);
                put(store, key, key);
            }
        }
        List<WriteReply> replies = await(store.put(
                keys.stream().map(key -> new PutRequest(key, draft("all"))).toList()));
        List<WriteReply> invalidated = await(store.invalidate(keys, LONG));
        for (int i = 0; i < keys.size(); i++) {
            Class<?> expected = lost.contains(keys.get(i)) ? WriteReply.Failed.class : WriteReply.Stored.class;
            assertThat(replies.get(i)).isInstanceOf(expected);
            assertThat(invalidated.get(i)).isInstanceOf(expected);
        }

        servers.get(1).restart();
        holds(
                "all is stored again",
                () -> succeeds(store.put(lost.stream()
                        .map(key -> new PutRequest(key, draft("again")))
                        .toList())));
        assertThat(value(store, lost.get(0))).isEqualTo("again");
    }

    /** The name of a cache whose own marker and counter are on one server. */
    private static String nameOnOneServer(Locator locator) {
        return IntStream.range(0, 1_000)
                .mapToObj(i -> "products" + i)
                .filter(one -> locator.locate("m:" + one + ":*") == locator.locate("s:" + one))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void ofABulkWriteOnlyTheKeysOfALostServerWaitForRepairAndHoldUpNoOthers() {
        List<MemcachedServer> servers = List.of(server(), server(), server());
        String list = servers.stream().map(MemcachedFarTierTest::address).collect(Collectors.joining(","));
        Locator locator = Locator.of(MemcachedFarTier.Placement.RENDEZVOUS, Address.parseAll(list));
        String name = nameOnOneServer(locator);
        int lost = (locator.locate("s:" + name) + 1) % servers.size();
        List<String> keys = IntStream.range(0, 600).mapToObj(i -> "k" + i).toList();
        List<String> theirs = keys.stream()
                .filter(key -> locator.locate("t:" + name + ":" + key) == lost)
                .toList();
        Cache<String, String> cache = keep(Cache.<String, String>builder(name)
                .far(keep(MemcachedFarTier.connect(list)), StringCodec.utf8())
                .farBudget(PATIENT)
                .freshFor(LONG)
                .loader(key -> "loaded")
                .build());
        cache.putAll(keys.stream().collect(Collectors.toMap(key -> key, key -> "put")));
        assertThat(cache.stats().far().recoveryQueued()).isZero();

        servers.get(lost).kill();
        cache.putAll(keys.stream().collect(Collectors.toMap(key -> key, key -> "again")));

        assertThat(cache.stats().far().recoveryQueued()).isEqualTo(theirs.size());
        assertThat(cache.getAll(keys))
                .allSatisfy((key, value) -> assertThat(value).isEqualTo(theirs.contains(key) ? "loaded" : "again"));
        cache.invalidateAll(keys);
        assertThat(cache.stats().far().recoveryQueued()).isEqualTo(theirs.size());

        servers.get(lost).restart();
        holds("all is repaired", () -> cache.stats().far().recoveryQueued() == 0);
    }

    @Test
    void whatALostServerRefusesDoesNotStopCallsOfTheOthers() {
        List<MemcachedServer> servers = List.of(server(), server());
        String list = servers.stream().map(MemcachedFarTierTest::address).collect(Collectors.joining(","));
        List<BreakerState> changes = new CopyOnWriteArrayList<>();
        Locator locator = Locator.of(MemcachedFarTier.Placement.RENDEZVOUS, Address.parseAll(list));
        // The lost server is to have neither the cache's own marker nor its counter.
        String name = nameOnOneServer(locator);
        int spared = locator.locate("s:" + name);
        Map<Boolean, List<String>> keys = IntStream.range(0, 100)
                .mapToObj(i -> "k" + i)
                .collect(Collectors.partitioningBy(key -> locator.locate("t:" + name + ":" + key) == spared));
        Cache<String, String> cache = keep(Cache.<String, String>builder(name)
                .far(keep(MemcachedFarTier.connect(list)), StringCodec.utf8())
                .farBudget(PATIENT)
                .freshFor(LONG)
                .loader(key -> "loaded")
                .listener(new CacheListener() {
                    @Override
                    public void onBreaker(String cache, BreakerState state) {
                        changes.add(state);
                    }
                })
                .build());
        keys.values().forEach(some -> some.forEach(key -> cache.put(key, "put")));
        servers.get(1 - spared).kill();
        holds("the loss was noticed", () -> {
            cache.put(keys.get(false).get(0), "lost");
            return cache.stats().failures().getOrDefault(FailureKind.FAR_WRITE, 0L) > 0;
        });
        changes.clear();
        for (String key : keys.get(false)) {
            cache.put(key, "lost");
            assertThat(cache.get(key)).isEqualTo("loaded");
        }
        assertThat(keys.get(true))
                .allSatisfy(key -> assertThat(cache.getIfPresent(key)).isEqualTo("put"));
        assertThat(changes).isEmpty();
        assertThat(cache.stats().failures().get(FailureKind.FAR_WRITE))
                .isGreaterThanOrEqualTo(keys.get(false).size());

        servers.get(spared).kill();
        holds("all are lost", () -> {
            keys.get(true).forEach(key -> cache.put(key, "lost"));
            return changes.contains(BreakerState.OPEN);
        });
    }

    @Test
    void whatIsUnansweredWhenAServerIsKilledFailsAndIsNotForgotten() {
        MemcachedServer server = server();
        FarStore store = open(tier(server));
        await(store.ping());
        server.freeze();
        List<CompletableFuture<?>> all = new ArrayList<>();
        for (int i = 0; i < 2_000; i++) {
            all.add(store.read(List.of("k" + i)).toCompletableFuture());
            all.add(store.put(List.of(new PutRequest("k" + i, draft("value")))).toCompletableFuture());
        }
        server.kill();
        for (CompletableFuture<?> one : all) {
            assertThat(failure(one)).isNotNull();
        }
    }

    @Test
    void aServerThatHangsIsNotAskedAgainUntilItAnswers() {
        MemcachedServer server = server();
        FarStore store = open(tier(server), Duration.ofMillis(100));
        await(store.ping());
        server.freeze();
        CompletionStage<List<FarReading>> first = store.read(List.of("k"));
        holds("it is not asked", () -> {
            CompletableFuture<?> next = store.read(List.of("k")).toCompletableFuture();
            return next.isCompletedExceptionally() && failure(next).getMessage().contains("does not answer");
        });
        server.thaw();
        await(first);
        holds("it is asked again", () -> succeeds(store.read(List.of("k"))));
    }

    @Test
    void whatIsUnansweredIsBoundedAndRefusalsAreCounted() {
        MemcachedServer server = server();
        MemcachedFarTier tier = tier(server);
        FarStore store = open(tier);
        await(store.ping());
        List<String> keys = IntStream.range(0, 1_000).mapToObj(i -> "k" + i).toList();
        server.freeze();
        List<CompletionStage<?>> all = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            all.add(store.read(keys));
        }
        assertThat(tier.refusedRequests()).isBetween(30_000L, 40_000L);
        server.thaw();
        assertThat(all.stream().filter(Awaited::succeeds).count()).isBetween(60L, 70L);
        assertThat(await(store.read(keys))).hasSize(1_000);
    }

    @Test
    void aNameIsTakenFromTheClassicProtocolToTheMetaProtocolAndBack() {
        MemcachedServer server = server();
        FarStore meta = open(keep(MemcachedFarTier.builder()
                .servers(address(server))
                .protocol(MemcachedFarTier.Protocol.META)
                .build()));
        FarStore classic = open(keep(MemcachedFarTier.builder()
                .servers(address(server))
                .protocol(MemcachedFarTier.Protocol.CLASSIC)
                .build()));
        FarLease first = granted(meta, "a");
        assertThat(lease(classic, "a")).isEqualTo(new LeaseReply.Busy());
        FarLease second = granted(classic, "b");
        assertThat(lease(meta, "b")).isEqualTo(new LeaseReply.Busy());
        assertThat(read(classic, "a")).isEqualTo(FarReading.ABSENT);
        assertThat(read(meta, "b")).isEqualTo(FarReading.ABSENT);
        assertThat(await(meta.fill(List.of(new FillRequest(first, draft("A"))))))
                .hasSize(1);
        assertThat(await(classic.fill(List.of(new FillRequest(second, draft("B"))))))
                .hasSize(1);
        assertThat(value(classic, "a")).isEqualTo("A");
        assertThat(value(meta, "b")).isEqualTo("B");
        assertThat(read(classic, "a")).isEqualTo(read(meta, "a"));
    }

    @Test
    void closingIsQuickAndTwiceIsOnce() {
        MemcachedServer server = server();
        MemcachedFarTier tier = tier(server);
        await(open(tier).ping());
        server.freeze();
        long before = System.nanoTime();
        tier.close();
        tier.close();
        assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(8));
        assertThat(tier).hasToString("memcached [" + address(server) + "]");
    }

    private MemcachedServer server(String... options) {
        return keep(MemcachedServer.start(options));
    }

    private MemcachedFarTier tier(MemcachedServer server) {
        return keep(MemcachedFarTier.connect(address(server)));
    }

    private static String address(MemcachedServer server) {
        return "127.0.0.1:" + server.port();
    }

    private <T extends AutoCloseable> T keep(T closeable) {
        opened.push(closeable);
        return closeable;
    }

    private static FarStore open(MemcachedFarTier tier) {
        return open(tier, PATIENT);
    }

    private static FarStore open(MemcachedFarTier tier, Duration budget) {
        return tier.open("test", budget);
    }

    private static long bytesWritten(MemcachedServer server) {
        return server.command("stats").stream()
                .filter(line -> line.startsWith("STAT bytes_written "))
                .mapToLong(line -> Long.parseLong(line.substring("STAT bytes_written ".length())))
                .sum();
    }

    private static void put(FarStore store, String key, String value) {
        assertThat(await(store.put(List.of(new PutRequest(key, draft(value))))))
                .allMatch(WriteReply.Stored.class::isInstance);
    }

    private static FarReading read(FarStore store, String key) {
        return await(store.read(List.of(key))).get(0);
    }

    private static String value(FarStore store, String key) {
        return text(read(store, key));
    }

    private static String text(FarReading reading) {
        assertThat(reading).isInstanceOf(FarReading.Found.class);
        return UTF_8.decode(((FarReading.Found) reading)
                        .record()
                        .content()
                        .payload()
                        .duplicate())
                .toString();
    }

    private static FarRecord.Stamp stamp(FarReading reading) {
        return ((FarReading.Found) reading).record().stamp();
    }

    private static LeaseReply lease(FarStore store, String key) {
        return await(store.lease(List.of(new LeaseRequest(key, read(store, key))), LONG))
                .get(0);
    }

    private static FarLease granted(FarStore store, String key) {
        LeaseReply reply = lease(store, key);
        assertThat(reply).isInstanceOf(LeaseReply.Granted.class);
        return ((LeaseReply.Granted) reply).lease();
    }

    private static RecordDraft draft(String value) {
        return new RecordDraft(
                ThreadLocalRandom.current().nextLong(),
                FarRecord.NO_SOURCE_VERSION,
                0,
                new RecordDraft.Lifetime(LONG, LONG),
                FarRecord.Attributes.NONE,
                new FarRecord.Content(FarRecord.State.VALUE, 1, null, ByteBuffer.wrap(value.getBytes(UTF_8))));
    }
}
