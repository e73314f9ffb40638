package dev.terrace.cache.redis.lock;

/**
 * What of a lock is asked for.
 *
 * @param mode {@code x} for all of it, {@code s} for some units beside others
 * @param units how many
 * @param capacity how many there are
 */
record Share(String mode, int units, int capacity) {

    static final Share ALONE = new Share("x", 1, 1);
    static final Share READING = new Share("s", 1, Integer.MAX_VALUE);

    static Share of(int units, int capacity) {
        return new Share("s", units, capacity);
    }
}
