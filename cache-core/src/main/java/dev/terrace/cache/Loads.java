package dev.terrace.cache;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
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
            run(flights, () -> loadTogether(flights, many, source.options()));
            return;
        }
        for (Flight<K, V> flight : flights) {
            run(List.of(flight), () -> loadOne(flight));
        }
    }

    private void run(List<Flight<K, V>> flights, Loading<K, V> loading) {
        new Run(flights, loading).start();
    }

    /** One call of a loader, which ends once: by its result, its failure, its deadline, or for want of room. */
    private final class Run {

        private final List<Flight<K, V>> flights;
        private final Loading<K, V> loading;
        private final AtomicReference<State> state = new AtomicReference<>(State.WAITING);

        Run(List<Flight<K, V>> flights, Loading<K, V> loading) {
            this.flights = flights;
            this.loading = loading;
        }

        void start() {
            for (Flight<K, V> flight : flights) {
                flight.loadedWith(flights);
                flight.loadWatch = engine.watch(flight.farKey);
                flight.loadStartedAt = engine.now();
                flight.loadSeq = engine.rules().markers().knownSeq();
                flight.loadedInDoubt = engine.rules().markers().isAnyOver(List.of());
            }
            Scheduler.Cancellable timer = engine.surroundings().scheduler().schedule(this::timedOut, deadline);
            try {
                RunningLoad started =
                        flights.get(0).runner.start(engine.reports().tracing().carried(() -> load(timer)));
                RunningLoad running = () -> cancel(started, timer);
                flights.forEach(flight -> flight.load = running);
                if (state.get() == State.TIMED_OUT) {
                    // The deadline passed before it could be told whom to stop.
                    running.cancel();
                }
            } catch (Throwable notStarted) {
                if (state.compareAndSet(State.WAITING, State.ENDED)) {
                    timer.cancel();
                    failed(flights, notStarted, Duration.ZERO);
                }
            }
        }

        /** Nobody wants it any more, and has told its flights so. One that has not begun will not give its leases back itself. */
        private void cancel(RunningLoad started, Scheduler.Cancellable timer) {
            started.cancel();
            if (state.compareAndSet(State.WAITING, State.ENDED)) {
                timer.cancel();
                flights.forEach(steps::release);
            }
        }

        private void load(Scheduler.Cancellable timer) {
            if (!state.compareAndSet(State.WAITING, State.RUNNING)) {
                return;
            }
            engine.counters().loadsRunning.incrementAndGet();
            LoadScope.enter(engine, keys());
            Map<Flight<K, V>, Loaded<V>> loaded = Map.of();
            Throwable failure = null;
            CacheTracer.Span span = engine.reports().tracing().load(isBackground());
            CacheTracer.Scope scope = span.enter();
            try {
                loaded = loading.load();
            } catch (Throwable t) {
                failure = t;
            } finally {
                scope.close();
                span.end(failure);
                LoadScope.exit();
                engine.counters().loadsRunning.decrementAndGet();
            }
            if (failure instanceof InterruptedException) {
                Thread.currentThread().interrupt();
            }
            if (!state.compareAndSet(State.RUNNING, State.ENDED)) {
                return;
            }
            timer.cancel();
            ended(loaded, failure);
        }

        /** Whether every caller has a value to go on with. */
        private boolean isBackground() {
            return flights.stream()
                    .allMatch(flight -> flight.purpose == Flight.Purpose.EARLY || flight.answer.isDone());
        }

        private Set<K> keys() {
            if (flights.size() == 1) {
                return Set.of(flights.get(0).key);
            }
            Set<K> keys = new HashSet<>(flights.size() * 2);
            flights.forEach(flight -> keys.add(flight.key));
            return keys;
        }

        private void ended(Map<Flight<K, V>, Loaded<V>> loaded, @Nullable Throwable failure) {
            try {
                Duration took = Duration.ofNanos(engine.now() - flights.get(0).loadStartedAt);
                if (failure != null) {
                    failed(flights, unchecked(failure), took);
                    return;
                }
                engine.counters().loadSuccesses.increment();
                engine.counters().loadNanos.add(took.toNanos());
                engine.reports().listener().onLoad(engine.settings().name(), took, null);
                flights.forEach(flight -> engine.rules().pauses().succeeded(flight.key));
                fills.store(loaded);
            } catch (Throwable defect) {
                flights.stream()
                        .filter(flight -> !flight.outcome.isDone())
                        .forEach(flight -> steps.giveUp(flight, defect));
            }
        }

        private void timedOut() {
            if (state.compareAndSet(State.WAITING, State.TIMED_OUT)
                    || state.compareAndSet(State.RUNNING, State.TIMED_OUT)) {
                flights.get(0).cancelLoad();
                String message = "cache \"" + engine.settings().name() + "\": a load did not end within loadDeadline ";
                failed(flights, new LoadTimeoutException(message + deadline), deadline);
            }
        }
    }

    private enum State {
        WAITING,
        RUNNING,
        ENDED,
        TIMED_OUT
    }

    private void failed(List<Flight<K, V>> flights, Throwable failure, Duration took) {
        engine.counters().loadFailures.increment();
        engine.counters().loadNanos.add(took.toNanos());
        engine.reports().listener().onLoad(engine.settings().name(), took, failure);
        flights.forEach(flight -> steps.giveUp(flight, failure));
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
        LoadOptions<V> options = new LoadOptions<>(flight.previous, source.options());
        try {
            V value = source.one().load(flight.key, options);
            return Collections.singletonMap(flight, new Loaded<>(value, options));
        } finally {
            options.end();
        }
    }

    private Map<Flight<K, V>, Loaded<V>> loadTogether(
            List<Flight<K, V>> flights, BulkLoader<K, V> many, EntryOptions options) throws Exception {
        Map<K, Flight<K, V>> byKey = new LinkedHashMap<>();
        flights.forEach(flight -> byKey.put(flight.key, flight));
        Map<K, ? extends V> values = many.loadAll(Collections.unmodifiableSet(byKey.keySet()));
        if (values == null) {
            throw new IllegalStateException(
                    "cache \"" + engine.settings().name() + "\": the bulk loader returned null instead of a map");
        }
        Map<Flight<K, V>, Loaded<V>> loaded = new LinkedHashMap<>();
        List<Flight<K, V>> all = new ArrayList<>(byKey.values());
        for (Flight<K, V> flight : all) {
            loaded.put(flight, new Loaded<>(values.get(flight.key), new LoadOptions<>(flight.previous, options)));
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
