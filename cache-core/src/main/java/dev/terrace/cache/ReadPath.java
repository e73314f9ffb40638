package dev.terrace.cache;

import dev.terrace.cache.Flight.Purpose;
import dev.terrace.cache.Validity.Verdict;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Reads: the near tier first; what it cannot answer joins or starts the key's {@link Flight}. At most one flight of a key runs
 * between two changes of it.
 */
final class ReadPath<K, V> {

    private static final long SAMPLE_NANOS = 10_000_000;

    private final Engine<K, V> engine;
    private final FlightSteps<K, V> steps;
    private final Counters counters;
    private final Tiers<K, V> tiers;
    private final Validity validity;
    private final Ticker ticker;
    private final @Nullable UnaryOperator<V> copyOnRead;
    private final @Nullable LoadSource<K, V> own;
    private final boolean refreshesEarly;
    private final @Nullable AheadValidation<K, V> ahead;
    private final long trustAhead;
    /** When a hit is told of again; of threads that race here, each may tell of one. */
    private long nextSample;

    ReadPath(Engine<K, V> engine) {
        this.engine = engine;
        this.steps = new FlightSteps<>(engine);
        this.counters = engine.counters();
        this.tiers = engine.tiers();
        this.validity = engine.rules().validity();
        this.ticker = engine.surroundings().ticker();
        Settings.NearSettings<K, V> near = engine.settings().near();
        this.copyOnRead = near == null ? null : near.copyOnRead();
        Settings.LoadSettings<K, V> loading = engine.settings().loading();
        this.own = loading.loader() == null
                ? null
                : new LoadSource<>(loading.loader(), loading.bulkLoader(), EntryOptions.DEFAULT);
        this.refreshesEarly =
                !(engine.settings().life().earlyRefresh() instanceof EarlyRefresh.None) && this.own != null;
        Settings.FarSettings<K, V> farSettings = engine.settings().far();
        FarSide<K, V> far = engine.far();
        if (farSettings == null || far == null || near == null) {
            this.ahead = null;
            this.trustAhead = 0;
        } else {
            this.ahead = new AheadValidation<>(engine, far, steps);
            this.trustAhead = AheadValidation.due(farSettings.coherence().maxStaleness());
        }
    }

    /**
     * What a caller waits for.
     *
     * @param flight whose load the caller's leaving may end; null where there is none
     */
    record Requested<K, V>(
            K key,
            CompletableFuture<Answer<V>> answer,
            @Nullable Flight<K, V> flight) {

        static <K, V> Requested<K, V> answered(K key, Answer<V> answer) {
            return new Requested<>(key, CompletableFuture.completedFuture(answer), null);
        }

        static <K, V> Requested<K, V> of(Flight<K, V> flight) {
            return new Requested<>(flight.key, flight.answer, flight);
        }
    }

    /** The cache's own loader. */
    LoadSource<K, V> ownSource() {
        if (own == null) {
            throw new IllegalStateException(
                    "cache \"" + engine.settings().name() + "\" has no loader: set loader(…), or give one to the call");
        }
        return own;
    }

    /** The near tier's entry if it may be served as it is: the hot path. Null where more has to be done. */
    @Nullable
    Entry<V> fresh(K key) {
        Entry<V> entry = tiers.near().get(key);
        if (entry == null) {
            return null;
        }
        long now = ticker.nanos();
        if (!validity.isFreshAhead(entry, now, trustAhead)) {
            return freshForNow(key, entry, now);
        }
        counted(entry, now);
        refreshedEarly(key, entry, now);
        return entry;
    }

    private @Nullable Entry<V> freshForNow(K key, Entry<V> entry, long now) {
        if (validity.judge(entry, now) != Verdict.FRESH) {
            return null;
        }
        served(key, entry, now);
        return entry;
    }

    private void served(K key, Entry<V> entry, long now) {
        counted(entry, now);
        if (validity.isServedCutOff(entry, now)) {
            counters.cutOffServes.increment();
            return;
        }
        if (ahead != null && !validity.isTrusted(entry, now + trustAhead)) {
            ahead.hit(key, entry);
        }
        refreshedEarly(key, entry, now);
    }

