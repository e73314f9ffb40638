package dev.terrace.cache.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.DoubleSupplier;

/**
 * Meters that come and go together, each with the scope's tags. Holds what they read, since a registry does so weakly.
 * Thread-safe.
 */
final class MeterScope {

    private final MeterRegistry registry;
    private final Tags tags;
    private final Queue<Registered> registered = new ConcurrentLinkedQueue<>();
    private volatile boolean removed;

    /** @param source kept for as long as its meter is there; null where the meter keeps its own numbers */
    private record Registered(Meter.Id id, Object source) {}

    MeterScope(MeterRegistry registry, Tags tags) {
        this.registry = registry;
        this.tags = tags;
    }

    MeterRegistry registry() {
        return registry;
    }

    Tags tags() {
        return tags;
    }

    void gauge(CacheMeter meter, Tags more, DoubleSupplier value) {
        noted(meter, more, value);
        stays(Gauge.builder(meter.id(), value, DoubleSupplier::getAsDouble)
                .tags(tags.and(more))
                .description(meter.description())
                .baseUnit(meter.unit())
                .register(registry));
    }

    void counter(CacheMeter meter, Tags more, DoubleSupplier count) {
        noted(meter, more, count);
        stays(FunctionCounter.builder(meter.id(), count, DoubleSupplier::getAsDouble)
                .tags(tags.and(more))
                .description(meter.description())
                .baseUnit(meter.unit())
                .register(registry));
    }

    Counter counter(CacheMeter meter, Tags more) {
        noted(meter, more, this);
        return stays(Counter.builder(meter.id())
                .tags(tags.and(more))
                .description(meter.description())
                .register(registry));
    }

    Timer timer(CacheMeter meter, Tags more, Duration... buckets) {
        noted(meter, more, this);
        return stays(Timer.builder(meter.id())
                .tags(tags.and(more))
                .description(meter.description())
                .serviceLevelObjectives(buckets)
                .register(registry));
    }

    /** Unless the scope was removed meanwhile, by another thread. */
    private <M extends Meter> M stays(M meter) {
        if (removed) {
            remove();
        }
        return meter;
    }

    /** Removes this meter with the scope; it is registered elsewhere. */
    void noted(CacheMeter meter, Tags more, Object source) {
        registered.add(new Registered(new Meter.Id(meter.id(), tags.and(more), null, null, meter.type()), source));
    }

    void remove() {
        removed = true;
        for (Registered next = registered.poll(); next != null; next = registered.poll()) {
            registry.removeByPreFilterId(next.id());
        }
    }
}
