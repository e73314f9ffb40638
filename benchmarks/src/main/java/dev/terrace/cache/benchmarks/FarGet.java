package dev.terrace.cache.benchmarks;

import dev.terrace.cache.Cache;
import dev.terrace.cache.codec.Codec;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.codec.json.JsonCodec;
import dev.terrace.cache.redis.RedisFarTier;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Reads that the far tier answers, with the near tier off. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class FarGet {

    private static final int ENTRIES = 1 << 10;
    private static final int MASK = ENTRIES - 1;
    private static final Duration LIFE = Duration.ofHours(1);
    private static final Long[] KEYS = Keys.shuffled(0, ENTRIES);

    /** What is read; 100 bytes or 10 kB when encoded. */
    @SuppressWarnings("ImmutableEnumChecker") // Codecs and constructors are, as far as a benchmark cares.
    public enum Payload {
        TEXT_100_B(StringCodec.utf8(), id -> text(id, 100)),
        TEXT_10_KB(StringCodec.utf8(), id -> text(id, 10_000)),
        POJO_100_B(JsonCodec.of(Product.class), Product::small),
        POJO_10_KB(JsonCodec.of(Product.class), Product::large);

        private final Codec<Object> codec;
        private final LongFunction<?> values;

        @SuppressWarnings("unchecked")
        <V> Payload(Codec<V> codec, LongFunction<V> values) {
            this.codec = (Codec<Object>) codec;
            this.values = values;
        }

        private static String text(long id, int length) {
            return String.format("%08d", id).repeat(length / 8 + 1).substring(0, length);
        }
    }

    /** Where a thread is in the keys. */
    @State(Scope.Thread)
    public static class Cursor {
        private int next = ThreadLocalRandom.current().nextInt(ENTRIES);

        Long key() {
            return KEYS[next++ & MASK];
        }
    }

    /** A GET on a shared connection, and the codec. */
    @State(Scope.Benchmark)
    public static class Raw {
        @Param
        Payload payload;

        RawRedis redis;

        @Setup
        public void fill() {
            RawRedis.flush();
            redis = new RawRedis();
            Map<String, byte[]> values = new HashMap<>();
            for (Long key : KEYS) {
                values.put("value:" + key, payload.codec.encode(payload.values.apply(key)));
            }
            redis.setAll(values);
        }

        @TearDown
        public void close() {
            redis.close();
        }
    }

    /** Terrace with a far tier alone. */
    @State(Scope.Benchmark)
    public static class FarOnly {
        @Param
        Payload payload;

        RedisFarTier redis;
        Cache<Long, Object> cache;

        @Setup
        public void fill() {
            RawRedis.flush();
            redis = RedisFarTier.connect(RedisAddress.get());
            LongFunction<?> values = payload.values;
            try (Cache<Long, Object> filling = build(values::apply)) {
                Far.fill(filling, KEYS);
            }
            cache = build(key -> {
                throw new IllegalStateException("not in the far tier: " + key);
            });
        }

        private Cache<Long, Object> build(LongFunction<Object> loader) {
            return Cache.<Long, Object>builder("far")
                    .far(redis, payload.codec)
                    .farBudget(Far.BUDGET)
                    .freshFor(LIFE)
                    .loader(loader::apply)
                    .build();
        }

        @TearDown
        public void close() {
            cache.close();
            redis.close();
        }
    }

    @Benchmark
    public Object lettuce(Raw state, Cursor cursor) {
        byte[] bytes = state.redis.sync().get("value:" + cursor.key());
        return state.payload.codec.decode(ByteBuffer.wrap(bytes));
    }

    @Benchmark
    public Object terrace(FarOnly state, Cursor cursor) {
        return state.cache.get(cursor.key());
    }
}
