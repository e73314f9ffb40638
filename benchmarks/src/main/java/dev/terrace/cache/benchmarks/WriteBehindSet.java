package dev.terrace.cache.benchmarks;

import dev.terrace.cache.Cache;
import dev.terrace.cache.Near;
import dev.terrace.cache.codec.NumberCodec;
import dev.terrace.cache.codec.StringCodec;
import dev.terrace.cache.strategy.BatchWriter;
import dev.terrace.cache.strategy.FileJournal;
import dev.terrace.cache.strategy.WriteBehind;
import dev.terrace.cache.strategy.WriteBehindBuilder;
import dev.terrace.cache.strategy.WriteBehindStats;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Puts of hot keys through write-behind to a slow store, beside puts into the same cache alone. */
final class WriteBehindSet implements BenchSet {

    private static final int KEYS = 10_000;
    private static final Duration STORE = Duration.ofMillis(5);
    private static final double WITHOUT_JOURNAL = 2;
    private static final double WITH_JOURNAL = 4;

    private enum Kind {
        PLAIN,
        NO_JOURNAL,
        FILE_JOURNAL
    }

    /** What a run gave. */
    private record Run(double nanosPerPut, int mostPending, double coalescing) {}

    @Override
    public String name() {
        return "writebehind";
    }

    @Override
    public String measures() {
        return "time of a put of one of 10,000 hot keys, the store taking 5 ms a batch";
    }

    @Override
    public Report run(Effort effort, PrintStream progress) throws Exception {
        int puts = effort.forked() ? 1_000_000 : 20_000;
        int rounds = effort.forked() ? effort.rounds() + 1 : 1;
        Map<Kind, List<Run>> runs = new LinkedHashMap<>();
        for (int round = 0; round < rounds; round++) {
            for (Kind kind : Kind.values()) {
                Run run = run(kind, puts);
                if (round > 0 || rounds == 1) {
                    runs.computeIfAbsent(kind, key -> new ArrayList<>()).add(run);
                }
                progress.printf(
                        Locale.ROOT,
                        "round %d/%d  %-12s %,.0f ns a put, %,d puts/s, at most %,d pending, %.0f puts a store"
                                + " operation%n",
                        round,
                        rounds - 1,
                        kind,
                        run.nanosPerPut,
                        Math.round(1e9 / run.nanosPerPut),
                        run.mostPending,
                        run.coalescing);
            }
        }
        List<Figure> figures = new ArrayList<>();
        figures.add(time("without journal", runs, Kind.NO_JOURNAL, WITHOUT_JOURNAL));
        figures.add(time("file journal, every 10 ms", runs, Kind.FILE_JOURNAL, WITH_JOURNAL));
        figures.add(count("keys pending at most", runs, Run::mostPending, (double) KEYS));
        figures.add(count("puts coalesced into a store operation", runs, run -> run.coalescing, null));
        return new Report(name(), measures(), figures, Map.of("runs", runs, "puts", puts));
    }

    private static Figure time(String what, Map<Kind, List<Run>> runs, Kind kind, double bar) {
        List<Double> ours = values(runs, kind, Run::nanosPerPut);
        List<Double> plain = values(runs, Kind.PLAIN, Run::nanosPerPut);
        return new Figure(
                "put, " + what + " vs the cache alone",
                String.format(Locale.ROOT, "%,.0f ns", Spread.of(ours).median()),
                String.format(Locale.ROOT, "%,.0f ns", Spread.of(plain).median()),
                new Figure.Value(Rounds.multiple(ours, plain), Figure.Unit.MULTIPLE),
                bar);
    }

    private static Figure count(
            String what, Map<Kind, List<Run>> runs, ToDoubleFunction<Run> value, @Nullable Double bar) {
        Spread spread = Spread.of(values(runs, Kind.NO_JOURNAL, value));
        return new Figure(
                what, Figure.Unit.COUNT.of(spread.median()), "", new Figure.Value(spread, Figure.Unit.COUNT), bar);
    }

    private static List<Double> values(Map<Kind, List<Run>> runs, Kind kind, ToDoubleFunction<Run> value) {
        return runs.getOrDefault(kind, List.of()).stream()
                .map(value::applyAsDouble)
                .toList();
    }

    private static Run run(Kind kind, int puts) throws IOException {
        Path directory = Files.createTempDirectory("terrace-write-behind");
        try {
            Cache<Long, String> cache = Cache.<Long, String>builder("hot")
                    .near(Near.maximumSize(2 * KEYS))
                    .freshFor(Duration.ofHours(1))
                    .build();
            return kind == Kind.PLAIN ? plain(cache, puts) : behind(cache, kind, directory, puts);
        } finally {
            try (Stream<Path> files = Files.walk(directory)) {
                files.sorted(Comparator.reverseOrder())
                        .forEach(file -> file.toFile().delete());
            }
        }
    }

    private static Run plain(Cache<Long, String> cache, int puts) {
        try (cache) {
            long start = System.nanoTime();
            for (int i = 0; i < puts; i++) {
                cache.put(key(i), "value " + (i & 1023));
            }
            return new Run((double) (System.nanoTime() - start) / puts, 0, 1);
        }
    }

    private static Run behind(Cache<Long, String> cache, Kind kind, Path directory, int puts) {
        BatchWriter<Long, String> store = batch -> LockSupport.parkNanos(STORE.toNanos());
        WriteBehindBuilder<Long, String> builder =
                WriteBehind.around(cache, store).capacity(KEYS);
        if (kind == Kind.FILE_JOURNAL) {
            builder.journal(FileJournal.in(directory), NumberCodec.longs(), StringCodec.utf8());
        }
        try (WriteBehind<Long, String> behind = builder.build()) {
            int most = 0;
            long start = System.nanoTime();
            for (int i = 0; i < puts; i++) {
                behind.put(key(i), "value " + (i & 1023));
                if ((i & 0xFFFF) == 0) {
                    most = Math.max(most, behind.pendingWrites().pending());
                }
            }
            long took = System.nanoTime() - start;
            most = Math.max(most, behind.pendingWrites().pending());
            behind.flush(Duration.ofSeconds(60));
            WriteBehindStats stats = behind.pendingWrites();
            return new Run((double) took / puts, most, (double) stats.accepted() / stats.written());
        }
    }

    private static long key(int put) {
        return put * 7_919L % KEYS;
    }
}
