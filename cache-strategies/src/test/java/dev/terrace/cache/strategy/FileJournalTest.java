package dev.terrace.cache.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrace.cache.Cache;
import dev.terrace.cache.Near;
import dev.terrace.cache.codec.Codec;
import dev.terrace.cache.codec.NumberCodec;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.spi.JournalException;
import dev.terrace.cache.spi.JournalLog;
import dev.terrace.cache.testkit.OwnThread;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The journal in local files: what is there after a restart, whatever the files have suffered. */
final class FileJournalTest {

    @TempDir
    Path directory;

    private JournalLog open() {
        return FileJournal.in(directory).segmentBytes(4_096).open("q");
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static List<String> texts(JournalLog log) {
        return log.recovered().stream()
                .map(entry -> new String(entry.record(), StandardCharsets.UTF_8))
                .toList();
    }

    private List<Path> segments() throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve("q"))) {
            return files.filter(file -> file.toString().endsWith(".journal"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void whatWasAppendedAndNotDroppedIsThereAfterARestart() {
        long origin;
        long dropped;
        try (JournalLog log = open()) {
            origin = log.origin();
            log.append(bytes("a"));
            dropped = log.append(bytes("b"));
            log.append(bytes("c"));
            log.drop(dropped);
        }
        try (JournalLog log = open()) {
            assertThat(texts(log)).containsExactly("a", "c");
            assertThat(log.origin()).isEqualTo(origin);
            assertThat(log.append(bytes("d"))).isGreaterThan(dropped + 1);
        }
        try (JournalLog log = open()) {
            assertThat(texts(log)).containsExactly("a", "c", "d");
            log.recovered().forEach(entry -> log.drop(entry.number()));
        }
        try (JournalLog log = open()) {
            assertThat(log.recovered()).isEmpty();
            assertThat(log.append(bytes("e"))).isGreaterThan(dropped + 3);
        }
    }

    @Test
    void manyRecordsTakeManySegmentsAndLeaveFewWhenTheyAreDropped() throws IOException {
        try (JournalLog log = open()) {
            long kept = log.append(bytes("kept"));
            for (int i = 0; i < 5_000; i++) {
                log.drop(log.append(bytes("record " + i)));
            }
            assertThat(kept).isPositive();
        }
        assertThat(segments()).hasSizeLessThan(20);
        try (JournalLog log = open()) {
            assertThat(texts(log)).containsExactly("kept");
        }
    }

    @Test
    void manyRecordsThatAreKeptAreNotCopiedForEachThatIsDropped() throws IOException {
        try (JournalLog log = open()) {
            List<Long> kept = new ArrayList<>();
            IntStream.range(0, 400).forEach(i -> kept.add(log.append(bytes("kept, and of some length " + i))));
            for (int i = 0; i < 3_000; i++) {
                log.drop(log.append(bytes("record " + i)));
            }
            List<Path> files = segments();
            // What was appended takes about 50 segments; with what is copied for room it may be some times that.
            assertThat(files.get(files.size() - 1).getFileName().toString()).isLessThan("00000000000000c0");
            assertThat(files).hasSizeLessThan(30);
            assertThat(kept).isSorted();
        }
        try (JournalLog log = open()) {
            assertThat(texts(log)).hasSize(400);
        }
    }

    @Test
    void randomHistoriesAreRecovered() {
        for (long seed = 1; seed <= 30; seed++) {
            Random random = new Random(seed);
            TreeMap<Long, String> model = new TreeMap<>();
            for (int restart = 0; restart < 4; restart++) {
                try (JournalLog log = FileJournal.in(directory.resolve("s" + seed))
                        .segmentBytes(4_096)
                        .open("q")) {
                    assertThat(texts(log)).as("seed " + seed).containsExactlyElementsOf(model.values());
                    for (int i = 0; i < 300; i++) {
                        if (random.nextInt(5) < 3 || model.isEmpty()) {
                            String text = "x".repeat(random.nextInt(200)) + i;
                            model.put(log.append(bytes(text)), text);
                        } else {
                            List<Long> numbers = new ArrayList<>(model.keySet());
                            long number = numbers.get(random.nextInt(numbers.size()));
                            log.drop(number);
                            model.remove(number);
                        }
                    }
                }
            }
        }
    }

    @Test
    void aTornTailIsReadUpToTheFirstRecordThatIsNotWhole() throws IOException {
        try (JournalLog log = open()) {
            log.append(bytes("first"));
            log.append(bytes("second"));
            log.append(bytes("third"));
        }
        Path last = segments().get(segments().size() - 1);
        byte[] content = Files.readAllBytes(last);
        int third = new String(content, StandardCharsets.ISO_8859_1).indexOf("third");
        for (int damage : new int[] {third, third + 4, third - 1, third - 14, third - 17}) {
            byte[] torn = content.clone();
            torn[damage] ^= 0x55;
            Files.write(last, torn);
            try (JournalLog log = open()) {
                assertThat(texts(log)).as("damaged at " + damage).containsExactly("first", "second");
            }
            segments().stream()
                    .filter(file -> !file.equals(last))
                    .forEach(file -> file.toFile().delete());
        }
    }

    @Test
    void aTailThatWasCutOffIsReadUpToThere() throws IOException {
        try (JournalLog log = open()) {
            log.append(bytes("first"));
            log.append(bytes("second"));
        }
        Path last = segments().get(segments().size() - 1);
        byte[] content = Files.readAllBytes(last);
        int second = new String(content, StandardCharsets.ISO_8859_1).indexOf("second");
        Files.write(last, Arrays.copyOf(content, second + 2));
        try (JournalLog log = open()) {
            assertThat(texts(log)).containsExactly("first");
        }
    }

    /** As a crash in the middle of a record leaves them: the next segment is made ahead of its first record. */
    @Test
    void aTornTailBeforeASegmentThatWasMadeAheadIsNoDamage() throws IOException {
        long origin;
        try (JournalLog log = open()) {
            origin = log.origin();
            log.append(bytes("first"));
            log.append(bytes("second"));
        }
        Path written = segments().get(segments().size() - 1);
        tear(written, "second");
        Segment.create(directory.resolve("q"), origin, sequence(written) + 1, 4_096);

        try (JournalLog log = open()) {
            assertThat(texts(log)).containsExactly("first");
        }
    }

    @Test
    void aTornTailIsNoDamageForLaterRestartsEither() throws IOException {
        try (JournalLog log = open()) {
            log.append(bytes("first"));
            log.append(bytes("second"));
        }
        tear(segments().get(segments().size() - 1), "second");
        try (JournalLog log = open()) {
            log.append(bytes("third"));
        }

        try (JournalLog log = open()) {
            assertThat(texts(log)).containsExactly("first", "third");
        }
    }

    private static void tear(Path segment, String record) throws IOException {
        byte[] content = Files.readAllBytes(segment);
        content[new String(content, StandardCharsets.ISO_8859_1).indexOf(record)] ^= 0x55;
        Files.write(segment, content);
    }

    private static long sequence(Path segment) {
        return Long.parseUnsignedLong(segment.getFileName().toString().substring(0, 16), 16);
    }

    @Test
    void damageThatIsNotAtTheEndIsAnErrorAndNothingIsChanged() throws IOException {
        try (JournalLog log = open()) {
            IntStream.range(0, 200).forEach(i -> log.append(bytes("a record of some length, number " + i)));
        }
        List<Path> before = segments();
        assertThat(before).hasSizeGreaterThan(2);
        byte[] content = Files.readAllBytes(before.get(0));
        byte[] damaged = content.clone();
        damaged[100] ^= 1;
        Files.write(before.get(0), damaged);
        assertThatThrownBy(this::open)
                .isInstanceOf(JournalException.class)
                .hasMessageContaining(before.get(0).getFileName().toString())
                .hasMessageContaining("nothing was changed");
        assertThat(segments()).isEqualTo(before);
        Files.write(before.get(0), content);
        try (JournalLog log = open()) {
            assertThat(log.recovered()).hasSize(200);
        }
    }

    @Test
    void aFileOfAnotherFormatIsAClearError() throws IOException {
        try (JournalLog log = open()) {
            log.append(bytes("a"));
        }
        Path last = segments().get(0);
        Files.write(last, bytes("this is not a journal at all, it is a text"), StandardOpenOption.TRUNCATE_EXISTING);
        assertThatThrownBy(this::open).isInstanceOf(JournalException.class).hasMessageContaining("none of ours");
    }

    @Test
    void itIsOpenOnceAtATime() {
        try (JournalLog log = open()) {
            assertThatThrownBy(this::open).isInstanceOf(JournalException.class).hasMessageContaining("open already");
            log.append(bytes("a"));
        }
        open().close();
    }

    @Test
    void aPlaceThatCannotBeWrittenIsAClearError() throws IOException {
        Path file = Files.createFile(directory.resolve("file"));
        assertThatThrownBy(() -> FileJournal.in(file).open("q"))
                .isInstanceOf(JournalException.class)
                .hasMessageContaining(file.toString());
        assertThatThrownBy(() -> FileJournal.in(directory).open("../q")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void withoutRoomAnAppendIsRefusedNothingIsLostAndItGoesOnWhenThereIsRoom() throws IOException {
        List<String> accepted = new ArrayList<>();
        try (JournalLog log = open()) {
            // What a full disk does to the thread that makes segments ahead.
            Path obstacle = Files.createDirectory(directory.resolve("q").resolve("0000000000000005.journal"));
            assertThatThrownBy(() -> {
                        for (int i = 0; i < 10_000; i++) {
                            log.append(bytes("record " + i));
                            accepted.add("record " + i);
                        }
                    })
                    .isInstanceOf(JournalException.class)
                    .hasMessageContaining("has no room")
                    .hasMessageContaining(obstacle.getFileName().toString());
            assertThat(accepted).hasSizeGreaterThan(100);
            assertThatThrownBy(() -> log.append(bytes("refused again"))).isInstanceOf(JournalException.class);
            Files.delete(obstacle);
            for (int i = 0; i < 1_000; i++) {
                log.append(bytes("later " + i));
                accepted.add("later " + i);
            }
        }
        try (JournalLog log = open()) {
            assertThat(texts(log)).isEqualTo(accepted);
        }
    }

    @Test
    void aSettingThatIsNoneIsRefusedByItsName() {
        FileJournal journal = FileJournal.in(directory);
        assertThatThrownBy(() -> FileJournal.in(null)).hasMessage("directory");
        assertThatThrownBy(() -> journal.syncEvery(null)).hasMessage("syncEvery");
        assertThatThrownBy(() -> journal.syncEvery(Duration.ZERO)).hasMessage("syncEvery: must be positive, not PT0S");
        assertThatThrownBy(() -> journal.segmentBytes(4_095))
                .hasMessage("segmentBytes: must be at least 4096, not 4095");
    }

    @Test
    void aRecordThatDoesNotFitIsRefused() {
        try (JournalLog log = open()) {
            assertThatThrownBy(() -> log.append(new byte[5_000]))
                    .isInstanceOf(JournalException.class)
                    .hasMessageContaining("does not fit");
            assertThat(log.append(bytes("a"))).isPositive();
        }
    }

    @Test
    void withSyncOfEachWriteManyThreadsShareAForce() {
        try (JournalLog log = FileJournal.in(directory).syncEachWrite().open("q")) {
            List<CompletableFuture<Void>> writers = IntStream.range(0, 8)
                    .mapToObj(writer -> OwnThread.run(() -> {
                        for (int i = 0; i < 20; i++) {
                            log.durable(log.append(bytes(writer + " " + i)))
                                    .toCompletableFuture()
                                    .join();
                        }
                    }))
                    .toList();
            writers.forEach(CompletableFuture::join);
        }
        try (JournalLog log = FileJournal.in(directory).open("q")) {
            assertThat(log.recovered()).hasSize(160);
        }
    }

    private WriteBehind<String, String> queue(BatchStore store) {
        return queue(store, StringCodec.utf8());
    }

    private WriteBehind<String, String> queue(BatchStore store, Codec<String> values) {
        Cache<String, String> cache = Cache.<String, String>builder("q")
                .near(Near.maximumSize(100))
                .freshFor(Duration.ofMinutes(1))
                .loader(store::load)
                .build();
        WriteBehindBuilder<String, String> builder = WriteBehind.around(cache, store)
                .flushers(1)
                .maxDelay(Duration.ofNanos(1))
                .closeDeadline(Duration.ofMillis(1))
                .journal(FileJournal.in(directory).segmentBytes(4_096), StringCodec.utf8(), values);
        builder.threads = false;
        return builder.build();
    }

    @Test
    void whatWasPendingIsReadAndWrittenAfterARestart() {
        BatchStore store = new BatchStore();
        store.rows.put("gone", "old");
        try (WriteBehind<String, String> cache = queue(store)) {
            cache.put("a", "1");
            cache.put("b", "1");
            cache.put("a", "2");
            cache.remove("gone");
        }
        assertThat(store.batches).isEmpty();
        try (WriteBehind<String, String> cache = queue(store)) {
            assertThat(cache.get("a")).isEqualTo("2");
            assertThat(cache.get("gone")).isNull();
            cache.put("b", "3");
            while (cache.runDue()) {
                // One batch after the other.
            }
            assertThat(store.rows).containsOnly(Map.entry("a", "2"), Map.entry("b", "3"));
            assertThat(store.disorder).isEmpty();
        }
        try (WriteBehind<String, String> cache = queue(store)) {
            assertThat(cache.pendingWrites().pending()).isZero();
        }
    }

    @Test
    void whatCannotBeReadIsKept() {
        BatchStore store = new BatchStore();
        try (WriteBehind<String, String> cache = queue(store)) {
            cache.put("a", "1");
        }
        Codec<String> other = new Codec<>() {
            @Override
            public String id() {
                return "other";
            }

            @Override
            public byte[] encode(String value) {
                return NumberCodec.longs().encode(1L);
            }

            @Override
            public String decode(ByteBuffer bytes) {
                throw new IllegalArgumentException("not mine");
            }
        };
        assertThatThrownBy(() -> queue(store, other))
                .isInstanceOf(JournalException.class)
                .hasMessageContaining("other")
                .hasMessageContaining("kept");
        try (WriteBehind<String, String> cache = queue(store)) {
            assertThat(cache.get("a")).isEqualTo("1");
        }
    }
}
