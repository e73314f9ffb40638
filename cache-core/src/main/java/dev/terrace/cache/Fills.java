package dev.terrace.cache;

import dev.terrace.cache.spi.FarRecord;
import dev.terrace.cache.spi.FarStore.FarLease;
import dev.terrace.cache.spi.FarStore.FillReply;
import dev.terrace.cache.spi.FarStore.FillRequest;
import dev.terrace.cache.spi.RecordDraft;
import dev.terrace.cache.spi.RecordDraft.Lifetime;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Stores what was loaded: callers are released first, then the far tier is filled under the lease, then the near tier. A value
 * that the far tier refuses is stored nowhere.
 */
final class Fills<K, V> {

    private final Engine<K, V> engine;
    private final FlightSteps<K, V> steps;
    private final @Nullable FarSide<K, V> far;
    private final int maxValueBytes;

    Fills(Engine<K, V> engine, FlightSteps<K, V> steps) {
        this.engine = engine;
        this.steps = steps;
        this.far = engine.far();
        Settings.FarSettings<K, V> settings = engine.settings().far();
        this.maxValueBytes = settings == null ? 0 : settings.maxValueBytes();
    }

    /** Releases the callers of each flight, and stores what it loaded. Does not block. */
    void store(Map<Flight<K, V>, Loads.Loaded<V>> loaded) {
        List<Pending<K, V>> fillable = new ArrayList<>();
        loaded.forEach((flight, result) -> {
            try {
                Pending<K, V> pending = prepared(flight, result);
                if (pending != null) {
                    fillable.add(pending);
                }
            } catch (Throwable defect) {
                // Such as of the application's copier or codec: of this value, and not of those beside it.
                steps.giveUp(flight, defect);
            }
        });
        if (far != null && !fillable.isEmpty()) {
            try {
                fill(far, fillable);
            } catch (Throwable defect) {
                fillable.forEach(pending -> steps.giveUp(pending.flight(), defect));
            }
        }
    }

    /** What is to be stored in the far tier; null where nothing is, and the flight has ended. */
    private @Nullable Pending<K, V> prepared(Flight<K, V> flight, Loads.Loaded<V> result) {
        Lifetime lifetime = result.value() == null
                ? engine.rules().lives().ofNothing(result.options().options())
                : engine.rules().lives().of(result.options().options());
        if (lifetime == null) {
            dropAll(flight);
            return null;
        }
        Entry<V> entry = entry(flight, result, lifetime);
        FarLease lease = flight.lease;
        if (far == null || lease == null || far.switches().isReadOnly()) {
            endUnfilled(flight, entry);
            return null;
        }
        flight.answer.complete(Answer.loaded(entry));
        byte[] bytes = encoded(far, result.value());
        if (bytes == null && result.value() != null) {
            // The far tier must not go on serving what this value replaces.
            removeReplaced(far, flight);
            endUnfilled(flight, entry);
            return null;
        }
        return new Pending<>(flight, entry, new FillRequest(lease, draft(far, flight, entry, bytes, lifetime)));
    }

    private record Pending<K, V>(Flight<K, V> flight, Entry<V> entry, FillRequest request) {}

    /** The loader found nothing, and that is not cached: what it found before must go. */
    private void dropAll(Flight<K, V> flight) {
        Entry<V> previous = flight.previous;
        if (previous != null) {
            engine.tiers().removeNear(flight.key, previous);
        }
        if (far != null) {
            removeReplaced(far, flight);
        }
        steps.finish(flight, Answer.loadedNothing());
    }

    private void removeReplaced(FarSide<K, V> side, Flight<K, V> flight) {
        if (flight.previous != null && flight.lease != null) {
            flight.lease = null;
            side.access().invalidate(List.of(flight.requireFarKey()));
        } else {
            steps.release(flight);
        }
    }

    private void endUnfilled(Flight<K, V> flight, Entry<V> entry) {
        steps.release(flight);
        if (flight.mayStayNear) {
            engine.keepNear(flight.key, entry, flight.stamp);
        }
        steps.finish(flight, Answer.loaded(entry));
    }

