package dev.terrace.cache.benchmarks;

import dev.terrace.cache.Cache;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.memcached.MemcachedFarTier;
import dev.terrace.cache.redis.RedisFarTier;
import dev.terrace.cache.spi.FarTier;
import dev.terrace.cache.testkit.MemcachedServer;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import net.rubyeye.xmemcached.XMemcachedClient;

/** What an entry takes on a far tier's server, its key of eight digits and the server's own bookkeeping included. */
final class FarMemorySet implements BenchSet {

    private static final Duration LIFE = Duration.ofHours(1);
    private static final int BATCH = 500;
    private static final Pattern SLAB = Pattern.compile("STAT (\\d+):(used_chunks|chunk_size) (\\d+)");
    private static final StringCodec CODEC = StringCodec.utf8();

    @Override
    public String name() {
        return "farmemory";
    }

    @Override
    public String measures() {
        return "bytes that an entry takes on the server";
    }

    /** A server whose memory is measured. */
    private interface Server extends AutoCloseable {

        String label();

        FarTier connect();

        /** Stores bytes as a program without a cache library does. */
        void storeRaw(Map<String, byte[]> values) throws Exception;

        /** Makes it empty. */
        void flush() throws Exception;

        long usedBytes() throws Exception;

        @Override
        void close();
    }

    @Override
    public Report run(Effort effort, PrintStream progress) throws Exception {
        int entries = Math.max(1_000, effort.memory().entries() / 10);
        List<Figure> figures = new ArrayList<>();
        try (Server redis = new Redis();
                Server memcached = new Memcached()) {
            for (Server server : List.of(redis, memcached)) {
                for (int bytes : new int[] {100, 10_000}) {
                    Figure figure = figure(server, bytes, bytes > 1_000 ? Math.min(entries, 2_000) : entries);
                    progress.printf("%s: %s, raw %s%n", figure.what(), figure.ours(), figure.raw());
                    figures.add(figure);
                }
            }
        }
        return new Report(name(), measures(), figures, Map.of("entries", entries));
    }

    private static Figure figure(Server server, int bytes, int entries) throws Exception {
        double ours = ours(server, bytes, entries);
        double raw = raw(server, bytes, entries);
        return new Figure(
                "%s, %,d B".formatted(server.label(), bytes),
                String.format(Locale.ROOT, "%,.0f B", ours),
                String.format(Locale.ROOT, "%,.0f B", raw),
                new Figure.Value(Spread.of(ours / raw), Figure.Unit.MULTIPLE),
                null);
    }

    private static String text(int id, int bytes) {
        return String.format("%08d", id).repeat(bytes / 8 + 1).substring(0, bytes);
    }

    private static double ours(Server server, int bytes, int entries) throws Exception {
        server.flush();
        try (FarTier tier = server.connect();
                Cache<Long, String> cache = Cache.<Long, String>builder("memory")
                        .far(tier, CODEC)
                        .farBudget(Far.BUDGET)
                        .freshFor(LIFE)
                        .build()) {
            Far.awaitStored(cache, -1L, "warm");
            long before = server.usedBytes();
            for (int from = 0; from < entries; from += BATCH) {
                Map<Long, String> batch = new HashMap<>();
                for (int id = from; id < Math.min(from + BATCH, entries); id++) {
                    batch.put(10_000_000L + id, text(id, bytes));
                }
                cache.putAll(batch);
            }
            return (server.usedBytes() - before) / (double) entries;
        }
    }

    private static double raw(Server server, int bytes, int entries) throws Exception {
        server.flush();
        long before = server.usedBytes();
        for (int from = 0; from < entries; from += BATCH) {
            Map<String, byte[]> batch = new HashMap<>();
            for (int id = from; id < Math.min(from + BATCH, entries); id++) {
                batch.put("memory:" + (10_000_000 + id), CODEC.encode(text(id, bytes)));
            }
            server.storeRaw(batch);
        }
        return (server.usedBytes() - before) / (double) entries;
    }

    private static final class Redis implements Server {

        @Override
        public void close() {}

        @Override
        public String label() {
            return "Redis";
        }

        @Override
        public FarTier connect() {
            return RedisFarTier.connect(RedisAddress.get());
        }

        @Override
        public void storeRaw(Map<String, byte[]> values) {
            try (RawRedis redis = new RawRedis()) {
                redis.setAll(values);
                values.keySet().forEach(key -> redis.sync().pexpire(key, LIFE.toMillis()));
            }
        }

        @Override
        public void flush() {
            RawRedis.flush();
        }

        @Override
        public long usedBytes() {
            try (RawRedis redis = new RawRedis()) {
                return Long.parseLong(redis.info("memory", "used_memory_dataset"))
                        + Long.parseLong(redis.info("memory", "used_memory_overhead"))
                        - Long.parseLong(redis.info("memory", "mem_clients_normal"));
            }
        }
    }

    private static final class Memcached implements Server {

        /** Its own, since it is restarted. */
        private final MemcachedServer server = MemcachedServer.start("-m", "256");

        @Override
        public void close() {
            server.close();
        }

        @Override
        public String label() {
            return "Memcached";
        }

        @Override
        public FarTier connect() {
            return MemcachedFarTier.connect("127.0.0.1:" + server.port());
        }

        @Override
        public void storeRaw(Map<String, byte[]> values) throws Exception {
            XMemcachedClient client = client();
            try {
                client.setTranscoder(new PlainBytes());
                for (Map.Entry<String, byte[]> value : values.entrySet()) {
                    client.set(value.getKey(), (int) LIFE.toSeconds(), value.getValue());
                }
            } finally {
                client.shutdown();
            }
        }

        /** Begins anew: what is merely flushed keeps its place until that is wanted. */
        @Override
        public void flush() {
            server.restart();
        }

        /** The chunks that are in use, which is what an item takes, whatever it fills of its chunk. */
        @Override
        public long usedBytes() {
            Map<String, Long> chunks = new HashMap<>();
            Map<String, Long> sizes = new HashMap<>();
            for (String line : server.command("stats slabs")) {
                Matcher slab = SLAB.matcher(line);
                if (slab.matches()) {
                    ("used_chunks".equals(slab.group(2)) ? chunks : sizes)
                            .put(slab.group(1), Long.parseLong(slab.group(3)));
                }
            }
            return chunks.entrySet().stream()
                    .mapToLong(slab -> slab.getValue() * sizes.getOrDefault(slab.getKey(), 0L))
                    .sum();
        }

        private XMemcachedClient client() throws Exception {
            return new XMemcachedClient(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
        }
    }
}
