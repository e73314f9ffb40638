package dev.terrace.cache.memcached;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.spi.FarTier;
import dev.terrace.cache.testkit.FarTierContract;
import dev.terrace.cache.testkit.MemcachedServer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** The far tier's contract, on real servers. Each test has its own, so that it can wait for seconds beside others. */
@Execution(ExecutionMode.CONCURRENT)
abstract class MemcachedContract extends FarTierContract {

    /** The server counts seconds, and may be one behind. */
    private static final Duration GRAIN = Duration.ofMillis(2_100);

    private final List<MemcachedServer> servers;
    private final MemcachedFarTier.Protocol protocol;
    private boolean frozen;

    MemcachedContract(int servers, MemcachedFarTier.Protocol protocol) {
        this.servers = IntStream.range(0, servers)
                .mapToObj(i -> MemcachedServer.start("-I", "8m", "-t", "1"))
                .toList();
        this.protocol = protocol;
    }

    @AfterEach
    void stopServers() {
        thaw();
        servers.forEach(MemcachedServer::close);
    }

    @Override
    protected FarTier newTier() {
        return settings().build();
    }

    MemcachedFarTier.Builder settings() {
        return MemcachedFarTier.builder().servers(list()).protocol(protocol);
    }

    private String list() {
        return servers.stream().map(server -> "127.0.0.1:" + server.port()).collect(Collectors.joining(","));
    }

    /** Where a record is, as the tier places it. */
    private MemcachedServer serverOf(String name) {
        return servers.get(Locator.of(MemcachedFarTier.Placement.RENDEZVOUS, Address.parseAll(list()))
                .locate(name));
    }

    @Override
    protected void plant(String cache, String key, byte[] bytes) {
        String name = "t:" + cache + ":" + key;
        assertThat(serverOf(name)
                        .command("set " + name + " 0 0 " + bytes.length + "\r\n"
                                + new String(bytes, StandardCharsets.ISO_8859_1)))
                .containsExactly("STORED");
    }

    @Override
    protected void delete(String cache, String key) {
        String name = "t:" + cache + ":" + key;
        assertThat(serverOf(name).command("delete " + name)).containsExactly("DELETED");
    }

    @Override
    protected void advance(Duration time) {
        long end = System.nanoTime() + time.toNanos() + (time.compareTo(moment()) < 0 ? 0 : GRAIN.toNanos());
        while (System.nanoTime() < end) {
            LockSupport.parkNanos(end - System.nanoTime());
        }
    }

    @Override
    protected long serverMicros() {
        return TimeUnit.MILLISECONDS.toMicros(System.currentTimeMillis());
    }

    @Override
    protected void freeze() {
        frozen = true;
        servers.forEach(MemcachedServer::freeze);
    }

    @Override
    protected void thaw() {
        if (frozen) {
            frozen = false;
            servers.forEach(MemcachedServer::thaw);
        }
    }

    @Override
    protected Duration moment() {
        return Duration.ofSeconds(1);
    }

    @Override
    protected Duration clockDoubt() {
        return Duration.ofMillis(3_500);
    }

    @Override
    protected boolean tellsIdleTime() {
        return protocol == MemcachedFarTier.Protocol.AUTO || protocol == MemcachedFarTier.Protocol.META;
    }
}
