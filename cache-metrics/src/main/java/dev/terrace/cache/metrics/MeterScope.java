package dev.terrace.cache.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;

/**
 * Meters that come and go together, each with the scope's tags. Holds what they read, since a registry does so weakly.
 * Thread-safe.
 */
final class MeterScope {

    private final MeterRegistry registry;
    private final Tags tags;
    /** With what each reads. By their names, since a registry that throws may be given the same one again and again. */
    private final ConcurrentHashMap<Meter.Id, Object> registered = new ConcurrentHashMap<>();

    private volatile boolean removed;

    MeterScope(MeterRegistry registry, Tags tags) {
        this.registry = registry;
        this.tags = tags;
    }

    MeterRegistry registry() {
        return registry;
    }

    /** As the registry is asked for it and told to remove it. */
    Meter.Id id(CacheMeter meter, Tags more) {
        return new Meter.Id(meter.id(), tags.and(more), null, null, meter.type());
    }

    void gauge(CacheMeter meter, Tags more, DoubleSupplier value) {
        registered(
                id(meter, more),
                value,
                () -> Gauge.builder(meter.id(), value, DoubleSupplier::getAsDouble)
                        .tags(tags.and(more))
                        .description(meter.description())
                        .baseUnit(meter.unit())
                        .register(registry));
    }

    void counter(CacheMeter meter, Tags more, DoubleSupplier count) {
        registered(
                id(meter, more),
                count,
                () -> FunctionCounter.builder(meter.id(), count, DoubleSupplier::getAsDouble)
                        .tags(tags.and(more))
                        .description(meter.description())
                        .baseUnit(meter.unit())
                        .register(registry));
    }

    Counter counter(CacheMeter meter, Tags more) {
        return registered(
                id(meter, more),
                this,
                () -> Counter.builder(meter.id())
                        .tags(tags.and(more))
                        .description(meter.description())
                        .register(registry));
    }

    Timer timer(CacheMeter meter, Tags more, Duration... buckets) {
        return registered(
                id(meter, more),
                this,
                () -> Timer.builder(meter.id())
                        .tags(tags.and(more))
                        .description(meter.description())
                        .serviceLevelObjectives(buckets)
                        .register(registry));
    }

    /** Meters that something else registers; it is kept for as long as they are there. */
    void bind(MeterBinder binder, Collection<Meter.Id> ids) {
        ids.forEach(id -> registered.put(id, binder));
        binder.bindTo(registry);
        if (removed) {
            remove(ids);
        }
    }

    private <M> M registered(Meter.Id id, Object source, Supplier<M> registration) {
        registered.put(id, source);
        M meter = registration.get();
        // Another thread may have removed the scope meanwhile, and found nothing to remove.
        if (removed) {
            remove(List.of(id));
        }
        return meter;
    }

    /** Removes all of them, whatever the registry throws at some. */
    void remove() {
        removed = true;
        remove(registered.keySet());
    }

    private void remove(Collection<Meter.Id> ids) {
        Throwable thrown = null;
        for (Meter.Id id : ids) {
            try {
                registry.removeByPreFilterId(id);
            } catch (RuntimeException | Error e) {
                thrown = e;
            }
            registered.remove(id);
        }
        if (thrown != null) {
            throw new IllegalStateException("not all meters could be removed", thrown);
        }
    }
}
