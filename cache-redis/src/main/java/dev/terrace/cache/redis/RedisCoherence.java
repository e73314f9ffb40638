package dev.terrace.cache.redis;

/** How a node learns what others change in Redis. */
public enum RedisCoherence {

    /**
     * By key tracking ({@code CLIENT TRACKING} in broadcasting mode, over RESP3) on a connection of its own: Redis tells every
     * node of every change within about a millisecond, whoever made it, expiry, eviction and {@code FLUSHALL} among them. Near
     * copies are trusted while that connection is known to work. Where the server refuses, as {@link #COMPARISON}.
     */
    TRACKING,

    /** By comparing near copies with Redis once {@code maxStaleness} has passed since the last look. Nothing is told. */
    COMPARISON
}
