package dev.terrace.cache.benchmarks;

import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;

/**
 * What a durable append costs when many threads append, each waiting for its own; and what an engine makes of a log whose last
 * bytes a crash has kept from the disk. Our own log beside engines that others keep.
 */
final class JournalSet implements BenchSet {

    private static final int THREADS = 32;
    private static final int RECORD_BYTES = 100;
    private static final int TORN_RECORDS = 100;
    private static final int TORN_BYTES = 7;
    private static final String OWN = "segment log";

    @Override
    public String name() {
        return "journal";
    }

    @Override
    public String measures() {
        return "time of an append of 100 bytes that the disk has when it returns, 32 threads";
    }

    @Override
    public Report run(Effort effort, PrintStream progress) throws Exception {
        int appends = effort.forked() ? 400 : 5;
        int rounds = effort.forked() ? effort.rounds() + 1 : 1;
        Map<String, List<Double>> micros = new LinkedHashMap<>();
        for (int round = 0; round < rounds; round++) {
            for (Map.Entry<String, JournalEngines.Contender> each :
                    JournalEngines.all().entrySet()) {
                double took = appends(each.getValue(), appends);
                if (round > 0 || rounds == 1) {
                    micros.computeIfAbsent(each.getKey(), key -> new ArrayList<>())
                            .add(took);
                }
                progress.printf(
                        Locale.ROOT,
                        "round %d/%d  %-16s %,.1f µs an append, %,d durable appends/s%n",
                        round,
                        rounds - 1,
                        each.getKey(),
                        took,
                        Math.round(1e6 / took));
            }
        }
        Map<String, String> torn = new LinkedHashMap<>();
        List<Figure> figures = new ArrayList<>();
        for (Map.Entry<String, JournalEngines.Contender> each :
                JournalEngines.all().entrySet()) {
            String name = each.getKey();
            torn.put(name, torn(each.getValue()));
            progress.printf(Locale.ROOT, "%-16s torn by %d bytes: %s%n", name, TORN_BYTES, torn.get(name));
            if (!name.equals(OWN)) {
                List<Double> ours = micros.getOrDefault(OWN, List.of());
                List<Double> theirs = micros.getOrDefault(name, List.of());
                figures.add(new Figure(
                        "durable append vs " + name,
                        String.format(Locale.ROOT, "%,.1f µs", Spread.of(ours).median()),
                        String.format(Locale.ROOT, "%,.1f µs", Spread.of(theirs).median()),
                        new Figure.Value(Rounds.multiple(ours, theirs), Figure.Unit.MULTIPLE),
                        null));
            }
        }
        return new Report(name(), measures(), figures, Map.of("microsPerAppend", micros, "torn", torn));
    }

    private static double appends(JournalEngines.Contender contender, int each) throws Exception {
        Path directory = Files.createTempDirectory("terrace-journal");
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try (JournalEngine engine = contender.opening().open(directory)) {
            long start = System.nanoTime();
            List<CompletableFuture<Void>> running = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                running.add(CompletableFuture.runAsync(() -> append(engine, each), threads));
            }
            running.forEach(CompletableFuture::join);
            return (System.nanoTime() - start) / 1e3 / THREADS / each;
        } finally {
            threads.shutdownNow();
            delete(directory);
        }
    }

    private static void append(JournalEngine engine, int times) {
        byte[] record = new byte[RECORD_BYTES];
        Arrays.fill(record, (byte) 'x');
        for (int i = 0; i < times; i++) {
            try {
                engine.append(record);
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /** Copies a log that is in use, takes the last bytes of its records away, and opens that. */
    private static String torn(JournalEngines.Contender contender) throws Exception {
        Path directory = Files.createTempDirectory("terrace-journal");
        Path copy = Files.createTempDirectory("terrace-journal");
        try {
            try (JournalEngine engine = contender.opening().open(directory)) {
                append(engine, TORN_RECORDS);
                copy(directory, copy);
            }
            tear(copy, contender.dataFile());
            try (JournalEngine engine = contender.opening().open(copy)) {
                return engine.size() + " of " + TORN_RECORDS + " records";
            } catch (Exception e) {
                return "cannot be opened: " + e;
            }
        } finally {
            delete(directory);
            delete(copy);
        }
    }

    private static void tear(Path directory, String dataFile) throws IOException {
        Path last = null;
        long end = -1;
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file :
                    files.filter(each -> each.toString().endsWith(dataFile)).toList()) {
                byte[] content = Files.readAllBytes(file);
                int used = content.length;
                while (used > 0 && content[used - 1] == 0) {
                    used--;
                }
                if (used > end) {
                    end = used;
                    last = file;
                }
            }
        }
        if (last == null) {
            throw new IOException("no " + dataFile + " in " + directory);
        }
        try (RandomAccessFile file = new RandomAccessFile(last.toFile(), "rw")) {
            file.seek(end - TORN_BYTES);
            file.write(new byte[TORN_BYTES]);
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Path target = to.resolve(from.relativize(file));
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(file, target, StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
        }
    }
}
