package dev.terrace.cache.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import com.sun.management.ThreadMXBean;
import dev.terrace.cache.codec.Codec;
import dev.terrace.cache.codec.CodecException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * What every {@link Codec} must do. A test class extends it per codec.
 *
 * @param <V> the type of value
 */
public abstract class CodecContract<V> {

    /** Text that no message may contain; put it into a value where the type allows. */
    protected static final String SECRET = "the-secret-4711";

    private static final int HOSTILE_ROUNDS = 10_000;

    /** A new codec, configured as any other that this returns. */
    protected abstract Codec<V> codec();

    /** Several values, the smallest and a larger one among them. */
    protected abstract List<V> values();

    /** Changes a mutable value in place; does nothing where values cannot change. */
    protected void mutate(V value) {}

    /** How many bytes decoding a hostile input of some 100 bytes beyond the valid ones may allocate. */
    protected long maxAllocation() {
        return 4 << 20;
    }

    @Test
    final void everyValueSurvivesTheRoundTrip() {
        for (V value : values()) {
            assertThat(decode(codec().encode(value))).isEqualTo(value);
        }
    }

    @Test
    final void theIdIsStableAndPrintable() {
        Codec<V> codec = codec();

        assertThat(codec.id()).matches("[ -~]{1,100}").isEqualTo(codec.id()).isEqualTo(codec().id());
    }

    @Test
    final void theSchemaIsStable() {
        Codec<V> codec = codec();

        assertThat(codec.schema()).isEqualTo(codec.schema()).isEqualTo(codec().schema());
    }

    @Test
    final void onlyTheRemainingBytesAreRead() {
        for (V value : values()) {
            byte[] bytes = codec().encode(value);
            for (ByteBuffer empty : List.of(ByteBuffer.allocate(bytes.length + 8), direct(bytes.length + 8))) {
                ByteBuffer buffer = empty.position(3).put(bytes).flip().position(3);

                assertThat(codec().decode(buffer.duplicate())).isEqualTo(value);
                assertThat(codec().decode(buffer.asReadOnlyBuffer())).isEqualTo(value);
                assertThat(codec().decode(buffer.slice().order(ByteOrder.LITTLE_ENDIAN)))
                        .isEqualTo(value);
            }
        }
    }

    @Test
    final void theBufferKeepsItsLimitAndItsBytes() {
        for (V value : values()) {
            byte[] bytes = codec().encode(value);
            ByteBuffer buffer = ByteBuffer.wrap(bytes.clone());

            codec().decode(buffer);

            assertThat(buffer.limit()).isEqualTo(bytes.length);
            assertThat(buffer.array()).isEqualTo(bytes);
        }
    }

    @Test
    final void nothingIsSharedBetweenAValueAndItsBytes() {
        for (V value : values()) {
            Codec<V> codec = codec();
            byte[] bytes = codec.encode(value);
            byte[] source = bytes.clone();
            V first = codec.decode(ByteBuffer.wrap(source));
            V second = codec.decode(ByteBuffer.wrap(source));

            Arrays.fill(source, (byte) 0x55);
            assertThat(first).as("after the bytes were overwritten").isEqualTo(value);
            mutate(first);
            assertThat(second).as("after another decoded value was changed").isEqualTo(value);

            byte[] encoded = codec.encode(second);
            byte[] before = encoded.clone();
            mutate(second);
            assertThat(encoded).as("after the encoded value was changed").isEqualTo(before);

            Arrays.fill(bytes, (byte) 0x55);
            assertThat(decode(codec.encode(value)))
                    .as("after encoded bytes were overwritten")
                    .isEqualTo(value);
        }
    }

