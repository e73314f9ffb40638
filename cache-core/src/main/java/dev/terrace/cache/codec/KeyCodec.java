package dev.terrace.cache.codec;

/**
 * Turns keys into text for a far tier. Two keys are equal iff their texts are. Any text is allowed: the cache escapes what
 * a server would not take, and hashes what is too long. Thread-safe.
 *
 * @param <K> the type of key
 */
@FunctionalInterface
public interface KeyCodec<K> {

    /** The text of a key; never with a secret in it, since servers and their tools show keys. */
    String encode(K key);

    /**
     * A codec for keys of one class, which a cache uses unless it is given another: {@code Byte}, {@code Short},
     * {@code Integer}, {@code Long}, {@code BigInteger}, {@code String}, {@code UUID}, {@code Boolean}, {@code Character},
     * enums (by name), and records whose components are declared as any of these, as their primitive types or as such
     * records.
     *
     * <p>A single value is its own text: {@code 42}. A record's components are separated by commas, a record in a record is
     * in parentheses, {@code \N} is null and {@code \} escapes: {@code ProductKey[shop="a,b", id=42]} is {@code a\,b,42}. The
     * names of classes and components are not part of it, so they may change; the order of components may not. A record that
     * defines {@code equals} by itself needs a codec of its own.
     *
     * <p>The codec remembers the class of the first key and takes keys of that class alone, since the number 1 and the string
     * "1" have one text. So each cache needs one of its own.
     *
     * @return a codec that throws {@link IllegalArgumentException} for a key of another class than the first, and for a class
     *     that has no standard text; the message names the class, never the key
     */
    static KeyCodec<Object> standard() {
        return new StandardKeys();
    }
}
