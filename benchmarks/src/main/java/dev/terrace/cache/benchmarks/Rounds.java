package dev.terrace.cache.benchmarks;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Runs contenders in turn, one fork each a round, every second round in the opposite order. */
final class Rounds {

    private static final String ALLOCATION = "gc.alloc.rate.norm";

    private final Map<Contender, List<RunResult>> results = new LinkedHashMap<>();

    private Rounds() {}

    static Rounds run(Collection<Contender> contenders, Effort effort, PrintStream progress) throws RunnerException {
        Rounds rounds = new Rounds();
        List<Contender> order = new ArrayList<>(new LinkedHashSet<>(contenders));
        for (int round = 1; round <= effort.rounds(); round++) {
            for (Contender contender : order) {
                RunResult result = fork(contender, effort);
                rounds.results
                        .computeIfAbsent(contender, key -> new ArrayList<>())
                        .add(result);
                progress.printf(
                        "round %d/%d  %-44s %2d threads %s  %,.3f %s%n",
                        round,
                        effort.rounds(),
                        contender.label(),
                        contender.threads(),
                        contender.parameters(),
                        result.getPrimaryResult().getScore(),
                        result.getPrimaryResult().getScoreUnit());
            }
            Collections.reverse(order);
        }
        return rounds;
    }

    /** The time of one operation, one measurement a round: the median of its iterations, as some are disturbed. */
    List<Double> times(Contender contender) {
        return of(contender).stream()
                .map(result -> Spread.of(iterations(result)).median())
                .toList();
    }

    /** The time of one operation in the iteration that was disturbed least. */
    double best(Contender contender) {
        return of(contender).stream()
                .mapToDouble(result -> Spread.of(iterations(result)).low())
                .min()
                .orElseThrow();
    }

    String timeUnit(Contender contender) {
        return of(contender).get(0).getPrimaryResult().getScoreUnit();
    }

    /** The bytes that one operation allocates, one measurement a round. */
    List<Double> allocations(Contender contender) {
        return secondary(contender, ALLOCATION);
    }

    /** The nanoseconds of processors that one operation takes, one measurement a round. */
    List<Double> processorTimes(Contender contender) {
        return secondary(contender, ProcessorTime.LABEL);
    }

    /** Each round's measurement of ours, divided by the same round's of the raw client. */
    static Spread multiple(List<Double> ours, List<Double> raw) {
        List<Double> multiples = new ArrayList<>();
        for (int i = 0; i < ours.size(); i++) {
            multiples.add(ours.get(i) / raw.get(i));
        }
        return Spread.of(multiples);
    }

    Collection<RunResult> all() {
        return results.values().stream().flatMap(List::stream).toList();
    }

    private List<RunResult> of(Contender contender) {
        List<RunResult> found = results.get(contender);
        if (found == null) {
            throw new IllegalArgumentException("Not run: " + contender);
        }
        return found;
    }

    private static List<Double> iterations(RunResult result) {
        return result.getBenchmarkResults().stream()
                .flatMap(fork -> fork.getIterationResults().stream())
                .map(iteration -> iteration.getPrimaryResult().getScore())
                .toList();
    }

    /** A profiler's results, whose name may have a prefix; NaN where it gave none. */
    private List<Double> secondary(Contender contender, String label) {
        return of(contender).stream()
                .map(result -> result.getBenchmarkResults().stream()
                        .flatMap(fork -> fork.getIterationResults().stream())
                        .mapToDouble(iteration -> secondary(iteration, label))
                        .boxed()
                        .toList())
                .map(iterations -> Spread.of(iterations).median())
                .toList();
    }

    private static double secondary(IterationResult iteration, String label) {
        for (String name : iteration.getSecondaryResults().keySet()) {
            if (name.endsWith(label)) {
                return Objects.requireNonNull(iteration.getSecondaryResults().get(name))
                        .getScore();
            }
        }
        return Double.NaN;
    }

    private static RunResult fork(Contender contender, Effort effort) throws RunnerException {
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include(contender.pattern())
                .threads(contender.threads())
                .forks(effort.forked() ? 1 : 0)
                .jvmArgsAppend("-Xms1g", "-Xmx1g", RedisAddress.option(), MemcachedAddress.option())
                .warmupIterations(effort.iterations().warmup())
                .warmupTime(effort.iterations().time())
                .measurementIterations(effort.iterations().measured())
                .measurementTime(effort.iterations().time())
                .addProfiler(GCProfiler.class)
                .addProfiler(ProcessorTime.class)
                .shouldFailOnError(true);
        contender.parameters().forEach(options::param);
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        PrintStream logStream = new PrintStream(log, true, StandardCharsets.UTF_8);
        try {
            return new Runner(options.build(), OutputFormatFactory.createFormatInstance(logStream, VerboseMode.NORMAL))
                    .runSingle();
        } catch (RunnerException e) {
            throw new RunnerException(contender + " failed:\n" + log.toString(StandardCharsets.UTF_8), e);
        }
    }
}
