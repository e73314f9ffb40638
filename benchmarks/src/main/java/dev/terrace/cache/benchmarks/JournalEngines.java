package dev.terrace.cache.benchmarks;

import dev.terrace.cache.spi.JournalLog;
import dev.terrace.cache.strategy.FileJournal;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.activemq.artemis.core.io.nio.NIOSequentialFileFactory;
import org.apache.activemq.artemis.core.journal.RecordInfo;
import org.apache.activemq.artemis.core.journal.impl.JournalImpl;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksIterator;
import org.rocksdb.WriteOptions;

/** The logs that are compared, each as durable as it can be made: a record that was appended outlives the machine. */
final class JournalEngines {

    private static final byte KIND = 1;

    private JournalEngines() {}

    /** @param dataFile the end of the names of the files that have the records */
    record Contender(JournalEngine.Opening opening, String dataFile) {}

    static Map<String, Contender> all() {
        Map<String, Contender> all = new LinkedHashMap<>();
        all.put("segment log", new Contender(JournalEngines::own, ".journal"));
        all.put("Artemis journal", new Contender(JournalEngines::artemis, ".amq"));
        all.put("H2 MVStore", new Contender(JournalEngines::h2, ".mv.db"));
        all.put("SQLite", new Contender(JournalEngines::sqlite, "-wal"));
        all.put("RocksDB", new Contender(JournalEngines::rocks, ".log"));
        return all;
    }

    private static JournalEngine own(Path directory) {
        JournalLog log = FileJournal.in(directory).syncEachWrite().open("bench");
        int recovered = log.recovered().size();
        return new JournalEngine() {
            @Override
            public void append(byte[] record) {
                log.durable(log.append(record)).toCompletableFuture().join();
            }

            @Override
            public int size() {
                return recovered;
            }

            @Override
            public void close() {
                log.close();
            }
        };
    }

    /** With its own buffer, which waits as short as it can for others. */
    private static JournalEngine artemis(Path directory) throws Exception {
        NIOSequentialFileFactory files =
                new NIOSequentialFileFactory(directory.toFile(), true, 490 * 1024, 100_000, 1, false);
        JournalImpl journal = new JournalImpl(10 << 20, 2, 2, 0, 0, files, "bench", "amq", 1);
        journal.start();
        List<RecordInfo> records = new ArrayList<>();
        journal.load(records, new ArrayList<>(), null);
        AtomicLong numbers = new AtomicLong(records.size());
        return new JournalEngine() {
            @Override
            public void append(byte[] record) throws Exception {
                journal.appendAddRecord(numbers.incrementAndGet(), KIND, record, true);
            }

            @Override
            public int size() {
                return records.size();
            }

            @Override
            public void close() {
                closed(journal::stop);
            }
        };
    }

    private static JournalEngine h2(Path directory) {
        MVStore store = new MVStore.Builder()
                .fileName(directory.resolve("bench.mv.db").toString())
                .autoCommitDisabled()
                .open();
        MVMap<Long, byte[]> map = store.openMap("records");
        AtomicLong numbers = new AtomicLong(map.size());
        GroupCommit commit = new GroupCommit(records -> {
            records.forEach(record -> map.put(numbers.incrementAndGet(), record));
            store.commit();
            store.sync();
        });
        return new JournalEngine() {
            @Override
            public void append(byte[] record) throws Exception {
                commit.append(record);
            }

            @Override
            public int size() {
                return map.size();
            }

            @Override
            public void close() {
                commit.close();
                store.close();
            }
        };
    }

    private static JournalEngine sqlite(Path directory) throws Exception {
        Connection connection = DriverManager.getConnection("jdbc:sqlite:" + directory.resolve("bench.db"));
        try (Statement statement = connection.createStatement()) {
            statement.execute("PRAGMA journal_mode=WAL");
            statement.execute("PRAGMA synchronous=FULL");
            statement.execute("CREATE TABLE IF NOT EXISTS records (number INTEGER PRIMARY KEY, record BLOB)");
        }
        connection.setAutoCommit(false);
        PreparedStatement insert = connection.prepareStatement("INSERT INTO records (record) VALUES (?)");
        GroupCommit commit = new GroupCommit(records -> {
            for (byte[] record : records) {
                insert.setBytes(1, record);
                insert.addBatch();
            }
            insert.executeBatch();
            connection.commit();
        });
        return new JournalEngine() {
            @Override
            public void append(byte[] record) throws Exception {
                commit.append(record);
            }

            @Override
            public int size() throws Exception {
                try (Statement statement = connection.createStatement();
                        ResultSet count = statement.executeQuery("SELECT COUNT(*) FROM records")) {
                    return count.next() ? count.getInt(1) : 0;
                }
            }

            @Override
            public void close() {
                commit.close();
                closed(connection::close);
            }
        };
    }

    private static JournalEngine rocks(Path directory) throws Exception {
        Options options = new Options().setCreateIfMissing(true);
        RocksDB store = RocksDB.open(options, directory.toString());
        WriteOptions synced = new WriteOptions().setSync(true);
        AtomicLong numbers = new AtomicLong();
        return new JournalEngine() {
            @Override
            public void append(byte[] record) throws Exception {
                store.put(synced, key(numbers.incrementAndGet()), record);
            }

            @Override
            public int size() {
                int size = 0;
                try (RocksIterator each = store.newIterator()) {
                    for (each.seekToFirst(); each.isValid(); each.next()) {
                        size++;
                    }
                }
                return size;
            }

            @Override
            public void close() {
                synced.close();
                store.close();
                options.close();
            }
        };
    }

    /** Ends something whose end may fail. */
    @FunctionalInterface
    private interface Closing {
        void close() throws Exception;
    }

    private static void closed(Closing closing) {
        try {
            closing.close();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] key(long number) {
        byte[] key = new byte[Long.BYTES];
        for (int i = 0; i < key.length; i++) {
            key[i] = (byte) (number >>> (8 * (key.length - 1 - i)));
        }
        return key;
    }
}