    private void counted(Entry<V> entry, long now) {
        counters.nearHits.increment();
        if (now >= nextSample) {
            nextSample = now + SAMPLE_NANOS;
            engine.reports().listener().onHit(engine.settings().name(), engine.age(entry));
        }
    }

    private void refreshedEarly(K key, Entry<V> entry, long now) {
        if (refreshesEarly && engine.rules().earlyRefresh().isDue(entry, now)) {
            refreshEarly(key, entry, now);
        }
    }

    /** A read that the near tier did not answer with a fresh value. */
    Requested<K, V> get(K key, LoadSource<K, V> source, LoadRunner runner) {
        return get(key, source, runner, false);
    }

    /** @param again whether this caller has joined a flight before, which did not bring what it must see */
    private Requested<K, V> get(K key, LoadSource<K, V> source, LoadRunner runner, boolean again) {
        List<Flight<K, V>> started = new ArrayList<>(1);
        return begun(started, () -> request(key, source, runner, started, again));
    }

    /** The same for many keys, which go together where nobody fetches them yet. */
    List<Requested<K, V>> getAll(Collection<K> keys, LoadSource<K, V> source, LoadRunner runner) {
        tiers.checkOpen();
        List<Flight<K, V>> started = new ArrayList<>(keys.size());
        return begun(started, () -> {
            List<Requested<K, V>> answers = new ArrayList<>(keys.size());
            for (K key : keys) {
                Entry<V> entry = fresh(key);
                answers.add(entry == null ? request(key, source, runner, started, false) : near(key, entry));
            }
            return answers;
        });
    }

    /** Keys in portions that are small enough for each to be read at once, and to leave room for others. */
    List<List<K>> portions(Set<K> keys) {
        return portions(keys, Defaults.KEYS_AT_ONCE);
    }

    /** The same where what is missing is loaded: each by itself takes the room of a load. */
    List<List<K>> portions(Set<K> keys, LoadSource<K, V> source) {
        Settings.LoadThreads threads = engine.settings().loading().threads();
        long loads = ((long) threads.maxConcurrent() + threads.maxWaiting()) / 4;
        return portions(
                keys,
                source.many() != null
                        ? Defaults.KEYS_AT_ONCE
                        : (int) Math.max(1, Math.min(loads, Defaults.KEYS_AT_ONCE)));
    }

    private List<List<K>> portions(Set<K> keys, int size) {
        List<K> all = List.copyOf(keys);
        List<List<K>> portions = new ArrayList<>(1);
        for (int from = 0; from < all.size(); from += size) {
            portions.add(all.subList(from, Math.min(from + size, all.size())));
        }
        // An operation on no keys, too, asks whether the cache is open.
        return portions.isEmpty() ? List.of(List.of()) : portions;
    }

    /** Done once all have been answered, however. */
    static <K, V> CompletableFuture<@Nullable Void> allEnded(List<Requested<K, V>> requested) {
        List<CompletableFuture<Answer<V>>> answers = new ArrayList<>(requested.size());
        requested.forEach(one -> answers.add(one.answer()));
        return Completions.allEnded(answers);
    }

    /** Adds the values that there are, in the order of the keys, of what has been answered. */
    void collect(
            List<Requested<K, V>> requested,
            Function<CompletableFuture<Answer<V>>, Answer<V>> answered,
            Map<K, V> values) {
        for (Requested<K, V> one : requested) {
            V value = delivered(answered.apply(one.answer()));
            if (value != null) {
                values.put(one.key(), value);
            }
        }
    }

    /** The task, to be run on another thread in the context of this one. */
    Runnable carried(Runnable task) {
        ContextHook hook = engine.settings().loading().threads().contextHook();
        return engine.reports().tracing().carried(hook == null ? task : hook.wrap(task));
    }

