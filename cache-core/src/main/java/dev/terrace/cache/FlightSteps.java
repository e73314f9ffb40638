package dev.terrace.cache;

import dev.terrace.cache.CacheListener.StaleReason;
import dev.terrace.cache.spi.FarReading;
import dev.terrace.cache.spi.FarStore.FarLease;
import dev.terrace.cache.spi.FarStore.LeaseReply;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The way of a flight: far read, lease, load, fill, near insert. One flight or many go the same way; many cost one round trip
 * a step.
 *
 * <p>The lease is that of <i>Scaling Memcache at Facebook</i> (Nishtala et al., NSDI '13, §3.2.1).
 */
final class FlightSteps<K, V> {

    private static final int MAX_LEASE_ATTEMPTS = 8;
    private static final Duration FIRST_POLL = Duration.ofMillis(2);
    private static final Duration LONGEST_POLL = Duration.ofMillis(25);

    private final Engine<K, V> engine;
    private final @Nullable FarSide<K, V> far;
    private final Loads<K, V> loads;
    private final Duration leaseWait;

    FlightSteps(Engine<K, V> engine) {
        this.engine = engine;
        this.far = engine.far();
        this.loads = new Loads<>(engine, this);
        Settings.FarSettings<K, V> farSettings = engine.settings().far();
        this.leaseWait =
                farSettings == null ? Duration.ZERO : farSettings.bounds().leaseWait();
    }

    /** Starts flights together. Does not block, does not throw; each ends within its bounds. */
    void start(List<Flight<K, V>> flights) {
        List<Flight<K, V>> direct = new ArrayList<>();
        List<Flight<K, V>> compared = new ArrayList<>();
        List<Flight<K, V>> read = new ArrayList<>();
        for (Flight<K, V> flight : flights) {
            if (far == null || !far.mayAsk(flight.requireFarKey())) {
                direct.add(flight);
            } else if (flight.copy != null) {
                compared.add(flight);
            } else {
                read.add(flight);
            }
        }
        if (!direct.isEmpty()) {
            withoutFar(direct);
        }
        if (far != null && !compared.isEmpty()) {
            compareCopies(far, compared);
        }
        if (far != null && !read.isEmpty()) {
            readFar(far, read);
        }
    }

    private void compareCopies(FarSide<K, V> side, List<Flight<K, V>> flights) {
        List<Entry<V>> copies = new ArrayList<>(flights.size());
        for (Flight<K, V> flight : flights) {
            Entry<V> copy = flight.copy;
            if (copy != null) {
                copies.add(copy);
            }
        }
        engine.counters().validations.add(flights.size());
        step(flights, side.access().validate(farKeys(flights), copies), renewed -> {
            List<Flight<K, V>> changed = new ArrayList<>();
            List<Flight<K, V>> same = new ArrayList<>();
            List<Found<V>> found = new ArrayList<>();
            for (int i = 0; i < flights.size(); i++) {
                Found.Present<V> present = renewed.get(i);
                if (present == null) {
                    changed.add(flights.get(i));
                } else {
                    same.add(flights.get(i));
                    found.add(present);
                }
            }
            if (!changed.isEmpty()) {
                readFar(side, changed);
            }
            if (!same.isEmpty()) {
                arrived(side, same, found, Lookup.Tier.NEAR);
            }
        });
    }

    private void readFar(FarSide<K, V> side, List<Flight<K, V>> flights) {
        step(
                flights,
                side.access().read(farKeys(flights), flights.get(0).runner),
                found -> arrived(side, flights, found, Lookup.Tier.FAR));
    }

    /** What the far tier has of each key is known: serve it, or go on to the lease. */
    private void arrived(FarSide<K, V> side, List<Flight<K, V>> flights, List<Found<V>> found, Lookup.Tier tier) {
        List<Flight<K, V>> wanting = new ArrayList<>();
        long now = engine.now();
        for (int i = 0; i < flights.size(); i++) {
            Flight<K, V> flight = flights.get(i);
            flight.judged = found.get(i).judged();
            if (!served(side, flight, found.get(i), tier, now)) {
                wanting.add(flight);
            }
        }
        if (!wanting.isEmpty()) {
            lease(side, wanting);
        }
    }

    private boolean served(FarSide<K, V> side, Flight<K, V> flight, Found<V> found, Lookup.Tier tier, long now) {
        Counters counters = engine.counters();
        if (!(found instanceof Found.Present<V> present)
                || !side.mayBelieve(present.entry().extra.tags())) {
            counters.farMisses.increment();
            return servedInstead(flight, found) || endedWithNothing(flight);
        }
        Entry<V> entry = present.entry();
        side.used(flight.requireFarKey());
        switch (engine.rules().validity().judgeConfirmed(entry, now)) {
            case FRESH -> {
                insert(flight, entry);
                if (flight.forcesLoad()) {
                    flight.previous = entry;
                    return false;
                }
                counters.farHits.increment();
                finish(flight, Answer.found(entry, tier));
                return true;
            }
            case STALE -> {
                insert(flight, entry);
                counters.farHits.increment();
                if (engine.rules().pauses().isPaused(flight.key, now) && flight.purpose == Flight.Purpose.READ) {
                    finish(flight, Answer.stale(entry, StaleReason.LOAD_FAILED));
                    return true;
                }
                offer(flight, entry);
                return endedWithoutLoad(flight, Answer.found(entry, tier));
            }
            default -> {
                counters.farMisses.increment();
                return endedWithNothing(flight);
            }
        }
    }

    /** The far tier has a value that cannot be read here, and the near tier one that is young enough. */
    private boolean servedInstead(Flight<K, V> flight, Found<V> found) {
        Entry<V> copy = flight.purpose == Flight.Purpose.AHEAD ? flight.copy : flight.previous;
        if (copy == null
                || flight.forcesLoad()
                || !found.isUnreadable()
                || !engine.rules().validity().isYoungEnough(copy, engine.now())) {
            return false;
        }
        Entry<V> kept = copy.renewed(new Entry.Life(copy.freshUntil, copy.goneAt(), Trust.until(copy.trustedUntil)));
        // To compare it again before its end would change nothing.
        kept.validationAsked = true;
        insert(flight, kept);
        finish(flight, Answer.found(kept, Lookup.Tier.NEAR));
        return true;
    }

    /** As {@link #endedWithoutLoad}; and a copy that turns out to be gone before its trust ends goes at once. */
    private boolean endedWithNothing(Flight<K, V> flight) {
        Entry<V> copy = flight.copy;
        if (flight.purpose == Flight.Purpose.AHEAD && copy != null) {
            engine.tiers().removeNear(flight.key, copy);
        }
        return endedWithoutLoad(flight, Answer.nothing());
    }

    private boolean endedWithoutLoad(Flight<K, V> flight, Answer<V> answer) {
        if (!flight.purpose.endsBeforeLoad()) {
            return false;
        }
        finish(flight, answer);
        return true;
    }

    /**
     * A value may be served while its replacement is on the way: at once, or when the soft deadline has passed.
     */
    void offer(Flight<K, V> flight, Entry<V> entry) {
        flight.previous = entry;
        if (flight.purpose == Flight.Purpose.EARLY) {
            flight.answer.complete(Answer.found(entry, Lookup.Tier.NEAR));
            return;
        }
        Duration soft = engine.settings().loading().deadlines().soft();
        if (soft.isZero()) {
            serveStale(flight, entry, StaleReason.REVALIDATING);
        } else {
            engine.surroundings().scheduler().schedule(() -> serveStale(flight, entry, StaleReason.LOAD_SLOW), soft);
        }
    }

    private void serveStale(Flight<K, V> flight, Entry<V> entry, StaleReason reason) {
        if (!flight.answer.isDone()) {
            confirmed(flight, entry)
                    .thenAccept(confirmed ->
                            confirmed.ifPresent(stale -> flight.answer.complete(Answer.stale(stale, reason))));
        }
    }

    /**
     * A value that is being replaced, if it may still be served: where trust in it has ended meanwhile, only if the far tier
     * still has the same. Never fails.
     */
    private CompletableFuture<Optional<Entry<V>>> confirmed(Flight<K, V> flight, Entry<V> entry) {
        Validity.Verdict verdict = engine.judge(entry);
        if (verdict.mayBeServed()) {
            return CompletableFuture.completedFuture(Optional.of(entry));
        }
        if (verdict != Validity.Verdict.UNTRUSTED || far == null || !far.mayAsk(flight.requireFarKey())) {
            return CompletableFuture.completedFuture(Optional.empty());
        }
        engine.counters().validations.increment();
        FarSide<K, V> side = far;
        return side.access()
                .validate(farKeys(List.of(flight)), List.of(entry))
                .thenApply(renewed -> Optional.ofNullable(renewed.get(0))
                        .map(Found.Present::entry)
                        .filter(same -> side.mayBelieve(same.extra.tags()))
                        .filter(same -> engine.rules()
                                .validity()
                                .judgeConfirmed(same, engine.now())
                                .mayBeServed()))
                .thenApply(same -> {
                    same.ifPresent(stale -> insert(flight, stale));
                    return same;
                })
                .exceptionally(unanswered -> Optional.empty());
    }

    private void lease(FarSide<K, V> side, List<Flight<K, V>> flights) {
        List<FarReading> judged = new ArrayList<>(flights.size());
        flights.forEach(flight -> judged.add(flight.judged));
        step(flights, side.access().lease(farKeys(flights), judged), replies -> {
            List<Flight<K, V>> granted = new ArrayList<>();
            for (int i = 0; i < flights.size(); i++) {
                Flight<K, V> flight = flights.get(i);
                flight.look = replies.looks().get(i);
                if (isGranted(side, flight, replies.answers().get(i))) {
                    granted.add(flight);
                }
            }
            if (!granted.isEmpty()) {
                // Once in a cache's life; without the marker nothing that is stored would be valid.
                step(granted, side.access().ensure(Set.of()), done -> load(granted));
            }
        });
    }

    private boolean isGranted(FarSide<K, V> side, Flight<K, V> flight, LeaseReply reply) {
        if (reply instanceof LeaseReply.Granted granted) {
            engine.counters().leasesGranted.increment();
            flight.lease = granted.lease();
            return true;
        }
        if (reply instanceof LeaseReply.Changed changed && flight.leaseAttempts++ < MAX_LEASE_ATTEMPTS) {
            step(
                    List.of(flight),
                    side.access().understand(flight.requireFarKey(), changed.current(), flight.requireLook()),
                    found -> changedSince(side, flight, found));
        } else {
            engine.counters().leasesBusy.increment();
            awaitHolder(side, flight);
        }
        return false;
    }

    /** The record was changed by another node between read and lease: for a refresh that is the refresh. */
    private void changedSince(FarSide<K, V> side, Flight<K, V> flight, Found<V> found) {
        if (flight.forcesLoad()
                && found instanceof Found.Present<V> present
                && engine.rules().validity().judgeConfirmed(present.entry(), engine.now()) == Validity.Verdict.FRESH) {
            insert(flight, present.entry());
            finish(flight, Answer.loaded(present.entry()));
        } else {
            arrived(side, List.of(flight), List.of(found), Lookup.Tier.FAR);
        }
    }

    /** Another node loads this key: look again soon, for a bounded time. */
    private void awaitHolder(FarSide<K, V> side, Flight<K, V> flight) {
        Entry<V> previous = flight.previous;
        if (flight.purpose == Flight.Purpose.EARLY && previous != null) {
            finish(flight, Answer.found(previous, Lookup.Tier.NEAR));
            return;
        }
        long now = engine.now();
        if (flight.waitingForHolderSince < 0) {
            flight.waitingForHolderSince = now;
        }
        Duration waited = Duration.ofNanos(now - flight.waitingForHolderSince);
        if (waited.compareTo(leaseWait) < 0) {
            // So it waits a quarter longer than the holder at most.
            Duration quarter = waited.dividedBy(4);
            Duration pause = quarter.compareTo(FIRST_POLL) < 0
                    ? FIRST_POLL
                    : quarter.compareTo(LONGEST_POLL) > 0 ? LONGEST_POLL : quarter;
            afterChange(side, flight, pause);
        } else if (previous != null && flight.answer.isDone()) {
            // Its callers have the stale value; a load that nobody may store would help no one.
            finish(flight, Answer.stale(previous, StaleReason.REVALIDATING));
        } else {
            flight.mayStayNear = false;
            load(List.of(flight));
        }
    }

    /** Looks again when the holder's fill, or another change of the key, is told; and after a pause in any case. */
    private void afterChange(FarSide<K, V> side, Flight<K, V> flight, Duration pause) {
        Scheduler scheduler = engine.surroundings().scheduler();
        Runnable again =
                engine.reports().tracing().carried(() -> guarded(List.of(flight), () -> lookAgain(side, flight)));
        FarKey key = flight.requireFarKey();
        Link link = side.access().link();
        if (!link.tells(key)) {
            scheduler.schedule(again, pause);
            return;
        }
        CompletableFuture<Void> change = link.nextChange(key);
        if (flight.requireLook().watch().until() == Long.MIN_VALUE) {
            // It came between the answer and now.
            link.wake(key);
        }
        Scheduler.Cancellable timer = scheduler.schedule(() -> link.wake(key), pause);
        change.thenRun(() -> {
            timer.cancel();
            again.run();
        });
    }

    private void lookAgain(FarSide<K, V> side, Flight<K, V> flight) {
        if (engine.tiers().isClosed()) {
            fail(flight, new CacheClosedException("cache \"" + engine.settings().name() + "\" is closed"));
        } else if (side.mayAsk(flight.requireFarKey())) {
            lease(side, List.of(flight));
        } else {
            withoutFar(List.of(flight));
        }
    }

    /** The far tier is off, failing, or not to be believed: the loader answers, and near copies live by its start. */
    private void withoutFar(List<Flight<K, V>> flights) {
        List<Flight<K, V>> loading = new ArrayList<>();
        for (Flight<K, V> flight : flights) {
            if (!endedWithoutLoad(flight, Answer.nothing())) {
                loading.add(flight);
            }
        }
        if (!loading.isEmpty()) {
            load(loading);
        }
    }

    /**
     * Only the flight that stands for its key loads. One that a change has detached before its load began follows the flight
     * that stands there now, if need be one that takes over from it; one that has ended meanwhile loads nothing.
     */
    private void load(List<Flight<K, V>> flights) {
        List<Flight<K, V>> loading = new ArrayList<>(flights.size());
        for (Flight<K, V> flight : flights) {
            if (flight.outcome.isDone()) {
                release(flight);
            } else if (engine.flights().standing(flight.key) == flight) {
                loading.add(flight);
            } else {
                Flight<K, V> successor = flight.successor(
                        engine.rules().stripes().stamp(flight.key),
                        engine.rules().markers().knownSeq());
                Flight<K, V> standing = engine.flights().beginStanding(successor);
                if (standing == null) {
                    loading.add(successor);
                } else {
                    release(successor);
                }
                follow(flight, standing == null ? successor : standing);
            }
        }
        if (!loading.isEmpty()) {
            loads.start(loading);
        }
    }

    private void follow(Flight<K, V> flight, Flight<K, V> standing) {
        standing.outcome.whenComplete((answer, failure) -> guarded(List.of(flight), () -> {
            if (failure != null) {
                fail(flight, Completions.cause(failure));
            } else if (flight.forcesLoad() && !answer.loaded()) {
                loadAnyway(flight);
            } else {
                finish(flight, answer);
            }
        }));
    }

    /** A refresh has followed a flight that did not load, and gave its lease back for it, if it had one. */
    private void loadAnyway(Flight<K, V> flight) {
        FarSide<K, V> side = far;
        if (side != null && flight.look != null && side.mayAsk(flight.requireFarKey())) {
            lease(side, List.of(flight));
        } else {
            load(List.of(flight));
        }
    }

    /** Nobody waits for a flight. Unless others wait for what is loaded together with it, its load is stopped. */
    void abandon(Flight<K, V> flight) {
        List<Flight<K, V>> together = flight.together();
        if (together.stream().anyMatch(Flight::isWanted)) {
            return;
        }
        flight.cancelLoad();
        for (Flight<K, V> unwanted : together) {
            // At once, whatever it has to serve: who came while that is compared would be told that nobody waits.
            engine.flights().ended(unwanted);
            release(unwanted);
            CancellationException cancelled = new CancellationException("nobody waits for this load any more");
            unwanted.outcome.completeExceptionally(cancelled);
            unwanted.answer.completeExceptionally(cancelled);
        }
    }

    private void insert(Flight<K, V> flight, Entry<V> entry) {
        if (flight.purpose == Flight.Purpose.AHEAD) {
            // It is not the only flight of its key: another may have brought something newer meanwhile.
            engine.replaceNear(flight.key, flight.copy, entry, flight.stamp);
        } else {
            engine.keepNear(flight.key, entry, flight.stamp);
        }
    }

    /** The flight is over. */
    void finish(Flight<K, V> flight, Answer<V> answer) {
        engine.flights().ended(flight);
        flight.answer.complete(answer);
        flight.outcome.complete(answer);
    }

    /** The flight is over without a value; callers get the previous one where it may be served, else the failure. */
    void fail(Flight<K, V> flight, Throwable failure) {
        Entry<V> previous = flight.previous;
        if (previous == null || flight.answer.isDone() || failure instanceof CacheClosedException) {
            failed(flight, failure);
            return;
        }
        StaleReason reason =
                failure instanceof LoadRejectedException ? StaleReason.LOAD_REJECTED : StaleReason.LOAD_FAILED;
        confirmed(flight, previous).thenAccept(confirmed -> {
            confirmed.ifPresent(stale -> flight.answer.complete(Answer.stale(stale, reason)));
            failed(flight, failure);
        });
    }

    /** Its load brought nothing that could be stored: gives its lease back, and ends it. Never throws. */
    void giveUp(Flight<K, V> flight, Throwable failure) {
        try {
            release(flight);
        } catch (Throwable unreleased) {
            engine.reports().failures().report(FailureKind.FAR_LEASE, unreleased);
        }
        try {
            fail(flight, failure);
        } catch (Throwable defect) {
            // Nobody is to wait for it, whatever else of it could not be done.
            flight.outcome.completeExceptionally(failure);
            flight.answer.completeExceptionally(failure);
            engine.reports().failures().report(FailureKind.APPLICATION, defect);
        }
    }

    private void failed(Flight<K, V> flight, Throwable failure) {
        try {
            if (flight.previous != null && flight.purpose != Flight.Purpose.REFRESH) {
                // Before anybody can start another flight, who must find the pause.
                engine.rules().pauses().failed(flight.key, engine.now());
            }
        } finally {
            engine.flights().ended(flight);
        }
        flight.outcome.completeExceptionally(failure);
        if (!flight.answer.completeExceptionally(failure) && flight.purpose != Flight.Purpose.REFRESH) {
            engine.reports()
                    .failures()
                    .report(
                            failure instanceof LoadRejectedException ? FailureKind.LOAD_REJECTED : FailureKind.LOAD,
                            failure);
        }
    }

    /** Gives a lease back without having filled. */
    void release(Flight<K, V> flight) {
        FarLease lease = flight.lease;
        if (lease != null && far != null) {
            flight.lease = null;
            far.access().release(List.of(lease));
        }
    }

    /** Goes on with a far tier's answer; its failure, counted where it happened, leads around the far tier. */
    private <T> void step(List<Flight<K, V>> flights, CompletableFuture<T> future, Consumer<T> next) {
        LoadRunner runner = flights.get(0).runner;
        future.whenComplete((result, failure) -> runner.step(() -> guarded(flights, () -> {
            if (failure == null) {
                next.accept(result);
            } else {
                withoutFar(flights);
            }
        })));
    }

    /** A defect in a step must not leave callers waiting. */
    private void guarded(List<Flight<K, V>> flights, Runnable step) {
        try {
            step.run();
        } catch (Throwable defect) {
            flights.forEach(flight -> fail(flight, defect));
        }
    }

    private List<FarKey> farKeys(List<Flight<K, V>> flights) {
        if (flights.size() == 1) {
            return List.of(flights.get(0).requireFarKey());
        }
        List<FarKey> keys = new ArrayList<>(flights.size());
        for (Flight<K, V> flight : flights) {
            keys.add(flight.requireFarKey());
        }
        return keys;
    }
}
