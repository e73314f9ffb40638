package dev.terrace.cache.metrics;

import java.util.List;

/**
 * Whether caches do what they are there for, for a readiness probe.
 *
 * @param status the worst of all caches
 * @param reasons why it is not {@link Status#UP}, one sentence each, without keys, values or secrets
 */
public record Health(Status status, List<String> reasons) {

    /** How well. */
    public enum Status {
        /** As configured. */
        UP,
        /** Reads are answered, but something is out of order. */
        DEGRADED,
        /** What is not near can be answered by nobody. */
        DOWN
    }

    /** A health with these reasons. */
    public Health {
        reasons = List.copyOf(reasons);
    }

    /** Whether reads are answered. */
    public boolean isReady() {
        return status != Status.DOWN;
    }
}
