package dev.terrace.cache.benchmarks;

import dev.terrace.cache.Cache;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.memcached.MemcachedFarTier;
import dev.terrace.cache.redis.RedisFarTier;
import dev.terrace.cache.spi.FarTier;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import net.rubyeye.xmemcached.XMemcachedClient;

/** What an entry takes on a far tier's server, its key of eight digits and the server's own bookkeeping included. */
final class FarMemorySet implements BenchSet {

    private static final Duration LIFE = Duration.ofHours(1);
    private static final int BATCH = 500;
    private static final String USED_CHUNKS = ":used_chunks";
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
    private interface Server {

        String label();

        FarTier connect();

        /** Stores bytes as a program without a cache library does. */
        void storeRaw(Map<String, byte[]> values) throws Exception;

        void flush() throws Exception;

        long usedBytes() throws Exception;
    }

    @Override
    public Report run(Effort effort, PrintStream progress) throws Exception {
        int entries = Math.max(1_000, effort.memory().entries() / 10);
        List<Figure> figures = new ArrayList<>();
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("entries", entries);
        for (Server server : List.of(new Redis(), new Memcached())) {
            for (int bytes : new int[] {100, 10_000}) {
                // So that a server of 64 MB has room for all.
                int some = bytes > 1_000 ? Math.min(entries, 2_000) : entries;
                double ours = ours(server, bytes, some);
                double raw = raw(server, bytes, some);
                String what = "%s, %,d B".formatted(server.label(), bytes);
                progress.printf(Locale.ROOT, "%s: %.1f B, raw %.1f B%n", what, ours, raw);
                all.put(what, Map.of("ours", ours, "raw", raw));
                figures.add(new Figure(
                        what,
                        String.format(Locale.ROOT, "%,.0f B", ours),
                        String.format(Locale.ROOT, "%,.0f B", raw),
                        new Figure.Value(Spread.of(ours / raw), Figure.Unit.MULTIPLE),
                        null));
            }
        }
        return new Report(name(), measures(), figures, all);
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

        @Override
        public String label() {
            return "Memcached";
        }

        @Override
        public FarTier connect() {
            return MemcachedFarTier.connect("127.0.0.1:" + MemcachedAddress.port());
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

        /** Deletes what is there: flushed items keep their place until it is wanted. */
        @Override
        public void flush() throws Exception {
            XMemcachedClient client = client();
            try {
                client.flushAll();
            } finally {
                client.shutdown();
            }
        }

        /** The chunks that are in use, which is what an item takes, whatever it fills of its chunk. */
        @Override
        public long usedBytes() throws Exception {
            XMemcachedClient client = client();
            try {
                InetSocketAddress address =
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), MemcachedAddress.port());
                Map<String, String> slabs =
                        Objects.requireNonNull(client.getStatsByItem("slabs").get(address));
                long used = 0;
                for (Map.Entry<String, String> entry : slabs.entrySet()) {
                    if (entry.getKey().endsWith(USED_CHUNKS)) {
                        String slab = entry.getKey().substring(0, entry.getKey().length() - USED_CHUNKS.length());
                        String size = Objects.requireNonNull(slabs.get(slab + ":chunk_size"));
                        used += Long.parseLong(entry.getValue()) * Long.parseLong(size);
                    }
                }
                return used;
            } finally {
                client.shutdown();
            }
        }

        private static XMemcachedClient client() throws Exception {
            return new XMemcachedClient(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), MemcachedAddress.port()));
        }
    }
}
