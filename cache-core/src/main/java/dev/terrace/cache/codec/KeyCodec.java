package dev.terrace.cache.codec;

/**
 * Turns keys into text for a far tier. Two keys are equal iff their texts are. Any text is allowed: the cache escapes what
 * a server would not take, and hashes what is too long. Thread-safe.
 *
 * @param <K> the type of key
 */
@FunctionalInterface
public interface KeyCodec<K> {

    /** The text of a key; never empty, never with a secret in it, since servers and their tools show keys. */
    String encode(K key);
}
