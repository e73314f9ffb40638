package dev.terrace.cache;

/**
 * A look at a key in the far tier, or a write there, from before it was sent: trust in what the answer says runs from then on,
 * however late it arrived.
 *
 * @param askedAt the ticker's nanoseconds
 * @param watch on the key
 */
record Look(long askedAt, Watch watch) {}