    @Test
    final void manyThreadsMayUseIt() throws Exception {
        int threads = 4;
        Codec<V> codec = codec();
        List<V> values = values();
        CyclicBarrier start = new CyclicBarrier(threads);
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        try {
            List<Future<?>> runs = new ArrayList<>();
            for (int thread = 0; thread < threads; thread++) {
                runs.add(executor.submit(() -> {
                    start.await();
                    for (int i = 0; i < 200; i++) {
                        for (V value : values) {
                            assertThat(codec.decode(ByteBuffer.wrap(codec.encode(value))))
                                    .isEqualTo(value);
                        }
                    }
                    return null;
                }));
            }
            for (Future<?> run : runs) {
                run.get(60, TimeUnit.SECONDS);
            }
        } finally {
            executor.shutdownNow();
        }
    }

    @Test
    final void everyPrefixIsAValueOrRefused() {
        for (V value : values()) {
            Codec<V> codec = codec();
            byte[] bytes = codec.encode(value);
            int step = Math.max(1, bytes.length / 500);
            for (int length = 0; length < bytes.length; length += step) {
                decodeHostile(codec, Arrays.copyOf(bytes, length), "the first " + length + " bytes");
            }
        }
    }

    @Test
    final void hostileBytesAreAValueOrRefusedInBoundedMemory() {
        long seed = Long.getLong("terrace.seed", new SplittableRandom().nextLong());
        SplittableRandom random = new SplittableRandom(seed);
        Codec<V> codec = codec();
        List<byte[]> originals = values().stream().map(codec::encode).toList();
        for (int i = 0; i < HOSTILE_ROUNDS; i++) {
            byte[] original = originals.get(random.nextInt(originals.size()));
            decodeHostile(codec, hostile(original, random), "-Dterrace.seed=" + seed + ", round " + i);
        }
    }

    private static byte[] hostile(byte[] original, SplittableRandom random) {
        byte[] bytes = switch (random.nextInt(5)) {
            case 0 -> random(random, random.nextInt(100));
            case 1 -> Arrays.copyOf(original, random.nextInt(original.length + 1));
            case 2 -> joined(original, random(random, 1 + random.nextInt(20)));
            case 3 ->
                joined(
                        Arrays.copyOf(original, random.nextInt(original.length + 1)),
                        SECRET.getBytes(StandardCharsets.UTF_8));
            default -> original.clone();
        };
        int changes = bytes.length == 0 ? 0 : random.nextInt(4);
        for (int i = 0; i < changes; i++) {
            byte anything = (byte) random.nextInt();
            bytes[random.nextInt(bytes.length)] = switch (random.nextInt(3)) {
                case 0 -> (byte) 0xff;
                case 1 -> (byte) 0x7f;
                default -> anything;
            };
        }
        return bytes;
    }

    /** Requires that these bytes are a value or refused by a {@link CodecException}, in bounded memory. */
    protected final void decodeHostile(byte[] bytes, String which) {
        decodeHostile(codec(), bytes, which);
    }

    private void decodeHostile(Codec<V> codec, byte[] bytes, String which) {
        long before = allocatedBytes();
        try {
            V value = codec.decode(ByteBuffer.wrap(bytes));
            assertThat((Object) value).as(which).isNotNull();
        } catch (CodecException e) {
            assertSaysNoSecret(e, which);
        } catch (RuntimeException | Error e) {
            throw new AssertionError(which + ": neither a value nor a CodecException", e);
        }
        assertThat(allocatedBytes() - before).as("bytes allocated: %s", which).isLessThan(maxAllocation());
    }

    private static void assertSaysNoSecret(Throwable failure, String which) {
        for (Throwable e = failure; e != null; e = e.getCause()) {
            if (String.valueOf(e.getMessage()).contains(SECRET)) {
                fail("%s: %s says what was in the bytes", which, e.getClass());
            }
        }
    }

    private V decode(byte[] bytes) {
        return codec().decode(ByteBuffer.wrap(bytes));
    }

    private static long allocatedBytes() {
        return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
    }

    private static ByteBuffer direct(int capacity) {
        return ByteBuffer.allocateDirect(capacity);
    }

    private static byte[] random(SplittableRandom random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    private static byte[] joined(byte[] first, byte[] second) {
        return ByteBuffer.allocate(first.length + second.length)
                .put(first)
                .put(second)
                .array();
    }
}
