package dev.terrace.cache.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import dev.terrace.cache.Cache;
import dev.terrace.cache.CacheBuilder;
import dev.terrace.cache.EntryOptions;
import dev.terrace.cache.FailureKind;
import dev.terrace.cache.FarWriteException;
import dev.terrace.cache.OneNodeScenarios;
import dev.terrace.cache.UncacheableValueException;
import dev.terrace.cache.WhenFarFails;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.spi.FarReading;
import dev.terrace.cache.spi.RecordBytes;
import dev.terrace.cache.testkit.RedisServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a cache does with a Redis that is not there or lets nobody in, and with bytes there that are none of ours. */
final class RedisBadInputTest {

    private static final String RECORD = "t:{bad:a}";
    private static final String SECRET = "not the password";
    private static RedisServer redis;

    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    @BeforeAll
    static void start() {
        redis = RedisServer.start();
    }

    @AfterAll
    static void stop() {
        redis.close();
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each = opened.poll(); each != null; each = opened.poll()) {
            each.close();
        }
    }

    private <T extends AutoCloseable> T closedLater(T closeable) {
        opened.push(closeable);
        return closeable;
    }

    private CacheBuilder<String, String> builder(String uri) {
        return Cache.<String, String>builder("bad")
                .far(closedLater(RedisFarTier.connect(uri)), StringCodec.utf8())
                .freshFor(Duration.ofMinutes(10))
                .farBudget(Duration.ofSeconds(10))
                .whenFarFails(WhenFarFails.THROW)
                .loader((String key) -> "row");
    }

    /** The loader answers, and a write that was not acknowledged names the server. */
    private void worksWithout(String uri, String server) {
        Cache<String, String> strict = closedLater(builder(uri).build());
        // The first call: later ones may be refused by the breaker, which has not asked.
        assertThatExceptionOfType(FarWriteException.class)
                .isThrownBy(() -> strict.put("a", "x"))
                .withMessageContaining("cache \"bad\"")
                .withStackTraceContaining(server);
        assertThat(strict.get("a")).isEqualTo("row");
        assertThat(strict.getIfPresent("b")).isNull();
        assertThat(strict.getAll(List.of("a", "b"))).isEqualTo(Map.of("a", "row", "b", "row"));
        assertThatExceptionOfType(FarWriteException.class).isThrownBy(() -> strict.invalidate("a"));
        assertThat(strict.stats().failures()).containsKey(FailureKind.FAR_WRITE);

        Cache<String, String> lenient =
                closedLater(builder(uri).whenFarFails(WhenFarFails.DEGRADE).build());
        lenient.put("a", "x");
        lenient.invalidate("a");
        assertThat(lenient.get("a")).isEqualTo("row");
    }

    @Test
    void aServerThatIsNotThereIsNamed() throws IOException {
        int free;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            free = socket.getLocalPort();
        }
        worksWithout("redis://127.0.0.1:" + free, "127.0.0.1:" + free);
    }

    @Test
    void aServerThatLetsNobodyInIsNamedWithoutThePassword() {
        RedisServer closed = closedLater(RedisServer.start("--requirepass", "the password"));
        String uri = "redis://:" + SECRET.replace(" ", "%20") + "@127.0.0.1:" + closed.port();
        worksWithout(uri, "127.0.0.1:" + closed.port());
        Cache<String, String> cache = closedLater(builder(uri).build());
        assertThatExceptionOfType(FarWriteException.class)
                .isThrownBy(() -> cache.put("a", "x"))
                .satisfies(e -> assertThat(e.getCause()).hasMessageNotContaining(SECRET));
    }

    @Test
    void twoCachesOfOneNameOnOneTierAreRefusedNamingBoth() {
        RedisFarTier tier = closedLater(RedisFarTier.connect(redis.uri()));
        CacheBuilder<String, String> first = Cache.<String, String>builder("twice")
                .far(tier, StringCodec.utf8())
                .freshFor(Duration.ofMinutes(1));
        CacheBuilder<String, String> second = Cache.<String, String>builder("twice")
                .far(tier, StringCodec.utf8())
                .freshFor(Duration.ofMinutes(1));
        closedLater(first.build());
        assertThatIllegalStateException()
                .isThrownBy(second::build)
                .withMessageContaining("cache \"twice\"")
                .withMessageContaining(redis.uri());
    }

    @Test
    void aClosedTierIsNamed() {
        RedisFarTier tier = RedisFarTier.connect(redis.uri());
        CacheBuilder<String, String> late = Cache.<String, String>builder("late")
                .far(tier, StringCodec.utf8())
                .freshFor(Duration.ofMinutes(1));
        tier.close();
        assertThatIllegalStateException().isThrownBy(late::build).withMessageContaining("is closed");
    }

    @Test
    void aNullIsRefusedByTheNameOfItsSetting() {
        RedisFarTier.Builder builder = RedisFarTier.builder();
        assertThatNullPointerException()
                .isThrownBy(() -> builder.uri((String) null))
                .withMessage("uri");
        assertThatNullPointerException().isThrownBy(() -> builder.client(null)).withMessage("client");
        assertThatNullPointerException()
                .isThrownBy(() -> builder.resources(null))
                .withMessage("resources");
        assertThatNullPointerException()
                .isThrownBy(() -> builder.namespace(null))
                .withMessage("namespace");
        assertThatNullPointerException()
                .isThrownBy(() -> builder.connectionName(null))
                .withMessage("connectionName");
    }

    @Test
    void aRecordThatIsCutOffOrChangedIsAMissAndOverwritten() {
        Cache<String, String> cache = closedLater(builder(redis.uri()).build());
        cache.put("a", "a value of some length", EntryOptions.tags("red"));
        byte[] whole = (byte[]) redis.command("GET", RECORD);
        for (int length = 0; length < whole.length; length += 5) {
            redis.command("SET", RECORD, Arrays.copyOf(whole, length));
            assertThat(cache.getIfPresent("a")).as("the first %d bytes", length).isNull();
        }
        byte[] longer = Arrays.copyOf(whole, whole.length + 1);
        redis.command("SET", RECORD, longer);
        assertThat(cache.getIfPresent("a")).as("one byte more").isNull();
        assertThat(cache.get("a")).isEqualTo("row");
        OneNodeScenarios.holds("it is overwritten", () -> "row".equals(cache.getIfPresent("a")));
        assertThat(cache.stats().failures()).containsKey(FailureKind.DECODE);
    }

    @Test
    void aForeignTypeIsAMissAndOverwritten() {
        Cache<String, String> cache = closedLater(builder(redis.uri()).build());
        redis.command("DEL", RECORD);
        redis.command("HSET", RECORD, "field", "value");
        assertThat(cache.getIfPresent("a")).isNull();
        cache.put("a", "put");
        assertThat(cache.getIfPresent("a")).isEqualTo("put");
        redis.command("DEL", RECORD);
        redis.command("RPUSH", RECORD, "element");
        assertThat(cache.get("a")).isEqualTo("row");
        OneNodeScenarios.holds("it is overwritten", () -> "row".equals(cache.getIfPresent("a")));
    }

    @Test
    void aValueOverTheLimitReachesNoServer() {
        Cache<String, String> cache =
                closedLater(builder(redis.uri()).maxValueBytes(100).build());
        cache.put("a", "short");
        assertThatExceptionOfType(UncacheableValueException.class)
                .isThrownBy(() -> cache.put("a", "x".repeat(101)))
                .withMessageContaining("maxValueBytes 100");
        assertThat(cache.getIfPresent("a")).isNull();
    }

    @Test
    @Timeout(600)
    void hostileRecordsAreMissesWhateverTheirBytesAre() {
        int batch = 500;
        int records = Boolean.getBoolean("scenarios.full") ? 1_000_000 : 20_000;
        long seed = Long.getLong("terrace.seed", new SplittableRandom().nextLong());
        SplittableRandom random = new SplittableRandom(seed);
        Cache<String, String> cache = closedLater(builder(redis.uri())
                .bulkLoader(keys -> keys.stream().collect(Collectors.toMap(key -> key, key -> "row")))
                .build());
        cache.put("a", "a value of some length", EntryOptions.tags("red", "green"));
        byte[] whole = (byte[]) redis.command("GET", RECORD);

        long malformed = 0;
        for (int written = 0; written < records; written += batch) {
            // New keys each time: a change that makes a record stale makes its value right for a while.
            List<String> keys = IntStream.range(written, written + batch)
                    .mapToObj(i -> "hostile" + i)
                    .toList();
            List<Object> command = new ArrayList<>(List.of("MSET"));
            Set<String> noRecords = new HashSet<>();
            for (String key : keys) {
                byte[] bytes = hostile(whole, random);
                command.add("t:{bad:" + key + "}");
                command.add(bytes);
                if (RecordBytes.parse(ByteBuffer.wrap(bytes)) instanceof FarReading.Malformed) {
                    noRecords.add(key);
                }
            }
            redis.command(command.toArray());
            malformed += noRecords.size();

            Map<String, String> read = cache.getAll(keys);
            assertThat(read.keySet()).as("seed %d", seed).containsAll(keys);
            assertThat(noRecords)
                    .as("seed %d", seed)
                    .allSatisfy(key -> assertThat(read.get(key)).isEqualTo("row"));
            redis.command(Stream.concat(Stream.of("UNLINK"), keys.stream().map(key -> "t:{bad:" + key + "}"))
                    .toArray());
        }
        assertThat(malformed).isGreaterThan(records / 2);
        assertThat(cache.stats().failures()).as("seed %d", seed).containsOnlyKeys(FailureKind.DECODE);
        assertThat(cache.stats().failures().get(FailureKind.DECODE)).isGreaterThanOrEqualTo(malformed);
    }

    /** A record cut off, continued, changed in places or with numbers that nobody writes, or nothing like a record. */
    private static byte[] hostile(byte[] whole, SplittableRandom random) {
        if (random.nextInt(8) == 0) {
            byte[] noise = new byte[random.nextInt(300)];
            random.nextBytes(noise);
            return noise;
        }
        byte[] bytes = whole.clone();
        if (random.nextInt(3) == 0) {
            bytes = Arrays.copyOf(whole, random.nextInt(2 * whole.length));
        }
        for (int changes = random.nextInt(4); changes > 0 && bytes.length > Long.BYTES; changes--) {
            ByteBuffer in = ByteBuffer.wrap(bytes);
            int place = random.nextInt(bytes.length - Long.BYTES);
            switch (random.nextInt(4)) {
                case 0 -> in.put(place, (byte) random.nextInt());
                case 1 -> in.putShort(place, (short) 0xFFFF);
                case 2 -> in.putInt(place, Integer.MAX_VALUE - random.nextInt(3));
                default -> in.putLong(place, random.nextBoolean() ? Long.MAX_VALUE : Long.MIN_VALUE);
            }
        }
        return bytes;
    }

    private static String messages(Throwable failure) {
        return Stream.iterate(failure, Objects::nonNull, Throwable::getCause)
                .map(Throwable::getMessage)
                .collect(Collectors.joining("; "));
    }

    /** Whoever is connected stays so; whoever connects anew is told why not. */
    @Test
    void aPasswordThatIsChangedMeanwhileIsSaidAndHealsWhenItIsBack() {
        RedisServer closed = closedLater(RedisServer.start("--requirepass", "first"));
        String server = "127.0.0.1:" + closed.port();
        Cache<String, String> cache =
                // What was refused is repaired once it cannot arrive any more, which is after the budget.
                closedLater(builder("redis://:first@" + server)
                        .farBudget(Duration.ofSeconds(2))
                        .build());
        cache.put("a", "put");
        closed.setPassword("second");
        assertThat(cache.get("a")).isEqualTo("put");

        closed.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
        OneNodeScenarios.holds("it says why", () -> {
            try {
                cache.put("a", "refused");
                return false;
            } catch (FarWriteException e) {
                // The breaker says what has opened it.
                String said = messages(e);
                assertThat(said).doesNotContain("first").doesNotContain("second");
                return said.contains(server) && said.contains("WRONGPASS");
            }
        });
        assertThat(cache.get("a")).isEqualTo("row");
        assertThat(cache.getIfPresent("b")).isNull();

        closed.setPassword("first");
        OneNodeScenarios.holds("it is used again", () -> {
            try {
                cache.put("b", "put");
                return "put".equals(cache.getIfPresent("b"));
            } catch (FarWriteException notYet) {
                return false;
            }
        });
    }
}
