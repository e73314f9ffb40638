package dev.terrace.cache.examples.storefront;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TrafficTest {

    @TempDir
    Path directory;

    @Test
    void aTraceKeepsWhichAccessesAskedForTheSame() throws Exception {
        Path file = TraceFile.write(directory.resolve("a.xz"), -5, 900, -5, Integer.MAX_VALUE, 900, -5);

        Traffic traffic = Trace.traffic(file);

        assertThat(traffic.length()).isEqualTo(6);
        assertThat(traffic.products()).isEqualTo(3);
        assertThat(LongStream.range(0, 6).map(traffic::productAt)).containsExactly(1L, 2L, 1L, 3L, 2L, 1L);
        assertThat(traffic).hasToString("a.xz, 6 accesses to 3 keys");
    }

    @Test
    void aFileThatIsNoTraceIsRefusedByName() throws Exception {
        Path text = Files.writeString(directory.resolve("text"), "not compressed");
        Path half = TraceFile.writeBytes(directory.resolve("half.xz"), new byte[] {0, 0, 0, 1, 0});
        Path empty = TraceFile.write(directory.resolve("empty.xz"));
        Path torn = directory.resolve("torn.xz");
        byte[] whole = Files.readAllBytes(TraceFile.write(directory.resolve("whole.xz"), 1, 2, 3));
        Files.write(torn, Arrays.copyOf(whole, whole.length - 20));

        assertThatThrownBy(() -> Trace.traffic(text))
                .isInstanceOf(BadArgumentException.class)
                .hasMessage("--trace: " + text + " is not compressed with xz");
        assertThatThrownBy(() -> Trace.traffic(half))
                .isInstanceOf(BadArgumentException.class)
                .hasMessage("--trace: " + half + " ends in the middle of a 32-bit integer");
        assertThatThrownBy(() -> Trace.traffic(empty))
                .isInstanceOf(BadArgumentException.class)
                .hasMessage("--trace: " + empty + " contains no access");
        assertThatThrownBy(() -> Trace.traffic(torn))
                .isInstanceOf(BadArgumentException.class)
                .hasMessageStartingWith("--trace: " + torn + " cannot be read");
    }

    @Test
    void madeUpTrafficIsAlwaysTheSameAndPrefersFewProducts() {
        Traffic traffic = Zipf.traffic(2_000);
        Traffic again = Zipf.traffic(2_000);

        assertThat(LongStream.range(0, 1_000).map(traffic::productAt))
                .containsExactly(
                        LongStream.range(0, 1_000).map(again::productAt).boxed().toArray(Long[]::new));
        Map<Long, Long> frequencies = LongStream.range(0, 100_000)
                .map(traffic::productAt)
                .boxed()
                .collect(Collectors.groupingBy(Function.identity(), TreeMap::new, Collectors.counting()));
        assertThat(frequencies.keySet()).allMatch(id -> id >= 1 && id <= 2_000);
        long mostWanted =
                frequencies.values().stream().mapToLong(Long::longValue).max().orElseThrow();
        // The first of 2,000 ranks has 1 / (1 + 1/2^0.99 + …) = 11.9 % of the requests.
        assertThat(mostWanted).isBetween(11_500L, 12_400L);
        assertThat(traffic.length()).isEqualTo(Long.MAX_VALUE);
        assertThat(traffic.productAt(5_000_000_000L)).isBetween(1L, 2_000L);
    }
}
