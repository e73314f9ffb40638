package dev.terrace.cache.metrics;

import dev.terrace.cache.CacheTracer;
import dev.terrace.cache.FarOperation;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import java.util.List;
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
 * <tr><td>{@code cache.flush}</td><td>a write-behind batch, written to the store and settled with the cache</td>
 *     <td>{@code cache}</td></tr>
 * </table>
 *
 * <p>The parent of each is the observation that was current for the caller who caused it, on whatever thread it runs. What a
 * loader observes is a child of the load, and what a store observes a child of the flush. A flush writes what several have put:
 * its parent is that of the put that waited longest, and {@link Flush#callers} has all of them.
 *
 * <p>Given to {@link dev.terrace.cache.CacheBuilder#tracer}, or to all caches of a registry by
 * {@link dev.terrace.cache.CachesBuilder#defaults}; and to the builder of a write-behind queue. Thread-safe.
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
        return current == null || registry.isNoop() ? NOWHERE : new Place(current, registry);
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

    @Override
    public Span flush(String cache, List<Origin> callers) {
        if (registry.isNoop()) {
            return Span.NONE;
        }
        Flush context = new Flush(callers.stream()
                .filter(Place.class::isInstance)
                .map(origin -> ((Place) origin).observation())
                .distinct()
                .toList());
        Observation flush = Observation.createNotStarted("cache.flush", () -> context, registry)
                .lowCardinalityKeyValue("cache", cache);
        if (!context.callers().isEmpty()) {
            flush.parentObservation(context.callers().get(0));
        }
        return begun(flush);
    }

    private Observation observation(String name, String cache) {
        return Observation.createNotStarted(name, registry).lowCardinalityKeyValue("cache", cache);
    }

    private Span begun(Observation observation) {
        return new Observed(observation.start(), registry);
    }

    /** Leaves the thread as it was found also where a handler throws, for which Micrometer does not care. */
    private static Scope opened(Observation observation, ObservationRegistry registry) {
        Observation.@Nullable Scope before = registry.getCurrentObservationScope();
        try {
            Observation.Scope scope = observation.openScope();
            return () -> {
                try {
                    scope.close();
                } finally {
                    registry.setCurrentObservationScope(before);
                }
            };
        } catch (RuntimeException | Error e) {
            registry.setCurrentObservationScope(before);
            throw e;
        }
    }

    /** Where an observation was current. */
    private record Place(Observation observation, ObservationRegistry registry) implements Origin {

        @Override
        public void run(Runnable task) {
            try (Scope scope = opened(observation, registry)) {
                Objects.requireNonNull(scope);
                task.run();
            }
        }
    }

    /** The context of {@code cache.flush}. */
    public static final class Flush extends Observation.Context {

        private final List<Observation> callers;

        private Flush(List<Observation> callers) {
            this.callers = callers;
        }

        /**
         * The observations that were current for those whose puts and removes are written, the parent among them: for a handler
         * whose traces have links.
         */
        public List<Observation> callers() {
            return callers;
        }
    }

    private record Observed(Observation observation, ObservationRegistry registry) implements Span {

        @Override
        public Scope enter() {
            return opened(observation, registry);
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
