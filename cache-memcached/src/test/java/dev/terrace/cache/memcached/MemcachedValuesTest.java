package dev.terrace.cache.memcached;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrace.cache.Cache;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.testkit.MemcachedServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.LongStream;
import net.rubyeye.xmemcached.XMemcachedClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Plain values, as this and other clients see them on a real server. */
final class MemcachedValuesTest {

    private static final Duration LIFE = Duration.ofMinutes(10);
    private static final Duration BUDGET = Duration.ofSeconds(20);

    private final MemcachedServer server = MemcachedServer.start();
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable one : opened) {
            one.close();
        }
        server.close();
    }

    private MemcachedFarTier tier(MemcachedFarTier.Protocol protocol) {
        MemcachedFarTier tier = MemcachedFarTier.builder()
                .servers("127.0.0.1:" + server.port())
                .protocol(protocol)
                .build();
        opened.push(tier);
        return tier;
    }

    private MemcachedValues values() {
        return tier(MemcachedFarTier.Protocol.AUTO).values(BUDGET);
    }

    @ParameterizedTest
    @EnumSource(MemcachedFarTier.Protocol.class)
    void everyTypeIsReadAsItWasWritten(MemcachedFarTier.Protocol protocol) {
        MemcachedValues values = tier(protocol).values(BUDGET);
        await(values.put("text", "größe \uD83D\uDE00", LIFE));
        await(values.put("empty", "", LIFE));
        await(values.put("number", Long.MIN_VALUE, LIFE));
        await(values.put("bytes", new byte[] {0, -1, '\r', '\n'}, LIFE));
        assertThat(await(values.get("text"))).contains(new PlainValue.Text("größe \uD83D\uDE00"));
        assertThat(await(values.get("empty"))).contains(new PlainValue.Text(""));
        assertThat(await(values.get("number"))).contains(new PlainValue.Numeral(Long.MIN_VALUE));
        assertThat(await(values.get("bytes"))).contains(new PlainValue.Bytes(new byte[] {0, -1, '\r', '\n'}));
        assertThat(await(values.get("missing"))).isEmpty();
        assertThat(await(values.remove("text"))).isTrue();
        assertThat(await(values.remove("text"))).isFalse();
        assertThat(await(values.get("text"))).isEmpty();
    }

    @Test
    void whoeverReadsTheTextProtocolFindsPlainValuesAndLowerFlagsOfZero() {
        MemcachedValues values = values();
        await(values.put("text", "hello", LIFE));
        await(values.put("number", 41, LIFE));
        List<String> text = server.command("get text");
        assertThat(text.get(0)).startsWith("VALUE text ").endsWith(" 5");
        assertThat(text.get(1)).isEqualTo("hello");
        assertThat(Long.parseLong(text.get(0).split(" ", -1)[2]) & 0xFFFF).isZero();
        assertThat(server.command("incr number 1")).containsExactly("42");
        assertThat(await(values.get("number"))).contains(new PlainValue.Numeral(42));
        // It is shorter now, and memcached leaves a space.
        await(values.put("number", 10, LIFE));
        assertThat(server.command("decr number 1")).containsExactly("9");
        assertThat(await(values.get("number"))).contains(new PlainValue.Numeral(9));
    }

    @Test
    void anotherClientReadsWhatWeWroteAndTheOtherWayRound() throws Exception {
        MemcachedValues values = values();
        XMemcachedClient other =
                new XMemcachedClient(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
        opened.push(other::shutdown);
        await(values.put("text", "größe", LIFE));
        await(values.put("number", 7, LIFE));
        assertThat(other.<String>get("text")).isEqualTo("größe");
        assertThat(other.incr("number", 1)).isEqualTo(8);
        other.set("theirs", 0, "written elsewhere");
        assertThat(await(values.get("theirs"))).contains(new PlainValue.Bytes("written elsewhere".getBytes(UTF_8)));
    }

    @Test
    void recordsOfCachesAreNoPlainValues() {
        MemcachedFarTier tier = tier(MemcachedFarTier.Protocol.AUTO);
        try (Cache<String, String> cache = Cache.<String, String>builder("products")
                .far(tier, StringCodec.utf8())
                .farBudget(BUDGET)
                .freshFor(LIFE)
                .build()) {
            cache.put("1", "value");
            assertThat(server.command("get t:products:1")).hasSizeGreaterThan(1);
            assertThat(await(tier.values(BUDGET).get("t:products:1"))).isEmpty();
        }
    }

    @Test
    void aPlainValueUnderARecordsKeyIsAMissAndIsOverwritten() {
        MemcachedFarTier tier = tier(MemcachedFarTier.Protocol.AUTO);
        await(tier.values(BUDGET).put("t:products:1", "foreign", LIFE));
        try (Cache<String, String> cache = Cache.<String, String>builder("products")
                .far(tier, StringCodec.utf8())
                .farBudget(BUDGET)
                .freshFor(LIFE)
                .loader(key -> "loaded")
                .build()) {
            assertThat(cache.getIfPresent("1")).isNull();
            assertThat(cache.get("1")).isEqualTo("loaded");
            cache.put("1", "put");
            assertThat(cache.getIfPresent("1")).isEqualTo("put");
        }
    }

    @Test
    void flagsThatDoNotFitTheirBytesAreBytes() {
        assertThat(PlainValue.of(Flags.NUMBER, "many".getBytes(UTF_8)))
                .contains(new PlainValue.Bytes("many".getBytes(UTF_8)));
        assertThat(PlainValue.of(Flags.TEXT, new byte[] {-1})).contains(new PlainValue.Bytes(new byte[] {-1}));
        assertThat(PlainValue.of(0, new byte[] {1})).contains(new PlainValue.Bytes(new byte[] {1}));
        assertThat(PlainValue.of(Flags.STUB, new byte[0])).isEqualTo(Optional.empty());
        assertThat(new PlainValue.Bytes(new byte[3]))
                .hasToString("Bytes[3]")
                .hasSameHashCodeAs(new PlainValue.Bytes(new byte[3]));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "a b", "k\r\nset injected 0 0 1\r\nx", "größe", "\u0000"})
    void aKeyThatCouldBeMoreThanAKeyIsRefused(String key) {
        MemcachedValues values = values();
        assertThatIllegalArgumentException().isThrownBy(() -> values.put(key, "x", LIFE));
        assertThatIllegalArgumentException().isThrownBy(() -> values.get(key));
        assertThatIllegalArgumentException().isThrownBy(() -> values.remove(key));
    }

    @Test
    void limitsAreClearErrors() {
        MemcachedValues values = values();
        assertThatIllegalArgumentException().isThrownBy(() -> values.get("k".repeat(251)));
        await(values.put("k".repeat(250), "x", LIFE));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> values.put("k", "x", Duration.ZERO))
                .withMessageContaining("life");
        assertThatThrownBy(() -> await(values.put("k", "x".repeat(2 << 20), LIFE)))
                .hasMessageContaining("larger than");
    }

    @Test
    void whatIsPutBeforeThereIsAConnectionKeepsItsOrder() {
        server.freeze();
        MemcachedValues values = values();
        List<CompletionStage<Void>> puts = LongStream.rangeClosed(1, 200)
                .mapToObj(number -> values.put("k", number, LIFE))
                .toList();
        server.thaw();
        puts.forEach(MemcachedValuesTest::await);
        assertThat(await(values.get("k"))).contains(new PlainValue.Numeral(200));
    }

    @Test
    void aNamespaceComesBeforeTheKeyWithASlash() {
        MemcachedFarTier tier = MemcachedFarTier.builder()
                .servers("127.0.0.1:" + server.port())
                .namespace("shop")
                .build();
        opened.push(tier);
        await(tier.values(BUDGET).put("k", "x", LIFE));
        assertThat(server.command("get shop/k").get(1)).isEqualTo("x");
    }

    @Test
    void aServerThatHangsCostsTheBudget() {
        MemcachedFarTier tier = tier(MemcachedFarTier.Protocol.AUTO);
        await(tier.values(BUDGET).put("k", "x", LIFE));
        MemcachedValues hurried = tier.values(Duration.ofMillis(50));
        server.freeze();
        assertThatThrownBy(() -> await(hurried.get("k"))).hasRootCauseInstanceOf(TimeoutException.class);
        server.thaw();
    }

    private static <T> T await(CompletionStage<T> stage) {
        try {
            return stage.toCompletableFuture().get(30, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException | InterruptedException e) {
            throw new AssertionError(e.getMessage(), e);
        }
    }
}
