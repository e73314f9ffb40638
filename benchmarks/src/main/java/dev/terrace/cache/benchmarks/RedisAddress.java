package dev.terrace.cache.benchmarks;

/** Where the Redis of this run is; handed to forks as a system property. */
final class RedisAddress {

    private static final String PROPERTY = "terrace.bench.redis";

    private RedisAddress() {}

    static void set(String uri) {
        System.setProperty(PROPERTY, uri);
    }

    static String get() {
        String uri = System.getProperty(PROPERTY);
        if (uri == null) {
            throw new IllegalStateException("Start benchmarks with " + Bench.class.getName() + ": it starts a Redis");
        }
        return uri;
    }

    /** The option that tells a fork. */
    static String option() {
        return "-D" + PROPERTY + "=" + get();
    }
}