    /** Starts the flights that a request created, or ends them if it failed half-way. */
    private <T> T begun(List<Flight<K, V>> started, Supplier<T> request) {
        T requested;
        try {
            requested = request.get();
        } catch (RuntimeException | Error e) {
            started.forEach(flight -> steps.fail(flight, e));
            throw e;
        }
        if (!started.isEmpty()) {
            steps.start(started);
        }
        return requested;
    }

    private static <K, V> Requested<K, V> near(K key, Entry<V> entry) {
        return Requested.answered(key, Answer.found(entry, Lookup.Tier.NEAR));
    }

    private Requested<K, V> request(
            K key, LoadSource<K, V> source, LoadRunner runner, List<Flight<K, V>> started, boolean again) {
        tiers.checkOpen();
        if (LoadScope.isLoading(engine, key)) {
            throw new RecursiveLoadException(
                    "cache \"" + engine.settings().name() + "\": a loader asked for the key that it is loading");
        }
        Entry<V> entry = tiers.near().get(key);
        Verdict verdict = entry == null ? Verdict.GONE : engine.judge(entry);
        if (entry != null && verdict == Verdict.FRESH) {
            served(key, entry, engine.now());
            return near(key, entry);
        }
        if (entry != null && verdict == Verdict.STALE) {
            counters.nearHits.increment();
            if (engine.rules().pauses().isPaused(key, engine.now())) {
                return Requested.answered(key, Answer.stale(entry, CacheListener.StaleReason.LOAD_FAILED));
            }
        } else {
            counters.nearMisses.increment();
        }
        // Who asks again may do so on another caller's thread, whose context is not to be taken.
        LoadRunner hooked = again ? runner : hooked(runner);
        Flight<K, V> running = engine.flights().standing(key);
        if (running == null) {
            Flight<K, V> created = create(key, Purpose.READ, source, hooked);
            running = engine.flights().beginStanding(created);
            if (running == null) {
                return prepared(created, entry, verdict, started);
            }
        }
        return joined(key, running, source, hooked, again);
    }

    private Requested<K, V> prepared(
            Flight<K, V> flight, @Nullable Entry<V> entry, Verdict verdict, List<Flight<K, V>> started) {
        flight.joined();
        Entry<V> meanwhile = tiers.near().get(flight.key);
        if (meanwhile != null && meanwhile != entry && engine.judge(meanwhile) == Verdict.FRESH) {
            // A flight ended between the look at the near tier and the start of this one.
            steps.finish(flight, Answer.found(meanwhile, Lookup.Tier.NEAR));
            return Requested.of(flight);
        }
        started.add(flight);
        prepare(flight, entry, verdict);
        return Requested.of(flight);
    }

    private void prepare(Flight<K, V> flight, @Nullable Entry<V> entry, Verdict verdict) {
        if (entry == null) {
            return;
        }
        if (verdict == Verdict.STALE) {
            steps.offer(flight, entry);
        } else if (verdict == Verdict.UNTRUSTED) {
            flight.copy = comparable(entry);
            flight.previous = entry;
        }
    }

    /** A copy that the far tier may still have: not one of which it has told a change. */
    private static <V> @Nullable Entry<V> comparable(Entry<V> copy) {
        return copy.watch.isChanged() ? null : copy;
    }

    /** Runs a load in the context of this thread. */
    private LoadRunner hooked(LoadRunner runner) {
        return HookedRunner.here(engine.settings().loading().threads().contextHook(), runner);
    }

    private Flight<K, V> create(K key, Purpose purpose, @Nullable LoadSource<K, V> source, LoadRunner runner) {
        FarSide<K, V> far = engine.far();
        if (purpose != Purpose.PEEK && engine.flights().size() >= Defaults.MAX_FLIGHTS) {
            throw new LoadRejectedException("cache \"" + engine.settings().name() + "\": " + Defaults.MAX_FLIGHTS
                    + " reads that no near value answers are under way");
        }
        return new Flight<>(
                key,
                far == null ? null : far.key(key),
                purpose,
                new Flight.Start<>(
                        source,
                        runner,
                        engine.rules().stripes().stamp(key),
                        engine.rules().markers().knownSeq()));
    }

