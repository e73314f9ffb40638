package dev.terrace.cache.spi;

import java.util.List;

/**
 * What one server counts of itself since it started, and has now.
 *
 * @param node its name, without credentials, such as {@code localhost:6379}
 * @param lookups what it was asked for
 * @param keys what it holds
 * @param memory what that takes
 * @param connections connections of clients now
 * @param commands commands processed
 */
public record ServerStatistics(
        String node, Lookups lookups, Keys keys, Memory memory, long connections, long commands) {

    /**
     * What a server was asked for.
     *
     * @param hits lookups answered with a value
     * @param misses lookups that found nothing
     */
    public record Lookups(long hits, long misses) {}

    /**
     * What a server holds.
     *
     * @param count keys now
     * @param evicted keys given up for want of room
     * @param expired keys that reached the end of their life
     */
    public record Keys(long count, long evicted, long expired) {}

    /**
     * Memory in bytes.
     *
     * @param used now
     * @param maximum what may be used; 0 where there is no limit
     */
    public record Memory(long used, long maximum) {}

    /** Servers that can be asked. Its text names them, without credentials. */
    @FunctionalInterface
    public interface Source {

        /**
         * Asks every server. Blocks for a few seconds at most; called by one thread.
         *
         * @return those that answered
         * @throws Exception if none did
         */
        List<ServerStatistics> read() throws Exception;
    }
}
