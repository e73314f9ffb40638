package dev.terrace.cache.redis;

import java.util.Arrays;

/** Reads by how old what they returned was. */
final class StalenessHistogram {

    private static final long[] MILLIS = {0, 1, 2, 5, 10, 50, 100, 200, 500, 1_000, 2_000, 5_000, 60_000};
    private final long[] counts = new long[MILLIS.length];
    private long worst;

    void count(long nanos) {
        int bucket = 0;
        while (bucket < MILLIS.length - 1 && nanos > MILLIS[bucket] * 1_000_000) {
            bucket++;
        }
        counts[bucket]++;
        worst = Math.max(worst, nanos);
    }

    void add(StalenessHistogram other) {
        for (int i = 0; i < counts.length; i++) {
            counts[i] += other.counts[i];
        }
        worst = Math.max(worst, other.worst);
    }

    long reads() {
        return Arrays.stream(counts).sum();
    }

    long worst() {
        return worst;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < counts.length; i++) {
            if (counts[i] > 0) {
                text.append(text.isEmpty() ? "" : ", ")
                        .append(i == 0 ? "current" : "≤ " + MILLIS[i] + " ms")
                        .append(' ')
                        .append(counts[i]);
            }
        }
        return text.toString();
    }
}