    /**
     * Joins a flight that began before. Where what it brings may lack a change that this caller must see, the caller asks again
     * once: whatever flight it finds then began after it had asked first.
     */
    private Requested<K, V> joined(
            K key, Flight<K, V> flight, LoadSource<K, V> source, LoadRunner runner, boolean again) {
        counters.coalesced.increment();
        flight.joined();
        if (again) {
            return Requested.of(flight);
        }
        long joinedAt = engine.now();
        Supplier<CompletableFuture<Answer<V>>> ended =
                () -> flight.outcome.thenCompose(given -> holds(flight, given, joinedAt)
                        ? CompletableFuture.completedFuture(given)
                        : get(key, source, runner, true).answer());
        CompletableFuture<Answer<V>> answer = flight.answer.thenCompose(given -> {
            if (holds(flight, given, joinedAt)) {
                return CompletableFuture.completedFuture(given);
            }
            return given.loaded()
                    ? ended.get()
                    : meanwhile(key)
                            .thenCompose(found ->
                                    found.entry() == null ? ended.get() : CompletableFuture.completedFuture(found));
        });
        return new Requested<>(key, answer, flight);
    }

    /**
     * What the tiers have now, in place of a stale value that is not trusted any more. It was looked for after the caller had
     * asked, so nothing that is told of it afterwards matters to this caller.
     */
    private CompletableFuture<Answer<V>> meanwhile(K key) {
        return peek(key, engine.surroundings().loadThreads()).answer().thenApply(found -> {
            Entry<V> entry = found.entry();
            return entry == null || validity.judgeConfirmed(entry, engine.now()) == Verdict.FRESH
                    ? found
                    : Answer.stale(entry, CacheListener.StaleReason.REVALIDATING);
        });
    }

    /**
     * Whether a flight's answer is one for a caller that joined it at that time. Its load may have begun before a change that
     * this node learns of in no other way than by the end of trust, or before an invalidation of a tag that its value turned
     * out to have.
     */
    private boolean holds(Flight<K, V> flight, Answer<V> answer, long joinedAt) {
        Entry<V> entry = answer.entry();
        if (answer.loaded() && flight.loadWatch.isOver()) {
            return false;
        }
        return entry == null
                ? engine.trustedFrom(flight.loadStartedAt) > joinedAt
                        && engine.rules().markers().knownSeq() <= flight.loadSeq
                : validity.judge(entry, joinedAt).mayBeServed();
    }

    /** What the tiers have of keys, without a load. */
    List<Requested<K, V>> peekAll(Collection<K> keys, LoadRunner runner) {
        tiers.checkOpen();
        List<Flight<K, V>> started = new ArrayList<>(keys.size());
        return begun(started, () -> {
            List<Requested<K, V>> answers = new ArrayList<>(keys.size());
            keys.forEach(key -> answers.add(peek(key, runner, started)));
            return answers;
        });
    }

    Requested<K, V> peek(K key, LoadRunner runner) {
        List<Flight<K, V>> started = new ArrayList<>(1);
        return begun(started, () -> peek(key, runner, started));
    }

    private Requested<K, V> peek(K key, LoadRunner runner, List<Flight<K, V>> started) {
        tiers.checkOpen();
        Entry<V> entry = tiers.near().get(key);
        Verdict verdict = entry == null ? Verdict.GONE : engine.judge(entry);
        if (entry != null && verdict.mayBeServed()) {
            counters.nearHits.increment();
            return near(key, entry);
        }
        counters.nearMisses.increment();
        Flight<K, V> running = engine.flights().standing(key);
        if (running != null && running.answer.isDone() && !running.answer.isCompletedExceptionally()) {
            Answer<V> given = running.answer.join();
            if (given.loaded() && given.entry() != null && holds(running, given, engine.now())) {
                return new Requested<>(key, running.answer, null);
            }
        }
        if (engine.far() == null) {
            return Requested.answered(key, Answer.nothing());
        }
        Flight<K, V> created = create(key, Purpose.PEEK, null, runner);
        if (entry != null && verdict == Verdict.UNTRUSTED) {
            created.copy = comparable(entry);
        }
        engine.flights().beginApart(created);
        started.add(created);
        return new Requested<>(key, created.answer, null);
    }

