package dev.terrace.cache.benchmarks;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What an entry of the near tier takes, each contender in JVMs of its own. */
final class MemorySet implements BenchSet {

    private static final double BAR = 1.3;
    /** A Long of 24 bytes and an array of 16 + 100, rounded up to 8: what every contender is given. */
    private static final int KEY_AND_VALUE = 24 + 120;

    @Override
    public String name() {
        return "memory";
    }

    @Override
    public String measures() {
        return "bytes that a near entry of a Long and a byte[100] retains";
    }

    @Override
    public Report run(Effort effort, PrintStream progress) throws Exception {
        Map<NearMemory.Holder, List<Map<String, Double>>> measured = new EnumMap<>(NearMemory.Holder.class);
        for (int round = 1; round <= effort.memory().rounds(); round++) {
            for (NearMemory.Holder holder : NearMemory.Holder.values()) {
                Map<String, Double> perEntry = measure(holder, effort.memory().entries());
                measured.computeIfAbsent(holder, key -> new ArrayList<>()).add(perEntry);
                progress.printf(
                        "round %d/%d  %-20s %s%n", round, effort.memory().rounds(), holder, largest(perEntry));
            }
        }
        List<Figure> figures = new ArrayList<>();
        for (NearMemory.Holder raw : List.of(NearMemory.Holder.CAFFEINE, NearMemory.Holder.CAFFEINE_EXPIRING)) {
            for (NearMemory.Holder ours :
                    List.of(NearMemory.Holder.TERRACE_NEAR_ONLY, NearMemory.Holder.TERRACE_BOTH_TIERS)) {
                figures.add(figure("heap", ours, raw, measured, NearMemory.HEAP, 0));
                figures.add(figure("live objects", ours, raw, measured, LIVE, 0));
                figures.add(figure("without key and value", ours, raw, measured, LIVE, KEY_AND_VALUE));
            }
        }
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("entries", effort.memory().entries());
        all.put("bytesPerEntryByClass", measured);
        return new Report(name(), measures(), figures, all);
    }

    private static final String LIVE = "(live objects)";

    private static Figure figure(
            String what,
            NearMemory.Holder ours,
            NearMemory.Holder raw,
            Map<NearMemory.Holder, List<Map<String, Double>>> measured,
            String row,
            int without) {
        // What is asked is asked of all that is retained.
        @Nullable Double bar = without == 0 ? BAR : null;
        double[] oursBytes = bytes(measured, ours, row, without);
        double[] rawBytes = bytes(measured, raw, row, without);
        double[] multiples = new double[oursBytes.length];
        Arrays.setAll(multiples, i -> oursBytes[i] / rawBytes[i]);
        return new Figure(
                what + ": " + words(ours) + " vs " + words(raw),
                String.format(Locale.ROOT, "%.1f B", Spread.of(oursBytes).median()),
                String.format(Locale.ROOT, "%.1f B", Spread.of(rawBytes).median()),
                new Figure.Value(Spread.of(multiples), Figure.Unit.MULTIPLE),
                bar);
    }

    private static double[] bytes(
            Map<NearMemory.Holder, List<Map<String, Double>>> measured,
            NearMemory.Holder holder,
            String row,
            int without) {
        return measured.getOrDefault(holder, List.of()).stream()
                .mapToDouble(round -> round.getOrDefault(row, Double.NaN) - without)
                .toArray();
    }

    private static String words(NearMemory.Holder holder) {
        return holder.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static String largest(Map<String, Double> perEntry) {
        return perEntry.entrySet().stream()
                .filter(row -> Math.abs(row.getValue()) >= 1)
                .sorted(Map.Entry.<String, Double>comparingByValue().reversed())
                .map(row -> String.format(Locale.ROOT, "%s %.1f", row.getKey(), row.getValue()))
                .collect(Collectors.joining(", "));
    }

    private static Map<String, Double> measure(NearMemory.Holder holder, int entries)
            throws IOException, InterruptedException {
        // The serial collector's count of used bytes is exact.
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-Xmx1g",
                        RedisAddress.option(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        NearMemory.class.getName(),
                        holder.name(),
                        Integer.toString(entries))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IllegalStateException("measuring " + holder + " failed: " + output);
        }
        Map<String, Double> perEntry = new LinkedHashMap<>();
        double live = 0;
        for (String line : output.lines().toList()) {
            String[] fields = line.split("\t", -1);
            double bytes = Double.parseDouble(fields[1]) / entries;
            perEntry.put(fields[0], bytes);
            if (!fields[0].equals(NearMemory.HEAP)) {
                live += bytes;
            }
        }
        perEntry.put(LIVE, live);
        return perEntry;
    }
}
