package dev.terrace.cache.metrics;

import dev.terrace.cache.CacheTracer;
import dev.terrace.cache.FarOperation;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Observations of what callers of a cache cause, for tracing:
 *
 * <table>
 * <caption>Observations</caption>
 * <tr><th>name</th><th>what</th><th>low-cardinality keys</th></tr>
 * <tr><td>{@code cache.load}</td><td>a call of the loader that callers wait for</td><td>{@code cache}</td></tr>
 * <tr><td>{@code cache.refresh}</td><td>one that replaces a value that was served meanwhile</td><td>{@code cache}</td></tr>
 * <tr><td>{@code cache.far}</td><td>a call of the far tier, from its start to its answer</td>
 *     <td>{@code cache}, {@code operation}</td></tr>
 * </table>
 *
 * <p>The parent of each is the observation that was current for the caller who caused it, on whatever thread it runs. What a
 * loader observes is a child of the load.
 *
 * <p>Given to {@link dev.terrace.cache.CacheBuilder#tracer}, or to all caches of a registry by
 * {@link dev.terrace.cache.CachesBuilder#defaults}. Thread-safe.
 */
public final class MicrometerCacheTracer implements CacheTracer {

    private static final Origin NOWHERE = Runnable::run;

    private final ObservationRegistry registry;

    /** Observations in this registry; none, and at no cost worth naming, where that observes nothing. */
    public MicrometerCacheTracer(ObservationRegistry registry) {
        this.registry = Objects.requireNonNull(registry, "registry");
    }

    @Override
    public Origin origin() {
        Observation current = registry.getCurrentObservation();
        return current == null || registry.isNoop()
                ? NOWHERE
                : task -> {
                    try (Observation.Scope scope = current.openScope()) {
                        Objects.requireNonNull(scope);
                        task.run();
                    }
                };
    }

    @Override
    public Span load(String cache, boolean background) {
        return registry.isNoop() ? Span.NONE : begun(observation(background ? "cache.refresh" : "cache.load", cache));
    }

    @Override
    public Span farCall(String cache, FarOperation operation) {
        return registry.isNoop()
                ? Span.NONE
                : begun(observation("cache.far", cache)
                        .lowCardinalityKeyValue("operation", operation.name().toLowerCase(Locale.ROOT)));
    }

    private Observation observation(String name, String cache) {
        return Observation.createNotStarted(name, registry).lowCardinalityKeyValue("cache", cache);
    }

    private static Span begun(Observation observation) {
        return new Observed(observation.start());
    }

    private record Observed(Observation observation) implements Span {

        @Override
        public Scope enter() {
            return observation.openScope()::close;
        }

        @Override
        public void end(@Nullable Throwable failure) {
            if (failure != null) {
                observation.error(failure);
            }
            observation.stop();
        }
    }
}
