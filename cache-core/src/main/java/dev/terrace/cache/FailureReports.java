package dev.terrace.cache;

/** The one place to which failures go that no caller is told of: counted, reported to the listener, logged at a limited rate. */
@FunctionalInterface
interface FailureReports {

    void report(FailureKind kind, Throwable failure);
}
