package dev.terrace.cache.examples.strategies;

import java.io.PrintStream;
import java.util.Locale;

/** Prints what happened, when, and to whom. */
final class Timeline {

    private final PrintStream out;
    private long start = System.nanoTime();

    Timeline(PrintStream out) {
        this.out = out;
    }

    void begin(String strategy) {
        out.println();
        out.println("== " + strategy);
        start = System.nanoTime();
    }

    void caller(String what) {
        line("caller", what);
    }

    void cache(String what) {
        line("  cache", what);
    }

    void store(String what) {
        line("    store", what);
    }

    private synchronized void line(String who, String what) {
        out.printf(Locale.ROOT, "%6.0f ms  %-10s %s%n", (System.nanoTime() - start) / 1e6, who, what);
    }
}
