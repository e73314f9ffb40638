package dev.terrace.cache.benchmarks;

/** Where the Memcached of this run is; handed to forks as a system property. */
final class MemcachedAddress {

    private static final String PROPERTY = "terrace.bench.memcached";

    private MemcachedAddress() {}

    static void set(int port) {
        System.setProperty(PROPERTY, Integer.toString(port));
    }

    static int port() {
        String port = System.getProperty(PROPERTY);
        if (port == null) {
            throw new IllegalStateException(
                    "Start benchmarks with " + Bench.class.getName() + ": it starts a Memcached");
        }
        return Integer.parseInt(port);
    }

    /** The option that tells a fork. */
    static String option() {
        return "-D" + PROPERTY + "=" + port();
    }
}
