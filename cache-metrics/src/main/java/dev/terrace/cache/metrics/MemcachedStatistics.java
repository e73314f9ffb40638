package dev.terrace.cache.metrics;

import dev.terrace.cache.spi.ServerStatistics;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What {@code stats} says of memcached servers, asked over their text protocol on a connection that is closed again. Servers
 * that ask for a password or a certificate cannot be asked. Its numbers are of the whole server. Thread-safe.
 *
 * <p>Expired keys are those whose memory was taken back, by the crawler or for another value. Commands are gets, sets, touches,
 * deletes, increments, decrements and flushes.
 */
public final class MemcachedStatistics implements ServerStatistics.Source {

    private static final Duration LIMIT = Duration.ofSeconds(1);
    /** Far more than a server sends. */
    private static final int MOST_LINES = 1_000;

    private static final List<String> COMMANDS = List.of(
            "cmd_get",
            "cmd_set",
            "cmd_flush",
            "cmd_touch",
            "delete_hits",
            "delete_misses",
            "incr_hits",
            "incr_misses",
            "decr_hits",
            "decr_misses");

    private final List<InetSocketAddress> servers;

    private MemcachedStatistics(List<InetSocketAddress> servers) {
        this.servers = List.copyOf(servers);
    }

    /** Of these servers. */
    public static MemcachedStatistics of(InetSocketAddress... servers) {
        return new MemcachedStatistics(List.of(servers));
    }

    /** Asks one server after the other; each has 1 s to accept the connection and 1 s for each part of its answer. */
    @Override
    public List<ServerStatistics> read() throws IOException {
        List<ServerStatistics> answered = new ArrayList<>();
        IOException failure = null;
        for (InetSocketAddress server : servers) {
            try {
                answered.add(read(server));
            } catch (IOException e) {
                failure = e;
            }
        }
        if (answered.isEmpty() && failure != null) {
            throw failure;
        }
        return answered;
    }

    private static ServerStatistics read(InetSocketAddress server) throws IOException {
        // Resolved anew each time.
        InetSocketAddress address = new InetSocketAddress(server.getHostString(), server.getPort());
        try (Socket socket = new Socket()) {
            socket.connect(address, (int) LIMIT.toMillis());
            socket.setSoTimeout((int) LIMIT.toMillis());
            socket.getOutputStream().write("stats\r\n".getBytes(StandardCharsets.US_ASCII));
            socket.getOutputStream().flush();
            return parse(
                    name(server),
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII)));
        }
    }

    private static ServerStatistics parse(String node, BufferedReader lines) throws IOException {
        Map<String, Long> fields = new HashMap<>();
        for (int i = 0; i < MOST_LINES; i++) {
            String line = lines.readLine();
            if (line == null || line.startsWith("ERROR") || line.startsWith("CLIENT_ERROR")) {
                throw new IOException(node + " does not tell its statistics");
            }
            if (line.equals("END")) {
                return statistics(node, fields);
            }
            String[] words = line.split(" ", 3);
            if (words.length == 3 && words[2].matches("\\d{1,18}")) {
                fields.put(words[1], Long.valueOf(words[2]));
            }
        }
        throw new IOException(node + " does not end its statistics");
    }

    private static ServerStatistics statistics(String node, Map<String, Long> fields) {
        return new ServerStatistics(
                node,
                new ServerStatistics.Lookups(number(fields, "get_hits"), number(fields, "get_misses")),
                new ServerStatistics.Keys(
                        number(fields, "curr_items"),
                        number(fields, "evictions"),
                        number(fields, "reclaimed") + number(fields, "crawler_reclaimed")),
                new ServerStatistics.Memory(number(fields, "bytes"), number(fields, "limit_maxbytes")),
                number(fields, "curr_connections"),
                COMMANDS.stream().mapToLong(name -> number(fields, name)).sum());
    }

    private static long number(Map<String, Long> fields, String name) {
        return fields.getOrDefault(name, 0L);
    }

    private static String name(InetSocketAddress server) {
        return server.getHostString() + ":" + server.getPort();
    }

    @Override
    public String toString() {
        return servers.stream().map(MemcachedStatistics::name).collect(Collectors.joining(",", "memcached://", ""));
    }
}
