package dev.terrace.cache;

import dev.terrace.cache.Validity.Verdict;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** Tells what the tiers know of a key. */
final class Lookups<K, V> {

    private final Engine<K, V> engine;
    private final ReadPath<K, V> reads;

    Lookups(Engine<K, V> engine, ReadPath<K, V> reads) {
        this.engine = engine;
        this.reads = reads;
    }

    CompletableFuture<Lookup<V>> lookup(K key) {
        return reads.peek(key).answer().thenApply(this::described);
    }

    private Lookup<V> described(Answer<V> answer) {
        Entry<V> entry = answer.entry();
        if (entry == null) {
            return Lookup.absent();
        }
        long now = engine.now();
        Verdict verdict = engine.rules().validity().judgeConfirmed(entry, now);
        if (!verdict.mayBeServed()) {
            return Lookup.absent();
        }
        return new Lookup<>(
                verdict == Verdict.FRESH ? Lookup.Status.FRESH : Lookup.Status.STALE,
                engine.copied(entry.value),
                answer.from() == null ? Lookup.Tier.NEAR : answer.from(),
                Duration.ofNanos(entry.age(engine.writtenAt())),
                remaining(entry.freshUntil - now),
                remaining(entry.goneAt() - now),
                entry.extra.tags(),
                engine.rules().validity().isServedCutOff(entry, now));
    }

    private static Duration remaining(long nanos) {
        return Duration.ofNanos(Math.max(nanos, 0));
    }
}
