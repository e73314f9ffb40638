package dev.terrace.cache;

import dev.terrace.cache.codec.Codec;
import java.util.Collection;
import java.util.Optional;
import org.jspecify.annotations.NonNull;
import org.jspecify.annotations.Nullable;

/**
 * The caches of an application, by name: shared far tier, listener and defaults; the operator's switches; one close.
 * Thread-safe.
 */
public interface Caches extends AutoCloseable {

    /** Starts a registry. */
    static CachesBuilder builder() {
        return new CachesBuilder();
    }

    /**
     * Starts a cache that is registered under this name when it is built, with this registry's listener and defaults already
     * set; the builder may change them. Defaults that mean nothing for it, such as of a far tier that it has not, are ignored.
     */
    <K, V extends @Nullable Object> CacheBuilder<K, V> cache(String name);

    /** As {@link #cache}, with this registry's far tier already set. */
    <K, V extends @Nullable Object> CacheBuilder<K, V> cache(String name, Codec<@NonNull V> codec);

    /** A registered cache that is not closed: its own close takes it out, and frees its name. The types are the caller's responsibility. */
    <K, V> Optional<Cache<K, V>> find(String name);

    /** The names of all registered caches. */
    Collection<String> names();

    /**
     * The run-time switches of a cache.
     *
     * @throws IllegalArgumentException if there is none of that name
     */
    Switches switches(String name);

    /** Tells this one too what all caches do, those that are registered and those that are built later. */
    void listen(CacheListener listener);

    /** Closes every cache, then what the builder was told to close. Bounded, idempotent. */
    @Override
    void close();
}
