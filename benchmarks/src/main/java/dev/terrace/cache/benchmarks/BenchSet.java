package dev.terrace.cache.benchmarks;

import java.io.PrintStream;

/** A set of contenders that are compared with each other in one run. */
interface BenchSet {

    String name();

    /** What its figures are, in a line. */
    String measures();

    /** Runs it, telling of its progress. */
    Report run(Effort effort, PrintStream progress) throws Exception;
}
