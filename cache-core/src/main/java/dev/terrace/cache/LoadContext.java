package dev.terrace.cache;

import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.NonNull;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link ContextualLoader} knows of the previous entry and says of the new one. Valid during the load, for the
 * loading thread.
 */
public interface LoadContext<V extends @Nullable Object> {

    /** The value that is being replaced, if one is still within its life. */
    Optional<@NonNull V> previous();

    /** The state that the loader of the previous value set. */
    Optional<String> previousState();

    /** Keeps the loader's own state beside the value, such as an ETag; at most 1,000 characters. */
    void state(String state);

    /** Sets how long this value is fresh. */
    void freshFor(Duration fresh);

    /** Sets how long this value may be served stale after that. */
    void staleFor(Duration stale);

    /** Sets this value's tags. */
    void tags(String... tags);

    /**
     * Sets the source's own version of this value (a row version, a commit time): a fill with an older one than what is
     * stored is refused.
     */
    void sourceVersion(long version);

    /**
     * Says that the previous value still holds; return the result from the loader.
     *
     * @throws IllegalStateException if there is no previous value
     */
    @NonNull
    V notModified();
}
