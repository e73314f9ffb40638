package dev.terrace.cache.memcached;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import com.google.code.yanf4j.nio.NioSession;
import com.google.code.yanf4j.nio.impl.Reactor;
import com.google.code.yanf4j.nio.impl.SelectorManager;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.ref.WeakReference;
import java.lang.reflect.Field;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import net.rubyeye.xmemcached.impl.MemcachedTCPSession;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** One connection, and a server that says what the test wants it to. */
@Execution(ExecutionMode.CONCURRENT)
final class LinkTest {

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final int LARGEST_ITEM = 2 << 20;

    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private final Driver driver = new Driver(1);
    private final AtomicReference<@Nullable MemcachedTCPSession> session = new AtomicReference<>();
    private ServerSocket listening = unbound();

    @BeforeEach
    void listen() throws IOException {
        listening = keep(new ServerSocket(0, 10, InetAddress.getLoopbackAddress()));
        listening.setSoTimeout((int) LIMIT.toMillis());
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : opened) {
            each.close();
        }
        driver.stop();
    }

    @Test
    void aRequestThatIsLeftToTheReactorGoesOutAtOnceThoughTheReactorThinksThatItWasWoken() throws Exception {
        Link link = connect();
        BufferedReader requests = requests(accept());
        CompletableFuture<?> unanswered = ask(link, "first");
        assertThat(requests.readLine()).isEqualTo("mg first c f v");

        AtomicBoolean woken = woken();
        int rounds = 5;
        long began = System.nanoTime();
        for (int round = 0; round < rounds; round++) {
            pretend(woken);
            ask(link, "k" + round);
            assertThat(requests.readLine()).isEqualTo("mg k" + round + " c f v");
        }
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(rounds - 2));
        assertThat(unanswered).isNotDone();
    }

    @Test
    void aNewConnectionIsReadAtOnceThoughTheReactorThinksThatItWasWoken() throws Exception {
        connect();
        accept();
        AtomicBoolean woken = woken();
        int rounds = 5;
        long began = System.nanoTime();
        for (int round = 0; round < rounds; round++) {
            pretend(woken);
            CompletableFuture<List<String>> asked = ask(connect(), "a");
            accept().getOutputStream().write("EN\r\n".getBytes(StandardCharsets.ISO_8859_1));
            assertThat(await(asked)).containsExactly("-");
        }
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(rounds - 2));
    }

    @Test
    void whereverRepliesAreCutEachWaiterEndsAndNobodyIsToldWhatIsNotHis() throws Exception {
        String many = "VALUE a 5 5 7\r\nEND\r\n\r\nVALUE c 0 0 8\r\n\r\nEND\r\n";
        String one = "VA 8 c9 f6\r\nVALUE a \r\n";
        String wire = many + one;
        for (int cut = 0; cut <= wire.length(); cut++) {
            Link link = connect();
            Socket server = accept();
            CompletableFuture<List<String>> first = ask(link, "a", "b", "c");
            CompletableFuture<List<String>> second = ask(link, "d");
            BufferedReader requests = requests(server);
            assertThat(requests.readLine()).isEqualTo("gets a b c");
            assertThat(requests.readLine()).isEqualTo("mg d c f v");
            server.getOutputStream().write(wire.substring(0, cut).getBytes(StandardCharsets.ISO_8859_1));
            server.close();
            if (cut < many.length()) {
                assertThat(failure(first)).isInstanceOf(MemcachedUnreachableException.class);
            } else {
                assertThat(await(first)).containsExactly("a 5 7 END\r\n", "-", "c 0 8 ");
            }
            if (cut < wire.length()) {
                assertThat(failure(second)).isInstanceOf(MemcachedUnreachableException.class);
                assertThat(failure(ask(link, "e"))).isInstanceOf(MemcachedUnreachableException.class);
            } else {
                assertThat(await(second)).containsExactly("d 6 9 VALUE a ");
            }
        }
    }

    @Test
    void aConnectionThatIsOutOfStepIsNotReadAnyFurther() throws Exception {
        for (String wire : List.of(
                "VALUE other 0 1 7\r\nx\r\nEND\r\n",
                "VALUE b 0 1 7\r\nx\r\nVALUE a 0 1 8\r\nx\r\nEND\r\n",
                "VALUE a 0 1 7\r\nxyz\r\nEND\r\n",
                "HD c5\r\n",
                "END\r\nEND\r\n",
                "END\r\nVALUE c 0 1 7\r\nx\r\nEND\r\n")) {
            Link link = connect();
            Socket server = accept();
            CompletableFuture<List<String>> first = ask(link, "a", "b");
            CompletableFuture<List<String>> second = ask(link, "c");
            BufferedReader requests = requests(server);
            assertThat(requests.readLine()).isEqualTo("gets a b");
            assertThat(requests.readLine()).isEqualTo("mg c c f v");
            server.getOutputStream()
                    .write((wire + "VA 1 c9 f6\r\ny\r\nVA 1 c9 f6\r\ny\r\n").getBytes(StandardCharsets.ISO_8859_1));
            if (wire.startsWith("END")) {
                assertThat(await(first)).containsExactly("-", "-");
            } else {
                assertThat(failure(first)).isInstanceOf(MemcachedUnreachableException.class);
            }
            assertThat(failure(second)).isInstanceOf(MemcachedUnreachableException.class);
            assertThat(failure(ask(link, "e"))).isInstanceOf(MemcachedUnreachableException.class);
            assertThat(link.hasEnded()).isTrue();
        }
    }

    @Test
    void aValueIsNotWaitedForThatIsLargerThanTheServerTakes() throws Exception {
        for (int length : List.of(LARGEST_ITEM + (100 << 10), Integer.MAX_VALUE)) {
            Link link = connect();
            Socket server = accept();
            CompletableFuture<List<String>> first = ask(link, "a");
            server.getOutputStream().write(("VA " + length + " c9 f6\r\n").getBytes(StandardCharsets.ISO_8859_1));
            assertThat(failure(first)).isInstanceOf(MemcachedUnreachableException.class);
            assertThat(link.hasEnded()).isTrue();
        }
        Link link = connect();
        Socket server = accept();
        CompletableFuture<List<String>> asked = ask(link, "a");
        server.getOutputStream()
                .write(("VA " + LARGEST_ITEM + " c9 f6\r\n" + "x".repeat(LARGEST_ITEM) + "\r\n")
                        .getBytes(StandardCharsets.ISO_8859_1));
        assertThat(await(asked)).containsExactly("a 6 9 " + "x".repeat(LARGEST_ITEM));
    }

    @Test
    void whatIsNoReplyIsLoggedByNobody() throws Exception {
        try (CapturedLog log = CapturedLog.ofAll()) {
            String secret = "s3cr3t".repeat(5);
            for (String wire : List.of(
                    secret + "\r\n",
                    "VA " + secret + "\r\n",
                    "VA 1 c1" + secret + "\r\n",
                    "VALUE d 0 1 " + secret + "\r\n",
                    "STAT " + secret + "\r\n",
                    "\u0081" + secret + "\r\n")) {
                for (Dialect dialect : List.of(MetaDialect.INSTANCE, ClassicDialect.INSTANCE, BinaryDialect.INSTANCE)) {
                    Link link = connect();
                    Socket server = accept();
                    CompletableFuture<List<Reply>> asked = link.ask(dialect, List.of(new Ask.Get("d", true, false, 0)));
                    server.getOutputStream().write(wire.getBytes(StandardCharsets.ISO_8859_1));
                    assertThat(failure(asked))
                            .isInstanceOf(MemcachedUnreachableException.class)
                            .hasMessageContaining("no reply")
                            .hasMessageNotContaining(secret);
                }
            }
            assertThat(log.events())
                    .extracting(event ->
                            event.getFormattedMessage() + ThrowableProxyUtil.asString(event.getThrowableProxy()))
                    .noneMatch(line -> line.contains(secret) || line.contains("Decode error"));
        }
    }

    @Test
    void whatTheServerSaysUnaskedIsNoAnswerToWhatIsAskedNext() throws Exception {
        Link link = connect();
        Socket server = accept();
        CompletableFuture<List<String>> first = ask(link, "a");
        assertThat(requests(server).readLine()).isEqualTo("mg a c f v");
        server.getOutputStream().write("EN\r\n".getBytes(StandardCharsets.ISO_8859_1));
        assertThat(await(first)).containsExactly("-");
        server.getOutputStream().write("VA 1 c9 f6\r\ny\r\n".getBytes(StandardCharsets.ISO_8859_1));
        long end = System.nanoTime() + LIMIT.toNanos();
        while (!link.hasEnded()) {
            assertThat(System.nanoTime()).isLessThan(end);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
        }
        assertThat(failure(ask(link, "b"))).isInstanceOf(MemcachedUnreachableException.class);
    }

    @Test
    void aRefusalIsToldThoseWhoWereRefusedAndTheConnectionGoesOn() throws Exception {
        Link link = connect();
        Socket server = accept();
        BufferedReader requests = requests(server);
        for (String refusal :
                List.of("SERVER_ERROR out of memory writing get response", "CLIENT_ERROR bad command", "ERROR")) {
            CompletableFuture<List<String>> before = ask(link, "a", "b");
            CompletableFuture<List<String>> alone = ask(link, "c");
            CompletableFuture<List<String>> after = ask(link, "a", "b");
            for (String request : List.of("gets a b", "mg c c f v", "gets a b")) {
                assertThat(requests.readLine()).isEqualTo(request);
            }
            String wire = "VALUE a 0 1 7\r\nx\r\n" + refusal + "\r\n" + refusal
                    + "\r\nVALUE a 0 1 7\r\nx\r\nVALUE b 0 1 8\r\ny\r\nEND\r\n";
            server.getOutputStream().write(wire.getBytes(StandardCharsets.ISO_8859_1));
            assertThat(failure(before))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining(refusal);
            assertThat(failure(alone)).isInstanceOf(IllegalStateException.class).hasMessageContaining(refusal);
            assertThat(await(after)).containsExactly("a 0 7 x", "b 0 8 y");
        }
        assertThat(link.hasEnded()).isFalse();
    }

    @Test
    void whatTheSocketTakesInPartsArrivesWholeAndInItsOrder() throws Exception {
        int room = 16 * 1024;
        listening.setReceiveBufferSize(room);
        Link link = connect();
        Socket server = accept();
        NioSession connection = Objects.requireNonNull(session.get());
        ((SocketChannel) connection.channel()).setOption(StandardSocketOptions.SO_SNDBUF, room);
        // Alone, what is left of one is all that is left to write.
        for (List<Integer> sizes : List.of(
                List.of(60_000), List.of(500_000), List.of(10, 60_000, 20), List.of(300_000, 1, 64 * 1024, 200_000))) {
            List<Ask> asks = new ArrayList<>();
            List<CompletableFuture<List<Reply>>> replies = new ArrayList<>();
            for (int size : sizes) {
                byte[] value = new byte[size];
                ThreadLocalRandom.current().nextBytes(value);
                Ask ask = new Ask.Store("k" + size, value, 0, 1, Ask.ANY);
                asks.add(ask);
                replies.add(link.ask(List.of(ask)));
            }
            byte[] expected = MetaDialect.INSTANCE.encode(asks);
            assertThat(server.getInputStream().readNBytes(expected.length)).isEqualTo(expected);
            server.getOutputStream().write("HD c5\r\n".repeat(sizes.size()).getBytes(StandardCharsets.ISO_8859_1));
            for (CompletableFuture<List<Reply>> reply : replies) {
                assertThat(await(reply)).containsExactly(new Reply.Stored(5));
            }
        }
    }

    @Test
    void aLinkThatHasEndedKeepsNoConnection() throws Exception {
        Link link = connect();
        accept();
        WeakReference<@Nullable MemcachedTCPSession> connection = new WeakReference<>(session.getAndSet(null));
        assertThat(connection.get()).isNotNull();
        link.end("the test says so");
        long end = System.nanoTime() + LIMIT.toNanos();
        while (connection.get() != null) {
            assertThat(System.nanoTime()).isLessThan(end);
            System.gc();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
        }
        assertThat(link.hasEnded()).isTrue();
    }

    private static final Dialect.Items<String> TEXT = new Dialect.Items<>() {
        @Override
        public String found(String name, int flags, long cas, byte[] bytes) {
            return name + " " + flags + " " + cas + " " + new String(bytes, StandardCharsets.ISO_8859_1);
        }

        @Override
        public String missing() {
            return "-";
        }
    };

    private static CompletableFuture<List<String>> ask(Link link, String... names) {
        return link.askWhole(List.of(names), TEXT);
    }

    private Link connect() throws IOException {
        Link link = new Link("test", 1, new Link.Counts(), (ended, reason) -> {});
        link.speaks(MetaDialect.INSTANCE, LARGEST_ITEM);
        driver.connect(
                (InetSocketAddress) listening.getLocalSocketAddress(),
                new Driver.Owner() {
                    @Override
                    public void connected(MemcachedTCPSession connected) {
                        session.set(connected);
                        link.connections().get(0).connected(connected);
                    }

                    @Override
                    public void disconnected(String reason) {
                        link.connections().get(0).disconnected(reason);
                    }
                },
                (int) LIMIT.toMillis());
        opened.push(() -> link.end("the test is over"));
        return link;
    }

    private AtomicBoolean woken() throws ReflectiveOperationException {
        Object reactor = Objects.requireNonNull(session.get()).getAttribute(SelectorManager.REACTOR_ATTRIBUTE);
        Field field = Reactor.class.getDeclaredField("wakenUp");
        field.setAccessible(true);
        return (AtomicBoolean) field.get(reactor);
    }

    /** What the driver has when somebody wakes it after it has looked what to do, and before it selects. */
    private static void pretend(AtomicBoolean woken) {
        while (!woken.compareAndSet(false, true)) {
            Thread.onSpinWait();
        }
    }

    private Socket accept() throws IOException {
        Socket accepted = keep(listening.accept());
        accepted.setSoTimeout((int) LIMIT.toMillis());
        return accepted;
    }

    private static BufferedReader requests(Socket socket) throws IOException {
        return new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
    }

    private static ServerSocket unbound() {
        try {
            return new ServerSocket();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private <T extends AutoCloseable> T keep(T closeable) {
        opened.push(closeable);
        return closeable;
    }

    private static <T> T await(CompletableFuture<T> future) {
        try {
            return future.get(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static Throwable failure(CompletableFuture<?> future) {
        try {
            return fail("answered " + future.get(LIMIT.toMillis(), TimeUnit.MILLISECONDS));
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            return cause instanceof CompletionException && cause.getCause() != null ? cause.getCause() : cause;
        } catch (TimeoutException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
