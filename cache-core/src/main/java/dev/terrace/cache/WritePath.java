package dev.terrace.cache;

import dev.terrace.cache.spi.FarReading;
import dev.terrace.cache.spi.FarRecord;
import dev.terrace.cache.spi.FarStore.FarLease;
import dev.terrace.cache.spi.FarStore.LeaseReply;
import dev.terrace.cache.spi.FarStore.MarkerReading;
import dev.terrace.cache.spi.FarStore.WriteReply;
import dev.terrace.cache.spi.RecordDraft;
import dev.terrace.cache.spi.RecordDraft.Lifetime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Puts and invalidations. Each is a change with two ends: at both, what was read or loaded of its keys before is dropped and
 * made unfit to be stored; in between the far tier is told. What it does not acknowledge waits in the {@link RecoveryQueue}.
 *
 * <p>Nothing here blocks. A future fails with {@link FarWriteException} when the far tier did not acknowledge.
 */
final class WritePath<K, V> {

    private static final int MAX_ATTEMPTS = 8;

    private final Engine<K, V> engine;
    private final @Nullable FarSide<K, V> far;
    private final int maxValueBytes;

    WritePath(Engine<K, V> engine) {
        this.engine = engine;
        this.far = engine.far();
        Settings.FarSettings<K, V> settings = engine.settings().far();
        this.maxValueBytes = settings == null ? 0 : settings.maxValueBytes();
    }

    /** A value to be stored. */
    record Write<V>(V value, EntryOptions options) {}

    CompletableFuture<Void> put(Map<K, Write<V>> writes) {
        engine.tiers().checkOpen();
        if (writes.isEmpty()) {
            return done();
        }
        if (far == null) {
            writes.forEach((key, write) -> putNear(key, entry(write)));
            engine.counters().puts.add(writes.size());
            return done();
        }
        Map<K, FarKey> keys = farKeys(far, writes.keySet());
        if (far.switches().isReadOnly()) {
            return invalidate(far, keys);
        }
        Map<K, Draft<V>> drafts = new LinkedHashMap<>();
        Map<K, FarKey> unstorable = new LinkedHashMap<>();
        UncacheableValueException failure = null;
        for (Map.Entry<K, Write<V>> write : writes.entrySet()) {
            FarKey key = Objects.requireNonNull(keys.get(write.getKey()));
            try {
                drafts.put(write.getKey(), draft(far, key, write.getValue()));
            } catch (UncacheableValueException e) {
                unstorable.put(write.getKey(), key);
                failure = failure == null ? e : failure;
            }
        }
        CompletableFuture<Void> stored = drafts.isEmpty() ? done() : put(far, drafts, replies -> {});
        if (failure == null) {
            return stored;
        }
        // The value that was to be replaced must not be served any longer.
        UncacheableValueException thrown = failure;
        return CompletableFuture.allOf(stored, invalidate(far, unstorable)).handle((none, ignored) -> {
            throw thrown;
        });
    }

    private record Draft<V>(FarKey key, RecordDraft record, Entry<V> entry) {}

    /** @param stored is given the replies, in the order of the drafts, before the change ends */
    private CompletableFuture<Void> put(
            FarSide<K, V> side, Map<K, Draft<V>> drafts, Consumer<List<WriteReply>> stored) {
        engine.counters().puts.add(drafts.size());
        List<Draft<V>> ordered = List.copyOf(drafts.values());
        Set<String> tags = new LinkedHashSet<>();
        ordered.forEach(draft -> tags.addAll(draft.entry().extra.tags()));
        Change change = new Change(drafts.keySet());
        return change.tell(
                side,
                () -> side.access()
                        .ensure(tags)
                        .thenCompose(ready -> side.access()
                                .put(
                                        ordered.stream().map(Draft::key).toList(),
                                        ordered.stream().map(Draft::record).toList()))
                        .thenApply(replies -> {
                            stored.accept(replies.answers());
                            return replies;
                        }),
                ordered.stream().map(Draft::key).toList(),
                (key, index, reply, look) -> {
                    Entry<V> entry = ordered.get(index).entry();
                    long seq = Math.max(Markers.ofFar(reply.seq()), entry.seq());
                    engine.rules().markers().seen(seq);
                    return new Entry<>(
                            entry.value,
                            new Entry.Life(
                                    entry.freshUntil,
                                    entry.goneAt(),
                                    side.access().trust(entry.extra.tags(), look)),
                            new Entry.Stamp(reply.version(), entry.writeId, seq),
                            entry.extra,
                            0);
                });
    }

