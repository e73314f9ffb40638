package dev.terrace.cache.strategy;

import dev.terrace.cache.spi.Journal;
import dev.terrace.cache.spi.JournalLog;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A journal as loose as one may be: in a crash it keeps all records and loses the last of the drops. Not thread-safe. */
final class CrashingJournal implements Journal {

    private final TreeMap<Long, byte[]> records = new TreeMap<>();
    private final List<Long> drops = new ArrayList<>();
    private long numbers;
    private int opened;

    /** The process that has it open ends; what it still does has no effect. */
    void crash(Random random) {
        opened++;
        int kept = drops.size() - Math.min(drops.size(), random.nextInt(4) * random.nextInt(4));
        drops.subList(0, kept).forEach(records::remove);
        drops.clear();
    }

    @Override
    public JournalLog open(String queue) {
        int number = ++opened;
        List<JournalLog.Entry> left = new ArrayList<>();
        records.forEach((each, record) -> left.add(new JournalLog.Entry(each, record)));
        return new JournalLog() {
            @Override
            public long origin() {
                return 1;
            }

            @Override
            public List<Entry> recovered() {
                return left;
            }

            @Override
            public long append(byte[] record) {
                records.put(++numbers, record);
                return numbers;
            }

            @Override
            public CompletionStage<Void> durable(long each) {
                return CompletableFuture.completedFuture(null);
            }

            @Override
            public void drop(long each) {
                if (number == opened) {
                    drops.add(each);
                }
            }

            @Override
            public void close() {}
        };
    }
}
