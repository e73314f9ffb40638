package dev.terrace.cache.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrace.cache.spi.FarReading;
import dev.terrace.cache.spi.FarRecord;
import dev.terrace.cache.spi.RecordBytes;
import dev.terrace.cache.testkit.FaultyLink;
import dev.terrace.cache.testkit.Ledger;
import dev.terrace.cache.testkit.RedisError;
import dev.terrace.cache.testkit.RedisSentinel;
import dev.terrace.cache.testkit.RedisServer;
import io.lettuce.core.RedisURI;
import io.lettuce.core.internal.HostAndPort;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.MappingSocketAddressResolver;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * A primary and its replica under sentinels, ways to them that can be broken, and what goes wrong there. While no failover is the
 * subject, sentinels are patient: a primary that is frozen for some seconds stays the primary.
 */
final class StalenessFaults implements AutoCloseable {

    private static final Duration PATIENT = Duration.ofSeconds(60);
    private static final Duration IMPATIENT = Duration.ofMillis(500);

    /** What a write has at most for its answer, and a little more. */
    private static final Duration WRITTEN = Duration.ofMillis(200);

    /** Sentinels have named the successor for so long when the old primary comes back. */
    private static final Duration NAMED = Duration.ofSeconds(1);

    private final RedisSentinel sentinel = RedisSentinel.start();
    private final Ledger ledger;
    private final String records;
    private final Map<Fault, Integer> done = new EnumMap<>(Fault.class);

    /** Held by whoever writes, and notes that it is acknowledged. */
    final ReentrantLock writing = new ReentrantLock();

    private enum Fault {
        FREEZE,
        KILL_LINKS,
        KILL_CLIENTS,
        SWALLOW_ANSWERS,
        SWALLOW_REQUESTS,
        DELAY,
        FAILOVER_OF_A_FROZEN_PRIMARY,
        FAILOVER_OF_A_DEAD_PRIMARY;

        boolean isFailover() {
            return this == FAILOVER_OF_A_FROZEN_PRIMARY || this == FAILOVER_OF_A_DEAD_PRIMARY;
        }
    }

    /** @param records what the names of records begin with, before {@code k0}, {@code k1} … and a brace */
    StalenessFaults(Ledger ledger, String records) {
        this.ledger = ledger;
        this.records = records;
        sentinel.missAfter(PATIENT);
    }

    /** For clients, whose connections are told from those of others by their name. */
    RedisURI uri() {
        RedisURI uri = RedisURI.create(sentinel.uri());
        uri.setClientName("terrace");
        return uri;
    }

    RedisServer primary() {
        return sentinel.primary();
    }

    /** A way to both servers, through proxies. */
    Way way() {
        return new Way(sentinel.servers());
    }

    /** One way of a node to the servers. */
    static final class Way implements AutoCloseable {

        private final List<FaultyLink> links = new ArrayList<>();
        private final ClientResources resources;

        private Way(List<RedisServer> servers) {
            Map<Integer, Integer> ports = new HashMap<>();
            for (RedisServer server : servers) {
                FaultyLink link = FaultyLink.to(server.port());
                links.add(link);
                ports.put(server.port(), link.port());
            }
            resources = ClientResources.builder()
                    .socketAddressResolver(MappingSocketAddressResolver.create((HostAndPort at) ->
                            HostAndPort.of(at.getHostText(), ports.getOrDefault(at.getPort(), at.getPort()))))
                    .build();
        }

        ClientResources resources() {
            return resources;
        }

        void each(Consumer<FaultyLink> what) {
            links.forEach(what);
        }

        @Override
        public void close() {
            resources.shutdown(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2_000);
            links.forEach(FaultyLink::close);
        }
    }

    /** Breaks things for that long, a failover first, and then whenever there can be one and chance wants it. */
    void breakThings(Random random, Duration time, List<Way> ways) throws InterruptedException {
        long end = System.nanoTime() + time.toNanos();
        Fault next = Fault.FAILOVER_OF_A_FROZEN_PRIMARY;
        while (System.nanoTime() < end) {
            done.merge(next, 1, Integer::sum);
            strike(next, ways.get(random.nextInt(ways.size())), Duration.ofMillis(200 + random.nextInt(2_800)));
            pass(Duration.ofMillis(random.nextInt(1_500)));
            do {
                next = Fault.values()[random.nextInt(Fault.values().length)];
            } while (next.isFailover() && !sentinel.isReadyToFailOver());
        }
    }