    /** A put before its source has the value: never fails for the far tier, but knows whether that has it. */
    CompletableFuture<PutStamp> putAhead(K key, Write<V> write) {
        engine.tiers().checkOpen();
        if (far == null) {
            Entry<V> entry = entry(write);
            putNear(key, entry);
            engine.counters().puts.increment();
            return CompletableFuture.completedFuture(new PutStamp(entry.version, entry.writeId));
        }
        FarSide<K, V> side = far;
        FarKey farKey = side.key(key);
        Draft<V> draft;
        try {
            draft = side.switches().isReadOnly() ? null : draft(side, farKey, write);
        } catch (UncacheableValueException e) {
            engine.reports().failures().report(FailureKind.ENCODE, e);
            draft = null;
        }
        if (draft == null) {
            return invalidate(side, Map.of(key, farKey)).handle((none, failure) -> PutStamp.NONE);
        }
        long writeId = draft.entry().writeId;
        AtomicReference<PutStamp> stamp = new AtomicReference<>(PutStamp.NONE);
        return put(side, Map.of(key, draft), replies -> {
                    if (replies.get(0) instanceof WriteReply.Stored stored) {
                        stamp.set(new PutStamp(stored.version(), writeId));
                    }
                })
                .handle((none, failure) -> failure == null ? stamp.get() : PutStamp.NONE);
    }

    /**
     * The source has what was put ahead. To win the lease of a record that is still the put's proves that nobody is loading it;
     * who asks for it from now on reads what the source has now.
     */
    CompletableFuture<Void> settle(Map<K, PutStamp> stamps) {
        engine.tiers().checkOpen();
        if (stamps.isEmpty()) {
            return done();
        }
        Map<K, FarKey> farKeys = far == null ? Map.of() : farKeys(far, stamps.keySet());
        Change change = new Change(stamps.keySet(), true);
        stamps.forEach((key, stamp) -> {
            Entry<V> entry = engine.tiers().near().get(key);
            if (entry != null && !stamp.isOf(entry)) {
                engine.tiers().removeNear(key, entry);
            }
        });
        if (far == null) {
            change.endKeepingNear();
            return done();
        }
        FarSide<K, V> side = far;
        Map<K, FarKey> unsettled = new LinkedHashMap<>();
        Map<K, FarKey> asked = new LinkedHashMap<>();
        farKeys.forEach((key, farKey) ->
                (stamps.get(key) != PutStamp.NONE && side.mayAsk(farKey) ? asked : unsettled).put(key, farKey));
        return stillOf(side, asked, stamps)
                .handle((still, failure) -> {
                    asked.forEach((key, farKey) -> {
                        if (failure != null || !still.contains(key)) {
                            unsettled.put(key, farKey);
                        }
                    });
                    return unsettled.isEmpty() ? done() : invalidate(side, unsettled);
                })
                .thenCompose(Function.identity())
                .whenComplete((none, failure) -> change.endKeepingNear());
    }

    /** The keys whose record is still that of their stamp and which nobody is loading. */
    private CompletableFuture<Set<K>> stillOf(FarSide<K, V> side, Map<K, FarKey> asked, Map<K, PutStamp> stamps) {
        if (asked.isEmpty()) {
            return CompletableFuture.completedFuture(Set.of());
        }
        List<K> keys = List.copyOf(asked.keySet());
        List<FarReading> judged = new ArrayList<>(keys.size());
        keys.forEach(key -> judged.add(reading(Objects.requireNonNull(stamps.get(key)))));
        return side.access().lease(List.copyOf(asked.values()), judged).thenCompose(replies -> {
            Set<K> still = new LinkedHashSet<>();
            List<FarLease> leases = new ArrayList<>();
            for (int i = 0; i < replies.answers().size(); i++) {
                if (replies.answers().get(i) instanceof LeaseReply.Granted granted) {
                    still.add(keys.get(i));
                    leases.add(granted.lease());
                }
            }
            return leases.isEmpty()
                    ? CompletableFuture.completedFuture(still)
                    : side.access().release(leases).thenApply(none -> still);
        });
    }

