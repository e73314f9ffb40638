package dev.terrace.cache;

/**
 * What a blocking write does when the far tier does not acknowledge it. In both cases the key is not served from the far tier
 * by this node until a queued invalidation has reached it.
 */
public enum WhenFarFails {
    /** Returns; the failure is counted, reported and repaired in the background. */
    DEGRADE,
    /** Throws {@link FarWriteException}; repaired in the background all the same. */
    THROW
}
