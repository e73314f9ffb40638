package dev.terrace.cache.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheListener.LinkState;
import dev.terrace.cache.FarWriteException;
import dev.terrace.cache.Near;
import dev.terrace.cache.WhenFarFails;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.testkit.RedisCluster;
import dev.terrace.cache.testkit.RedisServer;
import io.lettuce.core.RedisCredentials;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SslOptions;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

/** Who is let in, and who is believed to be the server: TLS with an authority of one's own, certificates of clients, credentials. */
final class SecureConnectionTest {

    private static X509Bundle authority;
    private static X509Bundle serverCertificate;

    private final List<AutoCloseable> opened = new ArrayList<>();

    @BeforeAll
    static void certify() throws Exception {
        authority = new CertificateBuilder()
                .subject("CN=An authority of our own")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        serverCertificate = new CertificateBuilder()
                .subject("CN=redis")
                .addSanIpAddress("127.0.0.1")
                .buildIssuedBy(authority);
    }

    @AfterEach
    void closeAll() throws Exception {
        Collections.reverse(opened);
        for (AutoCloseable closeable : opened) {
            closeable.close();
        }
    }

    @Test
    void aServerOfAnAuthorityOfOnesOwnIsTrustedByDataAndLink() throws Exception {
        int port = start("no", serverCertificate);

        seeEachOther("rediss://127.0.0.1:" + port, trusting());
    }

    @Test
    void aServerThatNobodyVouchesForIsNotUsed() throws Exception {
        int port = start("no", serverCertificate);

        isNotUsed("rediss://127.0.0.1:" + port, SslOptions.create());
    }

    @Test
    void aServerWithTheCertificateOfAnotherIsNotUsed() throws Exception {
        X509Bundle other = new CertificateBuilder()
                .subject("CN=another")
                .addSanDnsName("another.example")
                .buildIssuedBy(authority);
        int port = start("no", other);

        isNotUsed("rediss://127.0.0.1:" + port, trusting());
    }

    @Test
    void aServerThatAsksForACertificateIsShownOne() throws Exception {
        int port = start("yes", serverCertificate);
        X509Bundle own = new CertificateBuilder().subject("CN=a service").buildIssuedBy(authority);
        SslOptions options = SslOptions.builder()
                .trustManager(authority.toTempRootCertPem())
                .keyManager(own.toTempCertChainPem(), own.toTempPrivateKeyPem(), new char[0])
                .build();

        seeEachOther("rediss://127.0.0.1:" + port, options);
    }

    @Test
    void whoHasNoCertificateForAServerThatAsksIsLetInNowhere() throws Exception {
        int port = start("yes", serverCertificate);

        isNotUsed("rediss://127.0.0.1:" + port, trusting());
    }

    @Test
    void aClusterIsSpokenToOverTlsAtEachOfItsNodes() throws Exception {
        int[] ports = {freePort(), freePort(), freePort()};
        AtomicInteger next = new AtomicInteger();
        RedisCluster cluster = keep(RedisCluster.start(
                0, () -> tls(ports[next.getAndIncrement()], "no", serverCertificate, "--tls-cluster", "yes")));
        assertThat(cluster.nodes()).hasSize(3);

        seeEachOther("rediss-cluster://127.0.0.1:" + ports[0] + ",127.0.0.1:" + ports[1], trusting());
    }

    @Test
    void aUserOfTheAccessListIsNamedInTheUri() {
        RedisServer server = keep(RedisServer.start());
        server.command("ACL", "SETUSER", "service", "on", ">a secret", "~*", "&*", "+@all");
        server.command("ACL", "SETUSER", "default", "off");

        seeEachOther("redis://service:a%20secret@127.0.0.1:" + server.port(), SslOptions.create());
    }