    private static FarReading reading(PutStamp stamp) {
        return new FarReading.Found(new FarRecord(
                new FarRecord.Stamp(stamp.version(), stamp.writeId(), FarRecord.NO_SOURCE_VERSION, 0),
                new FarRecord.Life(0, 0),
                FarRecord.Attributes.NONE,
                FarRecord.Content.ofNull(null)));
    }

    private void putNear(K key, Entry<V> entry) {
        Change change = new Change(List.of(key), true);
        try {
            if (engine.tiers().near().insertIf(key, entry, present -> true)) {
                engine.counters().inserts.increment();
            }
        } finally {
            change.endKeepingNear();
        }
    }

    CompletableFuture<Boolean> putIfAbsent(K key, Write<V> write) {
        engine.tiers().checkOpen();
        if (far == null) {
            return CompletableFuture.completedFuture(putNearIfAbsent(key, entry(write)));
        }
        FarKey farKey = far.key(key);
        if (far.switches().isReadOnly()) {
            return CompletableFuture.completedFuture(false);
        }
        if (!far.mayAsk(farKey)) {
            return CompletableFuture.failedFuture(unacknowledged(reported(new IllegalStateException(
                    "the far tier is off, or a change of this key waits to be repaired there"))));
        }
        Draft<V> draft = draft(far, farKey, write);
        FarSide<K, V> side = far;
        CompletableFuture<Boolean> stored = side.access()
                .ensure(draft.entry().extra.tags())
                .thenCompose(ready -> side.access()
                        .read(List.of(farKey), engine.surroundings().loadThreads()))
                .thenCompose(found -> putIfAbsent(side, key, draft, found.get(0), 0));
        return stored.exceptionallyCompose(failure -> CompletableFuture.failedFuture(unacknowledged(failure)));
    }

    private CompletableFuture<Boolean> putIfAbsent(
            FarSide<K, V> side, K key, Draft<V> draft, Found<V> found, int attempt) {
        if (found instanceof Found.Present<V> present
                && side.mayBelieve(present.entry().extra.tags())
                && engine.rules()
                        .validity()
                        .judgeConfirmed(present.entry(), engine.now())
                        .mayBeServed()) {
            return CompletableFuture.completedFuture(false);
        }
        FarReading judged = found.judged();
        Change change = new Change(List.of(key));
        CompletableFuture<Asked<WriteReply>> reply = side.access().putIfUnchanged(draft.key(), draft.record(), judged);
        return reply.handle((asked, failure) -> {
                    WriteReply result = asked == null ? null : asked.answers().get(0);
                    boolean failed = failure != null || result instanceof WriteReply.Late;
                    if (failed) {
                        side.recovery().addKeys(List.of(draft.key()));
                    }
                    change.end();
                    if (failed) {
                        return CompletableFuture.<Boolean>failedFuture(failure == null ? late() : failure);
                    }
                    if (result instanceof WriteReply.Changed changed && attempt < MAX_ATTEMPTS) {
                        return side.access()
                                .understand(
                                        draft.key(),
                                        changed.current(),
                                        asked.looks().get(0))
                                .thenCompose(now -> putIfAbsent(side, key, draft, now, attempt + 1));
                    }
                    boolean stored = result instanceof WriteReply.Stored;
                    if (stored) {
                        engine.counters().puts.increment();
                    }
                    return CompletableFuture.completedFuture(stored);
                })
                .thenCompose(Function.identity());
    }

    private boolean putNearIfAbsent(K key, Entry<V> entry) {
        Change change = new Change(List.of(key), true);
        boolean stored;
        try {
            stored = engine.tiers()
                    .near()
                    .insertIf(
                            key,
                            entry,
                            present -> present == null || !engine.judge(present).mayBeServed());
        } finally {
            change.endKeepingNear();
        }
        if (stored) {
            engine.counters().inserts.increment();
            engine.counters().puts.increment();
        }
        return stored;
    }

    CompletableFuture<Void> invalidate(Collection<? extends K> keys) {
        engine.tiers().checkOpen();
        if (keys.isEmpty()) {
            return done();
        }
        if (far == null) {
            engine.counters().invalidations.add(keys.size());
            new Change(keys).end();
            return done();
        }
        return invalidate(far, farKeys(far, keys));
    }

