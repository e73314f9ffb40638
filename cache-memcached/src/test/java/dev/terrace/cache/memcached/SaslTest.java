package dev.terrace.cache.memcached;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrace.cache.Cache;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.spi.FarStore;
import dev.terrace.cache.testkit.MemcachedServer;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A server that wants to know who asks. It asks a daemon for passwords, which this test is. */
final class SaslTest {

    private static final String USER = "terrace";
    private static final String PASSWORD = "pass word ü";

    private ServerSocketChannel passwords;
    private Process server;
    private int port;

    @BeforeEach
    void start(@TempDir Path directory) throws IOException {
        Path socket = directory.resolve("mux");
        passwords = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(socket));
        Thread daemon = new Thread(this::answer, "passwords");
        daemon.setDaemon(true);
        daemon.start();
        Files.writeString(
                directory.resolve("memcached.conf"),
                "mech_list: plain\npwcheck_method: saslauthd\nsaslauthd_path: " + socket + "\n");
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        ProcessBuilder builder = new ProcessBuilder(
                        "memcached",
                        "-S",
                        "-l",
                        "127.0.0.1",
                        "-U",
                        "0",
                        "-p",
                        Integer.toString(port),
                        "-u",
                        System.getProperty("user.name"))
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("log").toFile());
        builder.environment().put("SASL_CONF_PATH", directory.toString());
        server = builder.start();
    }

    @AfterEach
    void stop() throws Exception {
        server.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
        passwords.close();
    }

    @Test
    void whoHasTheRightPasswordIsServed() throws Exception {
        try (MemcachedFarTier far = tier(PASSWORD);
                Cache<String, String> cache = Cache.<String, String>builder("sasl")
                        .far(far, StringCodec.utf8())
                        .farBudget(Duration.ofSeconds(10))
                        .freshFor(Duration.ofMinutes(1))
                        .loader(key -> "loaded " + key)
                        .build()) {
            ping(far.open("probe", Duration.ofSeconds(10)));
            cache.put("k", "value");
            assertThat(cache.getIfPresent("k")).isEqualTo("value");
            assertThat(cache.get("other")).isEqualTo("loaded other");
            cache.invalidate("k");
            assertThat(cache.getIfPresent("k")).isNull();
            // A load is answered before its value is stored.
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (cache.stats().far().fills() == 0 && System.nanoTime() < end) {
                TimeUnit.MILLISECONDS.sleep(5);
            }
            assertThat(cache.stats().far().fills()).isEqualTo(1);
        }
    }

    @Test
    void whoHasNotIsRefusedWithoutThePasswordInTheMessage() {
        try (MemcachedFarTier far = tier("wrong password")) {
            FarStore store = far.open("sasl", Duration.ofSeconds(10));
            assertThatThrownBy(() -> ping(store))
                    .hasMessageContaining("refuses user " + USER + ": status 32")
                    .hasMessageNotContaining("wrong password");
        }
    }

    /** In text such a server says nothing at all. */
    @ParameterizedTest
    @EnumSource(MemcachedFarTier.Protocol.class)
    void whoSaysNothingOfHimselfIsToldToGiveCredentials(MemcachedFarTier.Protocol protocol) {
        try (MemcachedFarTier far = MemcachedFarTier.builder()
                .servers("127.0.0.1:" + port)
                .protocol(protocol)
                .build()) {
            FarStore store = far.open("sasl", Duration.ofSeconds(10));
            assertThatThrownBy(() -> ping(store)).hasMessageContaining("give the far tier credentials(user, password)");
        }
    }

    @Test
    void aServerThatKnowsNoCredentialsSaysSo() {
        try (MemcachedServer open = MemcachedServer.start();
                MemcachedFarTier far = MemcachedFarTier.builder()
                        .servers("127.0.0.1:" + open.port())
                        .credentials(USER, PASSWORD)
                        .build()) {
            FarStore store = far.open("sasl", Duration.ofSeconds(10));
            assertThatThrownBy(() -> ping(store))
                    .hasMessageContaining("refuses user " + USER + ": status 129")
                    .hasMessageNotContaining(PASSWORD);
        }
    }

    /** The server may still be starting. */
    private static void ping(FarStore store) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (true) {
            try {
                store.ping().toCompletableFuture().get(20, TimeUnit.SECONDS);
                return;
            } catch (ExecutionException e) {
                if (System.nanoTime() > end || !String.valueOf(e.getMessage()).contains("refused")) {
                    throw e;
                }
                TimeUnit.MILLISECONDS.sleep(20);
            }
        }
    }

    private MemcachedFarTier tier(String password) {
        return MemcachedFarTier.builder()
                .servers("127.0.0.1:" + port)
                .credentials(USER, password)
                // Each has to say so.
                .connections(2)
                .build();
    }

    /** User, password, service and realm come each with a length of two bytes; so does the answer. */
    private void answer() {
        while (passwords.isOpen()) {
            try (SocketChannel asked = passwords.accept();
                    DataInputStream in = new DataInputStream(Channels.newInputStream(asked))) {
                String[] words = new String[4];
                for (int i = 0; i < words.length; i++) {
                    words[i] = new String(in.readNBytes(in.readUnsignedShort()), UTF_8);
                }
                byte[] answer = (words[0].equals(USER) && words[1].equals(PASSWORD) ? "OK" : "NO").getBytes(UTF_8);
                asked.write(ByteBuffer.allocate(2 + answer.length)
                        .putShort((short) answer.length)
                        .put(answer)
                        .flip());
            } catch (IOException e) {
                // The test is over, or the server went away.
            }
        }
    }
}
