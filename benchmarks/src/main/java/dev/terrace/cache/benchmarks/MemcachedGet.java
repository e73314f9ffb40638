package dev.terrace.cache.benchmarks;

import dev.terrace.cache.Cache;
import dev.terrace.cache.codec.Codec;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.memcached.MemcachedFarTier;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import net.rubyeye.xmemcached.XMemcachedClient;
import net.rubyeye.xmemcached.exception.MemcachedException;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Reads that Memcached answers, with the near tier off. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class MemcachedGet {

    private static final int ENTRIES = 1 << 10;
    private static final int MASK = ENTRIES - 1;
    private static final int BULK = 100;
    private static final Duration LIFE = Duration.ofHours(1);
    private static final Long[] KEYS = Keys.shuffled(0, ENTRIES);
    private static final Codec<String> CODEC = StringCodec.utf8();

    private static String text(long id, int bytes) {
        return String.format("%08d", id).repeat(bytes / 8 + 1).substring(0, bytes);
    }

    /** Where a thread is in the keys. */
    @State(Scope.Thread)
    public static class Cursor {
        private int next = ThreadLocalRandom.current().nextInt(ENTRIES);

        Long key() {
            return KEYS[next++ & MASK];
        }

        List<Long> keys() {
            List<Long> keys = new ArrayList<>(BULK);
            for (int i = 0; i < BULK; i++) {
                keys.add(key());
            }
            return keys;
        }
    }

    /** xmemcached with its defaults, but for values as bytes, and the codec. */
    @State(Scope.Benchmark)
    public static class Raw {
        @Param({"100", "10000"})
        int bytes;

        private XMemcachedClient client;

        @Setup
        public void fill() throws IOException, InterruptedException, TimeoutException, MemcachedException {
            client = new XMemcachedClient(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), MemcachedAddress.port()));
            client.setTranscoder(new PlainBytes());
            client.flushAll();
            for (Long key : KEYS) {
                client.set("value:" + key, 0, CODEC.encode(text(key, bytes)));
            }
        }

        @TearDown
        public void close() throws IOException {
            client.shutdown();
        }
    }

    /** Terrace with a far tier alone. */
    @State(Scope.Benchmark)
    public static class FarOnly {
        @Param({"100", "10000"})
        int bytes;

        private MemcachedFarTier memcached;
        private Cache<Long, String> cache;

        @Setup
        public void fill() {
            memcached = MemcachedFarTier.connect("127.0.0.1:" + MemcachedAddress.port());
            cache = Cache.<Long, String>builder("far" + bytes)
                    .far(memcached, CODEC)
                    .farBudget(Far.BUDGET)
                    .freshFor(LIFE)
                    .build();
            Far.awaitStored(cache, KEYS[0], text(KEYS[0], bytes));
            Map<Long, String> values = new HashMap<>();
            for (Long key : KEYS) {
                values.put(key, text(key, bytes));
            }
            cache.putAll(values);
        }

        @TearDown
        public void close() {
            cache.close();
            memcached.close();
        }
    }

    @Benchmark
    public @Nullable Object xmemcached(Raw state, Cursor cursor)
            throws InterruptedException, TimeoutException, MemcachedException {
        byte[] bytes = state.client.get("value:" + cursor.key());
        return CODEC.decode(ByteBuffer.wrap(bytes));
    }

    @Benchmark
    public Object terrace(FarOnly state, Cursor cursor) {
        return found(state.cache.getIfPresent(cursor.key()));
    }

    @Benchmark
    public Object xmemcachedBulk(Raw state, Cursor cursor)
            throws InterruptedException, TimeoutException, MemcachedException {
        List<String> keys = new ArrayList<>(BULK);
        cursor.keys().forEach(key -> keys.add("value:" + key));
        Map<String, byte[]> found = state.client.get(keys);
        Map<String, String> values = new HashMap<>();
        found.forEach((key, bytes) -> values.put(key, CODEC.decode(ByteBuffer.wrap(bytes))));
        return values;
    }

    @Benchmark
    public Object terraceBulk(FarOnly state, Cursor cursor) {
        return state.cache.getAllPresent(cursor.keys());
    }

    private static Object found(@Nullable Object value) {
        if (value == null) {
            throw new IllegalStateException("not in the far tier");
        }
        return value;
    }
}
