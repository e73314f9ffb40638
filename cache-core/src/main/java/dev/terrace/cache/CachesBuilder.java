package dev.terrace.cache;

import dev.terrace.cache.spi.FarTier;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Configures a {@link Caches} registry. Not thread-safe. */
public final class CachesBuilder {

    private @Nullable FarTier far;
    private boolean closeFar;
    private final List<CacheListener> listeners = new ArrayList<>();
    private Consumer<? super CacheBuilder<?, ?>> defaults = builder -> {};

    CachesBuilder() {}

    /** The far tier that caches with a codec share; it stays open when the registry is closed. */
    public CachesBuilder far(FarTier shared) {
        far = Objects.requireNonNull(shared, "far");
        return this;
    }

    /** As {@link #far}; closed with the registry. */
    public CachesBuilder ownedFar(FarTier shared) {
        closeFar = true;
        return far(shared);
    }

    /** Is told what all caches do, beside the listeners of their own; each that was given here is. */
    public CachesBuilder listener(CacheListener shared) {
        listeners.add(Objects.requireNonNull(shared, "listener"));
        return this;
    }

    /** Applied to each cache's builder before the application sees it, such as {@code b -> b.freshFor(…)}. */
    public CachesBuilder defaults(Consumer<? super CacheBuilder<?, ?>> settings) {
        defaults = Objects.requireNonNull(settings, "defaults");
        return this;
    }

    /** Builds the registry. */
    public Caches build() {
        return new CacheRegistry(far, closeFar, listeners, defaults);
    }
}
