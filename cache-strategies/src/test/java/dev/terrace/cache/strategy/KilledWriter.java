package dev.terrace.cache.strategy;

import dev.terrace.cache.Cache;
import dev.terrace.cache.Near;
import dev.terrace.cache.codec.StringCodec;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** A process that puts through write-behind, says each put that returned, and is killed. */
final class KilledWriter {

    static final int PUTS = 10_000;
    static final int KEYS = 2_999;

    private KilledWriter() {}

    /** @param arguments the journal's directory, the store's file, whether each write is synced */
    @SuppressWarnings("SystemOut")
    public static void main(String[] arguments) throws IOException {
        PrintStream said = System.out;
        WriteBehind<String, String> cache =
                queue(Path.of(arguments[0]), Path.of(arguments[1]), Boolean.parseBoolean(arguments[2]));
        for (int i = 1; i <= PUTS; i++) {
            String key = "k" + i * 7919 % KEYS;
            if (i % 10 == 0) {
                cache.remove(key);
            } else {
                cache.put(key, Integer.toString(i));
            }
            said.println(key + " " + i);
            said.flush();
        }
        // Until it is killed.
        if (System.in.read() < 0) {
            cache.close();
        }
    }

    static WriteBehind<String, String> queue(Path journal, Path store, boolean syncEachWrite) {
        Cache<String, String> cache = Cache.<String, String>builder("orders")
                .near(Near.maximumSize(1_000))
                .freshFor(Duration.ofMinutes(1))
                .build();
        FileJournal files = FileJournal.in(journal).segmentBytes(256 * 1024);
        return WriteBehind.around(cache, (BatchWriter<String, String>) batch -> append(store, batch))
                .batchSize(50)
                .maxDelay(Duration.ofMillis(20))
                .journal(syncEachWrite ? files.syncEachWrite() : files, StringCodec.utf8(), StringCodec.utf8())
                .build();
    }

    /** A store that takes 5 ms a batch, and keeps every operation it got in the order in which it got them. */
    private static void append(Path store, List<StoreOperation<String, String>> batch) {
        StringBuilder lines = new StringBuilder("\n");
        batch.forEach(operation -> lines.append(operation.key())
                .append(' ')
                .append(operation.number())
                .append(' ')
                .append(operation.isRemove() ? "-" : operation.value())
                .append(" .\n"));
        try {
            Files.writeString(
                    store, lines, StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
    }
}
