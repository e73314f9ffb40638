package dev.terrace.cache.memcached;

import static dev.terrace.cache.memcached.Awaited.await;
import static dev.terrace.cache.memcached.Awaited.holds;
import static dev.terrace.cache.memcached.Awaited.succeeds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ch.qos.logback.classic.Level;
import dev.terrace.cache.spi.FarStore;
import dev.terrace.cache.testkit.FaultyLink;
import dev.terrace.cache.testkit.MemcachedServer;
import dev.terrace.cache.testkit.OwnThread;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;

/** Several connections to one server, which are one link. */
final class PooledConnectionsTest {

    private static final int CONNECTIONS = 3;
    private static final int THREADS = 12;
    private static final int ROUNDS = 50;
    private static final Duration BUDGET = Duration.ofSeconds(10);

    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : opened) {
            each.close();
        }
    }

    @Test
    void whatOneThreadWritesEachOtherReads() {
        FaultyLink way = keep(FaultyLink.to(keep(MemcachedServer.start()).port()));
        MemcachedValues values = tier(way).values(BUDGET);
        await(values.put("0", "begin", Duration.ofMinutes(1)));
        assertThat(way.connections()).isEqualTo(CONNECTIONS);
        for (int round = 0; round < ROUNDS; round++) {
            String value = "round " + round;
            await(OwnThread.run(() -> await(values.put("0", value, Duration.ofMinutes(1)))));
            List<CompletableFuture<Void>> readers = IntStream.range(0, THREADS)
                    .mapToObj(reader -> OwnThread.run(
                            () -> assertThat(await(values.get("0"))).contains(new PlainValue.Text(value))))
                    .toList();
            readers.forEach(Awaited::await);
        }
    }

    @Test
    void theyAreLostTogetherAndMadeTogether() {
        FaultyLink way = keep(FaultyLink.to(keep(MemcachedServer.start()).port()));
        FarStore store = tier(way).open("pooled", BUDGET);
        holds("the server is used", () -> succeeds(store.ping()));
        way.refuse();
        way.cutOne();
        holds("the others are gone too", () -> way.connections() == 0);
        way.heal();
        holds("the server is used again", () -> succeeds(store.ping()));
        assertThat(way.connections()).isEqualTo(CONNECTIONS);
    }

    @Test
    @ResourceLock(CapturedLog.LEVEL)
    void thoseThatReachedDifferentServersAreMadeAnew() {
        MemcachedServer before = keep(MemcachedServer.start());
        MemcachedServer after = keep(MemcachedServer.start());
        FaultyLink name = keep(FaultyLink.to(before.port()));
        name.moveAfterNext(after.port());
        try (CapturedLog log = CapturedLog.ofOurs(Level.WARN)) {
            MemcachedValues values = tier(name).values(BUDGET);
            holds("the server is used", () -> succeeds(values.put("key", "value", Duration.ofMinutes(1))));
            assertThat(log.lines()).anySatisfy(line -> assertThat(line).contains("reached different servers"));
        }
        assertThat(before.command("get key")).containsExactly("END");
        assertThat(after.command("get key")).hasSize(3);
    }

    /** It may not evict, and is full: whether connections reached one server cannot be told by an item. */
    @Test
    @ResourceLock(CapturedLog.LEVEL)
    void ofAServerThatStoresNothingMoreOneIsUsed() {
        MemcachedServer full = keep(MemcachedServer.start("-M", "-m", "2"));
        full.command("set key 0 0 5\r\nvalue");
        String filling = "x".repeat(36);
        for (int i = 0; full.command("set " + filling + i + " 0 0 0\r\n").contains("STORED"); i++) {
            assertThat(i).isLessThan(1_000_000);
        }
        try (CapturedLog log = CapturedLog.ofOurs(Level.INFO)) {
            MemcachedValues values = tier(keep(FaultyLink.to(full.port()))).values(BUDGET);
            assertThat(await(values.get("key")))
                    .contains(new PlainValue.Bytes("value".getBytes(StandardCharsets.UTF_8)));
            assertThat(log.lines()).anySatisfy(line -> assertThat(line).startsWith("One connection to 127.0.0.1:"));
        }
    }

    @Test
    void aNumberOfThemOutOfRangeIsRefused() {
        for (int number : new int[] {0, 17}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> MemcachedFarTier.builder().connections(number))
                    .withMessageContaining("connections " + number);
        }
    }

    private MemcachedFarTier tier(FaultyLink way) {
        return keep(MemcachedFarTier.builder()
                .servers("127.0.0.1:" + way.port())
                .connections(CONNECTIONS)
                .build());
    }

    private <T extends AutoCloseable> T keep(T closeable) {
        opened.push(closeable);
        return closeable;
    }
}
