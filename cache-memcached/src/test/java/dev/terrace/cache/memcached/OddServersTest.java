package dev.terrace.cache.memcached;

import static dev.terrace.cache.memcached.Awaited.await;
import static dev.terrace.cache.memcached.Awaited.failure;
import static dev.terrace.cache.memcached.Awaited.holds;
import static dev.terrace.cache.memcached.Awaited.succeeds;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import dev.terrace.cache.Cache;
import dev.terrace.cache.FailureKind;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.spi.FarStore;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/** Servers that do what memcached does not, and the time before the first connection. */
@Execution(ExecutionMode.CONCURRENT)
final class OddServersTest {

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Duration LONG = Duration.ofMinutes(10);

    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : opened) {
            each.close();
        }
    }

    @Test
    void aServerThatDoesNotTellItsTimeIsRefusedAndAskedAgain() {
        Scripted server = server();
        server.answers(line -> line.equals("stats") ? "STAT version 1.6.18\r\nEND\r\n" : greeting(line));
        FarStore store = tier(server).open("test", LIMIT);
        assertThat(failure(store.ping())).hasMessageContaining("does not tell its time");
        server.answers(OddServersTest::greeting);
        holds("the server is used", () -> succeeds(store.ping()));
    }

    @Test
    void aValueThatIsAnnouncedLargerThanTheServerTakesIsACountedMiss() {
        Scripted server = server();
        server.answers(line -> line.startsWith("mg ") ? "VA 2000000000 c1 f0\r\nxxx" : greeting(line));
        Cache<String, String> cache = keep(Cache.<String, String>builder("test")
                .far(tier(server), StringCodec.utf8())
                .farBudget(LIMIT)
                .freshFor(LONG)
                .loader(key -> "loaded")
                .build());
        assertThat(cache.get("k")).isEqualTo("loaded");
        assertThat(cache.stats().failures().get(FailureKind.FAR_READ)).isPositive();
    }

    @Test
    void anOperationThatAsksAgainWhileTheFirstRequestsAreSentDoesNotKeepTheConnectionFromBeingUsed() {
        Scripted server = server();
        CountDownLatch mayAnswer = server.holdsBack();
        Node node = node(server);
        AtomicReference<Function<Link, CompletionStage<String>>> again = new AtomicReference<>();
        AtomicInteger asked = new AtomicInteger();
        again.set(link -> {
            asked.incrementAndGet();
            if (!node.isUp()) {
                node.call(again.get());
            }
            return CompletableFuture.completedFuture("asked");
        });
        CompletableFuture<String> first = node.call(again.get());
        node.start();
        mayAnswer.countDown();
        holds("the connection is used", node::isUp);
        assertThat(await(first)).isEqualTo("asked");
        assertThat(asked).hasValueLessThan(10_000);
    }

    @Test
    void anErrorInOneOfTheFirstOperationsIsItsOwn() {
        Scripted server = server();
        CountDownLatch mayAnswer = server.holdsBack();
        Node node = node(server);
        CompletableFuture<String> broken = node.call(link -> {
            throw new StackOverflowError("the test says so");
        });
        CompletableFuture<String> behind = node.call(link -> CompletableFuture.completedFuture("sent"));
        node.start();
        mayAnswer.countDown();
        assertThat(failure(broken)).isInstanceOf(StackOverflowError.class);
        assertThat(await(behind)).isEqualTo("sent");
        holds("the connection is used", node::isUp);
        assertThat(failure(node.call(link -> {
                    throw new StackOverflowError("the test says so");
                })))
                .isInstanceOf(StackOverflowError.class);
    }

    @Test
    void whatIsAskedWhileTheFirstRequestsAreSentComesBehindThem() {
        Scripted server = server();
        CountDownLatch mayAnswer = server.holdsBack();
        Node node = node(server);
        List<Integer> sent = new CopyOnWriteArrayList<>();
        List<CompletableFuture<Integer>> inner = new CopyOnWriteArrayList<>();
        for (int i = 0; i < 3; i++) {
            int number = i;
            node.call(link -> {
                sent.add(number);
                inner.add(node.call(again -> {
                    sent.add(10 + number);
                    return CompletableFuture.completedFuture(number);
                }));
                return CompletableFuture.completedFuture(number);
            });
        }
        node.start();
        mayAnswer.countDown();
        holds("the connection is used", node::isUp);
        assertThat(sent).containsExactly(0, 1, 2, 10, 11, 12);
        assertThat(inner).hasSize(3).allSatisfy(one -> assertThat(one).isCompleted());
    }

    @Test
    void whatIsAskedBeforeTheFirstConnectionIsBounded() {
        Scripted server = server();
        CountDownLatch mayAnswer = server.holdsBack();
        Node node = node(server);
        List<CompletableFuture<Integer>> all = new ArrayList<>();
        for (int i = 0; i < 5_000; i++) {
            int number = i;
            all.add(node.call(link -> CompletableFuture.completedFuture(number)));
        }
        assertThat(all.subList(0, 4_096)).noneMatch(CompletableFuture::isDone);
        assertThat(all.subList(4_096, 5_000)).allMatch(CompletableFuture::isCompletedExceptionally);
        node.start();
        mayAnswer.countDown();
        for (int i = 0; i < 4_096; i++) {
            assertThat(await(all.get(i))).isEqualTo(i);
        }
    }

    @Test
    void whoeverGaveUpBeforeTheFirstConnectionIsNotSent() {
        Scripted server = server();
        CountDownLatch mayAnswer = server.holdsBack();
        MemcachedFarTier tier = tier(server);
        assertThat(failure(tier.values(Duration.ofMillis(50)).get("given-up"))).isInstanceOf(TimeoutException.class);
        CompletionStage<?> patient = tier.values(LIMIT).get("patient");
        mayAnswer.countDown();
        await(patient);
        assertThat(server.heard()).anyMatch(line -> line.contains("patient")).noneMatch(line -> line.contains("given"));
    }

    @Test
    void closingBeforeTheFirstConnectionEndsWhatWasAskedAndConnectsNoMore() throws Exception {
        Scripted server = server();
        CountDownLatch mayResolve = new CountDownLatch(1);
        AtomicReference<@Nullable Thread> resolving = new AtomicReference<>();
        MemcachedFarTier tier = keep(MemcachedFarTier.builder()
                .servers("cache.example:" + server.port())
                .resolver(host -> {
                    resolving.set(Thread.currentThread());
                    uninterruptibly(mayResolve);
                    return InetAddress.getLoopbackAddress();
                })
                .build());
        CompletionStage<?> asked = tier.open("test", LIMIT).ping();
        holds("its name is looked up", () -> resolving.get() != null);
        tier.close();
        assertThat(failure(asked)).hasMessageContaining("closed");
        mayResolve.countDown();
        Objects.requireNonNull(resolving.get()).join(LIMIT.toMillis());
        // In the order in which they came.
        try (Socket ours = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            holds("ours is accepted", () -> server.accepted().contains(ours.getLocalPort()));
        }
        assertThat(server.accepted()).hasSize(1);
    }

    @Test
    @ResourceLock(CapturedLog.LEVEL)
    void aServerThatEndsEachConnectionIsNotConnectedToAllTheTimeAndToldOfNowAndThen() {
        Scripted server = server();
        server.answers(line -> line.equals("stats") ? Scripted.LAST + greeting(line) : greeting(line));
        try (CapturedLog log = CapturedLog.ofOurs(Level.WARN)) {
            FarStore store = tier(server).open("test", LIMIT);
            long end = System.nanoTime() + Duration.ofSeconds(2).toNanos();
            while (System.nanoTime() < end) {
                succeeds(store.read(List.of("k")));
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
            }
            assertThat(server.accepted()).hasSizeBetween(2, 20);
            assertThat(log.lines())
                    .filteredOn(line -> line.contains(":" + server.port()))
                    .hasSizeLessThan(5)
                    .filteredOn(line -> line.startsWith("Lost"))
                    .hasSize(1);
        }
    }

    @Test
    @ResourceLock(CapturedLog.LEVEL)
    void twoNamesOfOneServerThatIsDownAreToldOfOnce() throws IOException {
        Scripted server = server();
        server.close();
        AtomicInteger attempts = new AtomicInteger();
        try (CapturedLog log = CapturedLog.ofOurs(Level.WARN)) {
            keep(MemcachedFarTier.builder()
                    .servers("one.example:" + server.port() + ", other.example:" + server.port())
                    .resolver(host -> {
                        attempts.incrementAndGet();
                        return InetAddress.getLoopbackAddress();
                    })
                    .build());
            holds("both are tried again and again", () -> attempts.get() > 10);
            List<String> lines = log.lines().stream()
                    .filter(line -> line.contains(".example:" + server.port()))
                    .toList();
            assertThat(lines)
                    .filteredOn(line -> line.endsWith("are the same server"))
                    .hasSize(1);
            assertThat(lines)
                    .filteredOn(line -> line.endsWith("trying again until it succeeds"))
                    .hasSize(2);
        }
    }

    private static void uninterruptibly(CountDownLatch latch) {
        try {
            latch.await(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** What memcached answers whoever connects; nothing is stored there. */
    private static @Nullable String greeting(String line) {
        return switch (line.split(" ", 2)[0]) {
            case "mn" -> "MN\r\n";
            case "stats" ->
                line.equals("stats")
                        ? "STAT version 1.6.18\r\nSTAT time 1700000000\r\nEND\r\n"
                        : "STAT cas_enabled yes\r\nSTAT item_size_max 1048576\r\nEND\r\n";
            case "mg" -> "EN\r\n";
            default -> null;
        };
    }

    /** A server that answers each line by a rule; without an answer it ends the connection. */
    private static final class Scripted implements AutoCloseable {

        /** After an answer that begins so it ends the connection. */
        static final String LAST = "\0";

        private final ServerSocket listening;
        private final List<Socket> connections = new CopyOnWriteArrayList<>();
        private final List<Integer> accepted = new CopyOnWriteArrayList<>();
        private final List<String> heard = new CopyOnWriteArrayList<>();
        private volatile CountDownLatch mayAnswer = new CountDownLatch(0);
        private volatile Function<String, @Nullable String> rule = OddServersTest::greeting;

        Scripted() throws IOException {
            listening = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
            start(this::accept);
        }

        int port() {
            return listening.getLocalPort();
        }

        void answers(Function<String, @Nullable String> rule) {
            this.rule = rule;
        }

        /** Says nothing until the latch is down. */
        CountDownLatch holdsBack() {
            CountDownLatch latch = new CountDownLatch(1);
            mayAnswer = latch;
            return latch;
        }

        /** The ports of whoever connected, in their order. */
        List<Integer> accepted() {
            return accepted;
        }

        List<String> heard() {
            return heard;
        }

        private void accept() {
            try {
                while (true) {
                    Socket connection = listening.accept();
                    connections.add(connection);
                    accepted.add(connection.getPort());
                    start(() -> converse(connection));
                }
            } catch (IOException e) {
                // The test is over.
            }
        }

        private void converse(Socket connection) {
            try (connection;
                    BufferedReader lines = new BufferedReader(
                            new InputStreamReader(connection.getInputStream(), StandardCharsets.ISO_8859_1))) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    heard.add(line);
                    uninterruptibly(mayAnswer);
                    String answer = rule.apply(line);
                    if (answer == null) {
                        return;
                    }
                    connection.getOutputStream().write(answer.replace(LAST, "").getBytes(StandardCharsets.ISO_8859_1));
                    if (answer.startsWith(LAST)) {
                        return;
                    }
                }
            } catch (IOException e) {
                // Whoever connected went away, or the test is over.
            }
        }

        private static void start(Runnable task) {
            Thread thread = new Thread(task, "scripted");
            thread.setDaemon(true);
            thread.start();
        }

        @Override
        public void close() throws IOException {
            listening.close();
            for (Socket connection : connections) {
                connection.close();
            }
        }
    }

    private Scripted server() {
        try {
            return keep(new Scripted());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private MemcachedFarTier tier(Scripted server) {
        return keep(MemcachedFarTier.connect("127.0.0.1:" + server.port()));
    }

    /** Not started. */
    private Node node(Scripted server) {
        Driver driver = new Driver(1);
        opened.push(driver::stop);
        ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1);
        opened.push(timer::shutdownNow);
        Node node = new Node(
                new Address("127.0.0.1", server.port(), 1),
                new Node.Wire(
                        driver,
                        1,
                        timer,
                        Node.Resolver::system,
                        Node.Threads::daemon,
                        new Greeting(MemcachedFarTier.Protocol.AUTO, null),
                        new ConcurrentHashMap<>()));
        opened.push(node::close);
        return node;
    }

    private <T extends AutoCloseable> T keep(T closeable) {
        opened.push(closeable);
        return closeable;
    }
}
