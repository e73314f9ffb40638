package dev.terrace.cache.strategy;

import dev.terrace.cache.Cache;
import dev.terrace.cache.Near;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.redis.SharedRedis;
import dev.terrace.cache.redis.journal.RedisStreamJournal;
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
    static final int STREAMS = 4;

    private KilledWriter() {}

    /** @param arguments the journal's directory or Redis, the store's file, whether each write is synced */
    @SuppressWarnings("SystemOut")
    public static void main(String[] arguments) throws IOException {
        PrintStream said = System.out;
        Path store = Path.of(arguments[1]);
        WriteBehind<String, String> cache = arguments[0].startsWith("redis:")
                ? queue(SharedRedis.connect(arguments[0]), store)
                : queue(Path.of(arguments[0]), store, Boolean.parseBoolean(arguments[2]));
        for (int i = 1; i <= PUTS; i++) {
            String key = key(i);
            if (isRemove(i)) {
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

    /** Which key the put or remove of this number is of. */
    static String key(int number) {
        return "k" + number * 7919 % KEYS;
    }

    static boolean isRemove(int number) {
        return number % 10 == 0;
    }

    static WriteBehind<String, String> queue(Path journal, Path store, boolean syncEachWrite) {
        FileJournal files = FileJournal.in(journal).segmentBytes(256 * 1024);
        return builder(store)
                .journal(syncEachWrite ? files.syncEachWrite() : files, StringCodec.utf8(), StringCodec.utf8())
                .build();
    }

    /** The connection is not closed with it. */
    static WriteBehind<String, String> queue(SharedRedis redis, Path store) {
        RedisStreamJournal streams = RedisStreamJournal.on(redis.withBudget(Duration.ofSeconds(10)))
                .partitions(STREAMS)
                .lease(Duration.ofSeconds(3));
        return builder(store)
                .journal(streams, StringCodec.utf8(), StringCodec.utf8())
                .build();
    }

    private static WriteBehindBuilder<String, String> builder(Path store) {
        Cache<String, String> cache = Cache.<String, String>builder("orders")
                .near(Near.maximumSize(1_000))
                .freshFor(Duration.ofMinutes(1))
                .build();
        return WriteBehind.around(cache, (BatchWriter<String, String>) batch -> append(store, batch))
                .batchSize(50)
                .maxDelay(Duration.ofMillis(20));
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
