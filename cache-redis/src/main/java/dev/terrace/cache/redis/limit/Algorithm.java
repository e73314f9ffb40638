package dev.terrace.cache.redis.limit;

/** How a limiter counts. */
public enum Algorithm {
    /**
     * A bucket that fills at the rate of the limit and holds the burst; in no window is more granted than the rate times its
     * length plus the burst, and grants are spread evenly. One short string for each key.
     */
    GCRA("gcra.lua"),
    /** Notes every grant: in no window of the period is more granted than the limit, exactly. Memory grows with the limit. */
    SLIDING_LOG("sliding-log.lua"),
    /**
     * Counts by twentieths of the period, and each as long as any of it may be in the window: never more than the limit, and up
     * to 5 % less. One string of some hundred bytes for each key, however large the limit is.
     */
    SLIDING_COUNTER("sliding-counter.lua"),
    /** One counter for each period of the clock: up to twice the limit where two of them meet. The cheapest. */
    FIXED_WINDOW("fixed-window.lua");

    private final String script;

    Algorithm(String script) {
        this.script = script;
    }

    String script() {
        return script;
    }
}
