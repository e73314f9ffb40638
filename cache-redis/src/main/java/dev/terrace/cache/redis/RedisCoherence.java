package dev.terrace.cache.redis;

/**
 * How a node learns what others change in Redis. Nodes of one fleet may differ: whatever a node changes through this library,
 * all others are told in their own way. {@code docs/coherence.md} has the guarantees, their proofs, and what each costs.
 */
public enum RedisCoherence {

    /**
     * By key tracking ({@code CLIENT TRACKING} in broadcasting mode, over RESP3) on a connection of its own: Redis tells every
     * node of every change within about a millisecond, whoever made it, expiry, eviction and {@code FLUSHALL} among them, and of
     * fills. Near copies are trusted while that connection is known to work. Where the server refuses, as {@link #NOTICES}.
     */
    TRACKING("by key tracking"),

    /**
     * By notices that the scripts of this library publish with each put, invalidation, {@code expire}, tag and clear, heard on a
     * connection of its own over RESP3 or RESP2: as soon as by tracking, with the same bound, and without a message for a fill
     * (but where another node waits for it). What others than this library change, eviction, the early end of a life and
     * {@code FLUSHALL} are not told: copies of what was so changed are served to the end of their lives. Where the server refuses
     * {@code SUBSCRIBE}, as {@link #COMPARISON}.
     */
    NOTICES("by notices of what caches change; not of changes by others, eviction and FLUSHALL, which copies outlive"),

    /** By comparing near copies with Redis once {@code maxStaleness} has passed since the last look. Nothing is told. */
    COMPARISON("not at all");

    private final String telling;

    RedisCoherence(String telling) {
        this.telling = telling;
    }

    /** How changes are told, and its limits, for messages. */
    String telling() {
        return telling;
    }
}
