package dev.terrace.cache.benchmarks;

import dev.terrace.cache.testkit.MemcachedServer;
import dev.terrace.cache.testkit.RedisServer;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs sets of benchmarks, prints their figures beside the bars of the requirements, and writes them as JSON. */
public final class Bench {

    private static final int WRONG_USAGE = 2;

    private Bench() {}

    /** Runs the sets named, or all; {@code --quick} for short and rough ones. */
    public static void main(String[] args) throws Exception {
        List<BenchSet> sets = new ArrayList<>();
        Effort effort = Effort.FULL;
        for (String arg : args) {
            if (arg.equals("--quick")) {
                effort = Effort.QUICK;
            } else if (arg.equals("--help")) {
                System.out.println(usage());
                return;
            } else {
                BenchSet set = BenchSets.named(arg).orElse(null);
                if (set == null) {
                    System.err.println("bench: there is no set or option \"" + arg + "\"\n\n" + usage());
                    System.exit(WRONG_USAGE);
                    return;
                }
                sets.add(set);
            }
        }
        run(sets.isEmpty() ? BenchSets.ALL : sets, effort, System.out);
    }

    private static void run(List<BenchSet> sets, Effort effort, PrintStream out) throws Exception {
        try (RedisServer redis = RedisServer.start();
                MemcachedServer memcached = MemcachedServer.start()) {
            RedisAddress.set(redis.uri());
            MemcachedAddress.set(memcached.port());
            Machine machine = Machine.here();
            out.println(machine.describe());
            List<Report> reports = new ArrayList<>();
            for (BenchSet set : sets) {
                Report report = set.run(effort, out);
                Path file = report.write(Path.of("target", "bench"), machine, effort);
                reports.add(report);
                out.println();
                out.println(report.table());
                out.println("written to " + file);
                out.println();
            }
            if (reports.size() > 1) {
                out.println("All figures\n");
                reports.forEach(report -> out.println(report.table() + "\n"));
            }
        }
    }

    private static String usage() {
        StringBuilder text = new StringBuilder("usage: bench [SET...] [--quick]\n\nsets (default: all):\n");
        BenchSets.ALL.forEach(set -> text.append("  %-12s %s%n".formatted(set.name(), set.measures())));
        return text.append("\n--quick  one short round of each, for a rough picture")
                .toString();
    }
}
