package dev.terrace.cache;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** Asks the loader for the values of flights, within the load deadline, and hands them on to be stored. */
final class Loads<K, V> {

    private final Engine<K, V> engine;
    private final FlightSteps<K, V> steps;
    private final Fills<K, V> fills;
    private final Duration deadline;

    Loads(Engine<K, V> engine, FlightSteps<K, V> steps) {
        this.engine = engine;
        this.steps = steps;
        this.fills = new Fills<>(engine, steps);
        this.deadline = engine.settings().loading().deadlines().hard();
    }

    /** Loads flights: together where their source can, else each by itself. Does not block. */
    void start(List<Flight<K, V>> flights) {
        LoadSource<K, V> source = flights.get(0).source;
        if (source != null && source.many() != null && (flights.size() > 1 || source.one() == null)) {
            BulkLoader<K, V> many = source.many();
            run(flights, () -> loadTogether(flights, many));
            return;
        }
        for (Flight<K, V> flight : flights) {
            run(List.of(flight), () -> loadOne(flight));
        }
    }

    private void run(List<Flight<K, V>> flights, Loading<K, V> loading) {
        AtomicBoolean ended = new AtomicBoolean();
        for (Flight<K, V> flight : flights) {
            flight.loadStartedAt = engine.now();
            flight.loadSeq = engine.rules().markers().knownSeq();
        }
        Scheduler.Cancellable timer =
                engine.surroundings().scheduler().schedule(() -> timedOut(flights, ended), deadline);
        try {
            RunningLoad running = flights.get(0).runner.start(() -> load(flights, loading, ended, timer));
            flights.forEach(flight -> flight.load = running);
            if (ended.get()) {
                // Ended, perhaps by the deadline, before it could be told whom to stop: nothing runs, or it is stopped
                // now.
                flights.forEach(flight -> flight.load = null);
            }
        } catch (LoadRejectedException noRoom) {
            if (ended.compareAndSet(false, true)) {
                timer.cancel();
                failed(flights, noRoom, Duration.ZERO);
            }
        }
    }

    private void load(
            List<Flight<K, V>> flights, Loading<K, V> loading, AtomicBoolean ended, Scheduler.Cancellable timer) {
        if (ended.get()) {
            return;
        }
        engine.counters().loadsRunning.incrementAndGet();
        flights.forEach(flight -> LoadScope.enter(engine, flight.key));
        Map<Flight<K, V>, Loaded<V>> loaded = Map.of();
        Throwable failure = null;
        try {
            loaded = loading.load();
        } catch (Throwable t) {
            failure = t;
        } finally {
            flights.forEach(flight -> LoadScope.exit(engine, flight.key));
            engine.counters().loadsRunning.decrementAndGet();
        }
        if (!ended.compareAndSet(false, true)) {
            return;
        }
        timer.cancel();
        Duration took = Duration.ofNanos(engine.now() - flights.get(0).loadStartedAt);
        if (failure == null) {
            engine.counters().loadSuccesses.increment();
            engine.counters().loadNanos.add(took.toNanos());
            engine.reports().listener().onLoad(engine.settings().name(), took, null);
            flights.forEach(flight -> engine.rules().pauses().succeeded(flight.key));
            store(loaded, flights);
        } else {
            failed(flights, unchecked(failure), took);
        }
    }

    private void store(Map<Flight<K, V>, Loaded<V>> loaded, List<Flight<K, V>> flights) {
        try {
            fills.store(loaded);
        } catch (Throwable defect) {
            flights.forEach(flight -> steps.fail(flight, defect));
        }
    }

    private void timedOut(List<Flight<K, V>> flights, AtomicBoolean ended) {
        if (ended.compareAndSet(false, true)) {
            flights.get(0).cancelLoad();
            failed(
                    flights,
                    new LoadTimeoutException("cache \"" + engine.settings().name()
                            + "\": a load did not end within loadDeadline " + deadline),
                    deadline);
        }
    }

    private void failed(List<Flight<K, V>> flights, Throwable failure, Duration took) {
        engine.counters().loadFailures.increment();
        engine.counters().loadNanos.add(took.toNanos());
        engine.reports().listener().onLoad(engine.settings().name(), took, failure);
        for (Flight<K, V> flight : flights) {
            steps.release(flight);
            steps.fail(flight, failure);
        }
    }

    private Throwable unchecked(Throwable failure) {
        if (failure instanceof RuntimeException || failure instanceof Error) {
            return failure;
        }
        return new LoadFailedException("cache \"" + engine.settings().name() + "\": the loader failed", failure);
    }

    private Map<Flight<K, V>, Loaded<V>> loadOne(Flight<K, V> flight) throws Exception {
        LoadSource<K, V> source = flight.source;
        if (source == null || source.one() == null) {
            throw new IllegalStateException("a flight without a loader was to be loaded");
        }
        LoadOptions<V> options = new LoadOptions<>(flight.previous);
        try {
            V value = source.one().load(flight.key, options);
            return Collections.singletonMap(flight, new Loaded<>(value, options));
        } finally {
            options.end();
        }
    }

    private Map<Flight<K, V>, Loaded<V>> loadTogether(List<Flight<K, V>> flights, BulkLoader<K, V> many)
            throws Exception {
        Map<K, Flight<K, V>> byKey = new LinkedHashMap<>();
        flights.forEach(flight -> byKey.put(flight.key, flight));
        Map<K, V> values = many.loadAll(Collections.unmodifiableSet(byKey.keySet()));
        if (values == null) {
            throw new IllegalStateException("the bulk loader returned null instead of a map");
        }
        Map<Flight<K, V>, Loaded<V>> loaded = new LinkedHashMap<>();
        List<Flight<K, V>> all = new ArrayList<>(byKey.values());
        for (Flight<K, V> flight : all) {
            loaded.put(flight, new Loaded<>(values.get(flight.key), new LoadOptions<>(flight.previous)));
        }
        return loaded;
    }

    /** A call of the user's loader. */
    @FunctionalInterface
    private interface Loading<K, V> {
        Map<Flight<K, V>, Loaded<V>> load() throws Exception;
    }

    /** What a loader gave for one key, and said of it. */
    record Loaded<V>(@Nullable V value, LoadOptions<V> options) {}
}
