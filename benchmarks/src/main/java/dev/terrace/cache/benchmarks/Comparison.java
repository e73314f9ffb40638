package dev.terrace.cache.benchmarks;

import org.jspecify.annotations.Nullable;

/**
 * Ours against a raw client.
 *
 * @param what in which situation
 * @param bar the multiple of the raw client's time that ours may take
 * @param allocationBar the bytes that one operation of ours may allocate
 * @param detail whether a quick run leaves it out
 */
record Comparison(
        String what,
        Contender ours,
        Contender raw,
        @Nullable Double bar,
        @Nullable Double allocationBar,
        boolean detail) {

    static Comparison of(String what, Contender ours, Contender raw) {
        return new Comparison(what, ours, raw, null, null, false);
    }

    Comparison atMost(double multiple) {
        return new Comparison(what, ours, raw, multiple, allocationBar, detail);
    }

    Comparison allocatingAtMost(double bytes) {
        return new Comparison(what, ours, raw, bar, bytes, detail);
    }

    Comparison asDetail() {
        return new Comparison(what, ours, raw, bar, allocationBar, true);
    }
}
