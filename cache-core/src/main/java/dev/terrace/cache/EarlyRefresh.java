package dev.terrace.cache;

/**
 * When a read of a fresh entry starts its revalidation in the background, so that no caller ever waits for it. One caller per
 * process starts it, and with a far tier one node, by the lease.
 */
public sealed interface EarlyRefresh {

    /** Not before the end of freshness. The default. */
    static EarlyRefresh none() {
        return new None();
    }

    /**
     * Once this share of the freshness has passed; of the cache's freshness where an entry's own is longer.
     *
     * @param share between 0 and 1, exclusive
     */
    static EarlyRefresh threshold(double share) {
        return new Threshold(share);
    }

    /**
     * With a chance that grows towards the end and with the cost of a load: XFetch, from <i>Optimal Probabilistic Cache
     * Stampede Prevention</i> (Vattani, Chierichetti, Lowenstein; PVLDB 8(8), 2015), with β = 1.
     */
    static EarlyRefresh xfetch() {
        return xfetch(1);
    }

    /**
     * XFetch with another β; above 1 refreshes earlier.
     *
     * @param beta positive
     */
    static EarlyRefresh xfetch(double beta) {
        return new XFetch(beta);
    }

    /** See {@link EarlyRefresh#none}. */
    record None() implements EarlyRefresh {}

    /** See {@link EarlyRefresh#threshold}. */
    record Threshold(double share) implements EarlyRefresh {
        /** Checks the range. */
        public Threshold {
            if (!(share > 0 && share < 1)) {
                throw new IllegalArgumentException("earlyRefresh: the threshold must be between 0 and 1, not " + share);
            }
        }
    }

    /** See {@link EarlyRefresh#xfetch(double)}. */
    record XFetch(double beta) implements EarlyRefresh {
        /** Checks the range. */
        public XFetch {
            if (!(beta > 0 && beta <= 100)) {
                throw new IllegalArgumentException("earlyRefresh: β must be between 0 and 100, not " + beta);
            }
        }
    }
}
