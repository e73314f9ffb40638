package dev.terrace.cache;

/**
 * An answer of the far tier, and when it was asked for: trust in what it says runs from then on, however late it arrived.
 *
 * @param askedAt the ticker's nanoseconds
 */
record Asked<T>(T answer, long askedAt) {}