    /** Loads a key's value whatever there is of it. */
    CompletableFuture<Answer<V>> refresh(K key, LoadSource<K, V> source, LoadRunner runner) {
        return refresh(key, source, runner, false);
    }

    /** @param again whether this caller has joined a flight before, so that any load that it finds now began after it asked */
    private CompletableFuture<Answer<V>> refresh(K key, LoadSource<K, V> source, LoadRunner runner, boolean again) {
        tiers.checkOpen();
        if (LoadScope.isLoading(engine, key)) {
            throw new RecursiveLoadException(
                    "cache \"" + engine.settings().name() + "\": a loader asked to refresh the key that it is loading");
        }
        LoadRunner hooked = again ? runner : hooked(runner);
        Flight<K, V> created = create(key, Purpose.REFRESH, source, hooked);
        Flight<K, V> running = engine.flights().beginStanding(created);
        if (running != null) {
            counters.coalesced.increment();
            long joinedAt = engine.now();
            // A flight that finds a fresh value in the far tier does not load.
            return running.outcome.thenCompose(found -> found.loaded() && (again || holds(running, found, joinedAt))
                    ? CompletableFuture.completedFuture(found)
                    : refresh(key, source, hooked, true));
        }
        Entry<V> entry = tiers.near().get(key);
        if (entry != null && engine.judge(entry) != Verdict.GONE) {
            created.previous = entry;
        }
        steps.start(List.of(created));
        return created.outcome;
    }

    private void refreshEarly(K key, Entry<V> entry, long now) {
        if (engine.rules().pauses().isPaused(key, now) || engine.flights().standing(key) != null) {
            return;
        }
        Flight<K, V> created = create(
                key, Purpose.EARLY, ownSource(), hooked(engine.surroundings().loadThreads()));
        if (engine.flights().beginStanding(created) == null) {
            steps.offer(created, entry);
            steps.start(List.of(created));
        }
    }

    /**
     * A caller stops waiting. Its load goes on unless nobody else waits for it and the cache does not complete abandoned loads.
     */
    void abandon(Requested<K, V> requested) {
        Flight<K, V> flight = requested.flight();
        if (flight != null
                && flight.left()
                && !engine.settings().loading().completeAbandoned()
                && !flight.answer.isDone()) {
            steps.abandon(flight);
        }
    }

    /** The value of a near hit, as a caller is given it. Null where the loader found nothing. */
    @SuppressWarnings("NullAway")
    V value(Entry<V> entry) {
        V value = entry.value;
        return copyOnRead == null || value == null ? value : copyOnRead.apply(value);
    }

    /** What a caller is given, counted where it is stale. Null for an answer without an entry, which a load never gives. */
    @SuppressWarnings("NullAway")
    V delivered(Answer<V> answer) {
        Entry<V> entry = answer.entry();
        if (entry == null) {
            return null;
        }
        if (answer.stale() != null) {
            counters.staleServes.increment();
            engine.reports().listener().onStaleServed(engine.settings().name(), answer.stale());
        }
        return value(entry);
    }

    /**
     * The longest that a caller waits: for a flight that it joined and for one more. Every step of a flight has a bound of its
     * own.
     */
    Duration longestWait() {
        Settings.FarSettings<K, V> far = engine.settings().far();
        Duration load = engine.settings().loading().deadlines().hard();
        Duration flight = far == null
                ? load
                : load.plus(far.bounds().leaseWait()).plus(far.bounds().budget().multipliedBy(10));
        return flight.multipliedBy(2).plusSeconds(1);
    }
}