    private void strike(Fault fault, Way way, Duration how) throws InterruptedException {
        switch (fault) {
            case FREEZE -> {
                RedisServer primary = primary();
                primary.freeze();
                pass(how);
                primary.thaw();
            }
            case KILL_LINKS -> killClients(true);
            case KILL_CLIENTS -> killClients(false);
            case SWALLOW_ANSWERS -> {
                way.each(link -> link.toClient().blackhole());
                pass(how);
                way.each(FaultyLink::heal);
            }
            case SWALLOW_REQUESTS -> {
                way.each(link -> link.toServer().blackhole());
                pass(how);
                way.each(FaultyLink::heal);
            }
            case DELAY -> {
                way.each(link -> link.toClient().delay(how.dividedBy(4)));
                pass(how);
                way.each(FaultyLink::heal);
            }
            case FAILOVER_OF_A_FROZEN_PRIMARY -> failOver(RedisServer::freeze, RedisServer::thaw);
            case FAILOVER_OF_A_DEAD_PRIMARY -> failOver(RedisServer::kill, RedisServer::restart);
        }
    }

    /** The old primary comes back as what it was; sentinels make it a replica some seconds later. */
    private void failOver(Consumer<RedisServer> lose, Consumer<RedisServer> bringBack) throws InterruptedException {
        RedisServer old = sentinel.primary();
        RedisServer successor = sentinel.replica();
        sentinel.missAfter(IMPATIENT);
        lose.accept(old);
        long lostAt = System.nanoTime();
        writing.lock();
        try {
            pass(WRITTEN);
            forgetWhatIsNotOn(successor, lostAt);
        } finally {
            writing.unlock();
        }
        sentinel.awaitSuccessorOf(old);
        sentinel.missAfter(PATIENT);
        pass(NAMED);
        bringBack.accept(old);
    }

    /** What the replica has now is the history that survives. Where it has a tombstone, what it replaced is not known. */
    private void forgetWhatIsNotOn(RedisServer replica, long lostAt) {
        for (int key = 0; key < ledger.keys(); key++) {
            byte[] bytes = (byte[]) asked(replica, "GET", records + key + "}");
            FarReading reading = bytes == null ? FarReading.ABSENT : RecordBytes.parse(ByteBuffer.wrap(bytes));
            boolean isValue = reading instanceof FarReading.Found found
                    && found.record().content().state() == FarRecord.State.VALUE;
            ledger.lost(
                    key,
                    isValue
                            ? number((FarReading.Found) reading)
                            : ledger.acknowledgedBefore(key, lostAt - WRITTEN.toNanos()));
        }
    }

    /** Sentinels end all connections of a server that they reconfigure. */
    private static Object asked(RedisServer server, Object... command) {
        try {
            return server.command(command);
        } catch (UncheckedIOException ended) {
            return server.command(command);
        } catch (RedisError gone) {
            return gone;
        }
    }

    private static long number(FarReading.Found found) {
        ByteBuffer payload = found.record().content().payload();
        return Long.parseLong(StandardCharsets.UTF_8.decode(payload.duplicate()).toString());
    }

    /** @param links those that are told of changes, or the others */
    private void killClients(boolean links) {
        RedisServer primary = primary();
        String clients = new String((byte[]) asked(primary, "CLIENT", "LIST"), StandardCharsets.UTF_8);
        for (String client : clients.lines().toList()) {
            boolean isTold = client.matches(".* flags=\\w*[BP]\\w* .*");
            if (isTold == links && client.contains("name=terrace")) {
                asked(primary, "CLIENT", "KILL", "ID", client.replaceAll("^id=(\\d+) .*", "$1"));
            }
        }
    }

    void assertFailedOver() {
        assertThat(done.keySet()).as(toString()).anyMatch(Fault::isFailover);
    }

    private static void pass(Duration time) throws InterruptedException {
        TimeUnit.NANOSECONDS.sleep(time.toNanos());
    }

    /** What was done. */
    @Override
    public String toString() {
        return done.entrySet().stream()
                .map(fault -> fault.getValue() + " × "
                        + fault.getKey().name().toLowerCase(Locale.ROOT).replace('_', ' '))
                .collect(Collectors.joining(", "));
    }

    @Override
    public void close() {
        sentinel.close();
    }
}
