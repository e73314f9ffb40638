package dev.terrace.cache.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatFactory;
import org.openjdk.jmh.results.format.ResultFormatType;

/** Comparisons that JMH measures. */
record JmhSet(String name, String measures, List<Comparison> comparisons, Counts counts) implements BenchSet {

    /** Figures that are counted instead of timed. */
    interface Counts {
        List<Figure> count() throws Exception;
    }

    JmhSet(String name, String measures, List<Comparison> comparisons) {
        this(name, measures, comparisons, List::of);
    }

    @Override
    public Report run(Effort effort, PrintStream progress) throws Exception {
        List<Comparison> run = comparisons.stream()
                .filter(comparison -> !(comparison.detail() && effort.headlinesOnly()))
                .toList();
        List<Contender> contenders = new ArrayList<>();
        run.forEach(comparison -> contenders.addAll(List.of(comparison.raw(), comparison.ours())));
        Rounds rounds = Rounds.run(contenders, effort, progress);
        List<Figure> figures = new ArrayList<>(counts.count());
        for (Comparison comparison : run) {
            figures.add(time(comparison, rounds));
        }
        for (Comparison comparison : run) {
            if (comparison.allocationBar() != null) {
                figures.add(allocation(comparison, rounds));
            }
        }
        Map<String, Object> raw = new LinkedHashMap<>();
        raw.put(
                "contenders",
                contenders.stream().distinct().map(c -> line(c, rounds)).toList());
        raw.put("jmh", json(rounds.all()));
        return new Report(name, measures, figures, raw);
    }

    private static Figure time(Comparison comparison, Rounds rounds) {
        return new Figure(
                title(comparison),
                time(comparison.ours(), rounds),
                time(comparison.raw(), rounds),
                new Figure.Value(
                        Rounds.multiple(rounds.times(comparison.ours()), rounds.times(comparison.raw())),
                        rounds.best(comparison.ours()) / rounds.best(comparison.raw()),
                        Rounds.multiple(
                                        rounds.processorTimes(comparison.ours()),
                                        rounds.processorTimes(comparison.raw()))
                                .median(),
                        Figure.Unit.MULTIPLE),
                comparison.bar());
    }

    private static Figure allocation(Comparison comparison, Rounds rounds) {
        Spread ours = Spread.of(rounds.allocations(comparison.ours()));
        Spread raw = Spread.of(rounds.allocations(comparison.raw()));
        return new Figure(
                "allocated: " + title(comparison),
                Figure.Unit.BYTES.of(ours.median()),
                Figure.Unit.BYTES.of(raw.median()),
                new Figure.Value(ours, Figure.Unit.BYTES),
                comparison.allocationBar());
    }

    private static String title(Comparison comparison) {
        int threads = comparison.ours().threads();
        return "%s, %d thread%s: %s vs %s"
                .formatted(
                        comparison.what(),
                        threads,
                        threads == 1 ? "" : "s",
                        comparison.ours().label(),
                        comparison.raw().label());
    }

    private static String time(Contender contender, Rounds rounds) {
        return String.format(
                Locale.ROOT, "%,.1f %s", Spread.of(rounds.times(contender)).median(), rounds.timeUnit(contender));
    }

    private static Map<String, Object> line(Contender contender, Rounds rounds) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("label", contender.label());
        line.put("method", contender.benchmark().getSimpleName() + "." + contender.method());
        line.put("parameters", contender.parameters());
        line.put("threads", contender.threads());
        line.put("unit", rounds.timeUnit(contender));
        line.put("times", rounds.times(contender));
        line.put("best", rounds.best(contender));
        line.put("processorNanos", rounds.processorTimes(contender));
        line.put("allocatedBytes", rounds.allocations(contender));
        return line;
    }

    private static JsonNode json(Collection<RunResult> results) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ResultFormatFactory.getInstance(ResultFormatType.JSON, new PrintStream(bytes, true, StandardCharsets.UTF_8))
                .writeOut(results);
        return new ObjectMapper().readTree(bytes.toByteArray());
    }
}
