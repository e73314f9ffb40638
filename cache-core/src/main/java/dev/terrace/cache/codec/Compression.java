package dev.terrace.cache.codec;

/**
 * What a codec has compressed so far, with values that it left as they are; all caches that share the codec together.
 *
 * @param plainBytes before
 * @param packedBytes after
 */
public record Compression(long plainBytes, long packedBytes) {

    /** Nothing yet. */
    public static final Compression NONE = new Compression(0, 0);

    /** How many times smaller values have become; 1 before the first. */
    public double ratio() {
        return packedBytes == 0 ? 1 : (double) plainBytes / packedBytes;
    }
}