    /** The entry as this node alone has it: with a far tier trusted from the moment its load began. */
    private Entry<V> entry(Flight<K, V> flight, Loads.Loaded<V> result, Lifetime lifetime) {
        long now = engine.now();
        long goneAt = now + lifetime.whole().toNanos();
        return new Entry<>(
                engine.copied(result.value()),
                new Entry.Life(
                        now + lifetime.fresh().toNanos(),
                        goneAt,
                        new Trust(
                                engine.trustedFrom(flight.loadStartedAt),
                                flight.loadedInDoubt ? Watch.IN_DOUBT : Watch.NONE)),
                new Entry.Stamp(
                        engine.writtenAt(), engine.surroundings().writeIds().getAsLong(), flight.loadSeq),
                engine.extra(result.options().extra(), lifetime),
                (int) Math.min((now - flight.loadStartedAt) / 1_000_000, Integer.MAX_VALUE));
    }

    private byte @Nullable [] encoded(FarSide<K, V> side, @Nullable V value) {
        if (value == null) {
            return null;
        }
        try {
            return side.access().encode(value, maxValueBytes);
        } catch (UncacheableValueException e) {
            engine.reports().failures().report(FailureKind.ENCODE, e);
            return null;
        }
    }

    private RecordDraft draft(
            FarSide<K, V> side, Flight<K, V> flight, Entry<V> entry, byte @Nullable [] bytes, Lifetime lifetime) {
        return new RecordDraft(
                entry.writeId,
                entry.extra.sourceVersion(),
                Markers.toFar(entry.seq()),
                lifetime,
                new FarRecord.Attributes(entry.loadMillis(), entry.extra.tags(), entry.extra.state()),
                side.access().content(flight.requireFarKey(), bytes));
    }

    private void fill(FarSide<K, V> side, List<Pending<K, V>> pending) {
        Set<String> tags = new LinkedHashSet<>();
        pending.forEach(one -> tags.addAll(one.entry().extra.tags()));
        side.access()
                .ensure(tags)
                .thenCompose(done -> side.access()
                        .fill(pending.stream().map(Pending::request).toList()))
                .whenComplete((filled, failure) -> {
                    for (int i = 0; i < pending.size(); i++) {
                        Pending<K, V> one = pending.get(i);
                        try {
                            if (failure == null) {
                                end(
                                        side,
                                        one,
                                        filled.answers().get(i),
                                        filled.looks().get(i));
                            } else {
                                endUnanswered(one);
                            }
                        } catch (Throwable defect) {
                            steps.giveUp(one.flight(), defect);
                        }
                    }
                });
    }

    /** The far tier did not answer, so that the value may or may not be there. */
    private void endUnanswered(Pending<K, V> pending) {
        Flight<K, V> flight = pending.flight();
        steps.release(flight);
        engine.keepNear(flight.key, pending.entry(), flight.stamp);
        steps.finish(flight, Answer.loaded(pending.entry()));
    }

    private void end(FarSide<K, V> side, Pending<K, V> pending, FillReply reply, Look look) {
        Flight<K, V> flight = pending.flight();
        Entry<V> entry = pending.entry();
        if (reply instanceof FillReply.Stored stored) {
            engine.counters().fills.increment();
            side.used(flight.requireFarKey());
            entry = acknowledged(entry, stored.version(), side.access().trust(entry.extra.tags(), look));
            engine.keepNear(flight.key, entry, flight.stamp);
        } else {
            engine.counters().refusedFills.increment();
        }
        steps.finish(flight, Answer.loaded(entry));
    }

    private static <V> Entry<V> acknowledged(Entry<V> entry, long version, Trust trust) {
        return new Entry<>(
                entry.value,
                new Entry.Life(
                        entry.freshUntil,
                        entry.goneAt(),
                        new Trust(Math.max(entry.trustedUntil, trust.until()), trust.watch())),
                new Entry.Stamp(version, entry.writeId, entry.seq()),
                entry.extra,
                entry.loadMillis());
    }
}