    @Test
    void credentialsAreAskedForWheneverAConnectionIsMade() {
        RedisServer server = keep(RedisServer.start());
        server.command("ACL", "SETUSER", "service", "on", ">first", "~*", "&*", "+@all");
        AtomicInteger asked = new AtomicInteger();
        List<String> passwords = Collections.synchronizedList(new ArrayList<>(List.of("first")));
        RedisURI uri = RedisURI.create(server.uri());
        uri.setCredentialsProvider(() -> Mono.fromSupplier(() -> {
            asked.incrementAndGet();
            return RedisCredentials.just("service", passwords.get(0));
        }));
        RedisFarTier tier = keep(RedisFarTier.connect(uri));
        Cache<String, String> cache = cache(tier);
        Eventually.holds("the link is armed", () -> cache.stats().link().state() == LinkState.ARMED);
        cache.put("key", "of the first password");
        assertThat(asked).hasValueGreaterThanOrEqualTo(2);

        server.command("ACL", "SETUSER", "service", ">second", "<first");
        passwords.set(0, "second");
        server.command("CLIENT", "KILL", "USER", "service");

        Eventually.holds("the link is back", () -> cache.stats().link().armings() >= 2);
        Eventually.holds("the data connection is back", () -> isAcknowledged(cache, "of the second password"));
        assertThat(asked).hasValueGreaterThanOrEqualTo(4);
    }

    private static boolean isAcknowledged(Cache<String, String> cache, String value) {
        try {
            cache.put("key", value);
            return true;
        } catch (FarWriteException notYet) {
            return false;
        }
    }

    @Test
    void aSocketWithoutATransportForItIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RedisFarTier.connect("redis-socket:///run/redis.sock"))
                .withMessageContaining("/run/redis.sock")
                .withMessageContaining("netty-transport-native-epoll");
    }

    /** Starts a server that speaks TLS on the port that is returned. */
    private int start(String askClients, X509Bundle certificate) throws Exception {
        int port = freePort();
        keep(RedisServer.start(tls(port, askClients, certificate).toArray(String[]::new)));
        return port;
    }

    private static List<String> tls(int port, String askClients, X509Bundle certificate, String... more) {
        try {
            List<String> options = new ArrayList<>(List.of(
                    "--tls-port",
                    Integer.toString(port),
                    "--tls-cert-file",
                    path(certificate.toTempCertChainPem()),
                    "--tls-key-file",
                    path(certificate.toTempPrivateKeyPem()),
                    "--tls-ca-cert-file",
                    path(authority.toTempRootCertPem()),
                    "--tls-auth-clients",
                    askClients));
            options.addAll(List.of(more));
            return options;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String path(File file) {
        return file.getAbsolutePath();
    }

    private static int freePort() throws Exception {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static SslOptions trusting() throws Exception {
        return SslOptions.builder().trustManager(authority.toTempRootCertPem()).build();
    }

    /** One sees at once what the other changes, so that the link is there too. */
    private void seeEachOther(String uri, SslOptions ssl) {
        UnaryOperator<RedisFarTier.Builder> secure = builder -> builder.uri(uri).ssl(ssl);
        Cache<String, String> here =
                cache(keep(secure.apply(RedisFarTier.builder()).build()));
        Cache<String, String> there =
                cache(keep(secure.apply(RedisFarTier.builder()).build()));
        Eventually.holds("the link is armed", () -> here.stats().link().state() == LinkState.ARMED);
        there.put("key", "old");
        assertThat(here.get("key")).isEqualTo("old");

        there.put("key", "new");
        Eventually.holds("the change is seen", () -> "new".equals(here.get("key")));
        assertThat(here.stats().far().hits()).isPositive();
    }

    private void isNotUsed(String uri, SslOptions ssl) {
        RedisFarTier tier = keep(RedisFarTier.builder().uri(uri).ssl(ssl).build());
        Cache<String, String> cache = cache(tier);

        assertThatExceptionOfType(FarWriteException.class)
                .isThrownBy(() -> cache.put("key", "value"))
                .withStackTraceContaining(uri);
        assertThat(cache.get("key")).isEqualTo("loaded");
        assertThat(cache.stats().link().state()).isEqualTo(LinkState.DOWN);
    }

    private Cache<String, String> cache(RedisFarTier tier) {
        return keep(Cache.<String, String>builder("secure")
                .near(Near.maximumSize(1_000))
                .far(tier, StringCodec.utf8())
                .farBudget(Duration.ofSeconds(10))
                .whenFarFails(WhenFarFails.THROW)
                .maxStaleness(Duration.ofSeconds(60))
                .freshFor(Duration.ofMinutes(10))
                .loader(key -> "loaded")
                .build());
    }

    private <T extends AutoCloseable> T keep(T opening) {
        opened.add(opening);
        return opening;
    }
}