    private CompletableFuture<Void> invalidate(FarSide<K, V> side, Map<K, FarKey> keys) {
        engine.counters().invalidations.add(keys.size());
        List<FarKey> farKeys = List.copyOf(keys.values());
        Change change = new Change(keys.keySet());
        return change.tell(side, () -> side.access().invalidate(farKeys), farKeys, null);
    }

    CompletableFuture<Void> expire(K key) {
        engine.tiers().checkOpen();
        if (far == null) {
            expireNear(key);
            return done();
        }
        FarKey farKey = far.key(key);
        FarSide<K, V> side = far;
        Change change = new Change(List.of(key));
        long writeId = engine.surroundings().writeIds().getAsLong();
        return change.tell(side, () -> side.access().expire(farKey, writeId), List.of(farKey), null);
    }

    private void expireNear(K key) {
        Change change = new Change(List.of(key), true);
        try {
            Entry<V> present = engine.tiers().near().get(key);
            if (present != null) {
                long now = engine.now();
                Entry<V> expired = present.renewed(
                        new Entry.Life(Math.min(now, present.freshUntil), present.goneAt(), present.trustedUntil));
                engine.tiers().near().insertIf(key, expired, current -> current == present);
            }
        } finally {
            change.endKeepingNear();
        }
    }

    CompletableFuture<Void> invalidateTags(Collection<String> tags) {
        engine.tiers().checkOpen();
        engine.counters().invalidations.add(tags.size());
        if (far == null) {
            tags.forEach(engine.rules().markers()::raiseHere);
            return done();
        }
        FarSide<K, V> side = far;
        return raised(side, tags, () -> side.recovery().addTags(tags));
    }

    CompletableFuture<Void> clear() {
        engine.tiers().checkOpen();
        engine.counters().invalidations.increment();
        engine.forgetAll();
        if (far == null) {
            engine.rules().markers().raiseHere(MarkerReading.ALL);
            engine.forgetAll();
            return done();
        }
        FarSide<K, V> side = far;
        return raised(side, List.of(MarkerReading.ALL), side.recovery()::addClear)
                .whenComplete((none, failure) -> engine.forgetAll());
    }

    private CompletableFuture<Void> raised(FarSide<K, V> side, Collection<String> names, Runnable repair) {
        CompletableFuture<Void> raised =
                side.switches().isFarOn() ? side.access().raise(names) : switchedOff();
        return raised.handle((none, failure) -> {
            if (failure != null) {
                // In this order: what is read from now on is not believed, what was read before is older than the
                // marker.
                repair.run();
                names.forEach(engine.rules().markers()::raiseHere);
                throw unacknowledged(failure);
            }
            return null;
        });
    }

    private Entry<V> entry(Write<V> write) {
        return entry(write, engine.rules().lives().of(write.options()));
    }

    private Entry<V> entry(Write<V> write, Lifetime lifetime) {
        long now = engine.now();
        return new Entry<>(
                engine.copied(write.value()),
                new Entry.Life(
                        now + lifetime.fresh().toNanos(), now + lifetime.whole().toNanos(), Long.MAX_VALUE),
                new Entry.Stamp(
                        engine.writtenAt(),
                        engine.surroundings().writeIds().getAsLong(),
                        engine.rules().markers().knownSeq()),
                engine.extra(
                        Entry.Extra.of(
                                write.options().tags(),
                                null,
                                write.options().sourceVersion().orElse(FarRecord.NO_SOURCE_VERSION)),
                        lifetime),
                0);
    }

    private Draft<V> draft(FarSide<K, V> side, FarKey key, Write<V> write) {
        Lifetime lifetime = engine.rules().lives().of(write.options());
        Entry<V> entry = entry(write, lifetime);
        RecordDraft record = new RecordDraft(
                entry.writeId,
                entry.extra.sourceVersion(),
                Markers.toFar(entry.seq()),
                lifetime,
                new FarRecord.Attributes(0, entry.extra.tags(), null),
                side.access().content(key, side.access().encode(write.value(), maxValueBytes)));
        return new Draft<>(key, record, entry);
    }

    private Map<K, FarKey> farKeys(FarSide<K, V> side, Collection<? extends K> keys) {
        Map<K, FarKey> farKeys = new LinkedHashMap<>();
        keys.forEach(key -> farKeys.put(key, side.key(key)));
        return farKeys;
    }

    private CacheException unacknowledged(Throwable failure) {
        Throwable cause = Completions.cause(failure);
        if (cause instanceof CacheClosedException closed) {
            return closed;
        }
        return cause instanceof FarWriteException already
                ? already
                : new FarWriteException(
                        "cache \"" + engine.settings().name() + "\": the far tier did not acknowledge a change", cause);
    }

    private static CompletableFuture<Void> done() {
        return CompletableFuture.completedFuture(null);
    }

    private <T> CompletableFuture<T> switchedOff() {
        return CompletableFuture.failedFuture(reported(new IllegalStateException("the far tier is switched off")));
    }

    /** The far tier answered, so that nobody but us knows that this is a failure. */
    private IllegalStateException late() {
        return reported(new IllegalStateException("a write arrived after its deadline"));
    }

    /** A failure of a write that no far call had: it may be thrown to nobody. */
    private IllegalStateException reported(IllegalStateException failure) {
        engine.reports().failures().report(FailureKind.FAR_WRITE, failure);
        return failure;
    }

    /** Gives the near entry of a change that was stored. */
    @FunctionalInterface
    private interface Kept<K, V> {
        Entry<V> entry(K key, int index, WriteReply.Stored reply, Look look);
    }

    /** The two ends of a change of keys on this node. */
    private final class Change {

        private final List<K> keys;
        private final long[] begun;

        Change(Collection<? extends K> changed) {
            this(changed, false);
        }

        Change(Collection<? extends K> changed, boolean keepNear) {
            keys = List.copyOf(changed);
            begun = new long[keys.size()];
            for (int i = 0; i < begun.length; i++) {
                begun[i] = engine.rules().stripes().beginWrite(keys.get(i));
                if (keepNear) {
                    engine.flights().detach(keys.get(i));
                } else {
                    engine.forget(keys.get(i));
                }
            }
        }

        /** Ends it, dropping what was read meanwhile. */
        void end() {
            ended();
        }

        /** As {@link #end}; returns the stamps under which the values may be stored near. */
        private long[] ended() {
            long[] stamps = new long[begun.length];
            for (int i = 0; i < begun.length; i++) {
                stamps[i] = engine.rules().stripes().endWrite(keys.get(i), begun[i]);
                engine.forget(keys.get(i));
            }
            return stamps;
        }

        /** Ends it where the near tier was changed atomically in between. */
        void endKeepingNear() {
            for (int i = 0; i < begun.length; i++) {
                engine.rules().stripes().endWrite(keys.get(i), begun[i]);
                engine.flights().detach(keys.get(i));
            }
        }

        /**
         * Tells the far tier, then ends the change; what it did not acknowledge waits for repair.
         *
         * @param kept null where nothing stays near
         */
        CompletableFuture<Void> tell(
                FarSide<K, V> side,
                Supplier<CompletableFuture<Asked<WriteReply>>> telling,
                List<FarKey> farKeys,
                @Nullable Kept<K, V> kept) {
            CompletableFuture<Asked<WriteReply>> told = side.switches().isFarOn() ? telling.get() : switchedOff();
            return told.handle((answer, failure) -> {
                List<FarKey> failed = new ArrayList<>();
                Throwable reason = failure;
                for (int i = 0; i < begun.length; i++) {
                    WriteReply reply = answer == null ? null : answer.answers().get(i);
                    if (reply == null || !reply.isAcknowledged()) {
                        failed.add(farKeys.get(i));
                    }
                    if (reason == null && reply instanceof WriteReply.Failed one) {
                        reason = one.cause();
                    }
                }
                if (!failed.isEmpty()) {
                    // Before the change ends here: a read in between would believe the far tier.
                    side.recovery().addKeys(failed);
                }
                long[] stamps = ended();
                for (int i = 0; kept != null && answer != null && i < stamps.length; i++) {
                    if (answer.answers().get(i) instanceof WriteReply.Stored stored && stamps[i] != Stripes.CHANGED) {
                        K key = keys.get(i);
                        engine.keepNear(
                                key, kept.entry(key, i, stored, answer.looks().get(i)), stamps[i]);
                    }
                }
                if (!failed.isEmpty()) {
                    throw unacknowledged(reason == null ? late() : reason);
                }
                return null;
            });
        }
    }
}
